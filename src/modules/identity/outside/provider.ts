/** What a provider gave us to act in the name of a person there. */
export type OutsideTokens = {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly expiresAt: string
  readonly scopes: readonly string[]
}
/** Who came back from a provider. `emailVerified` only where the provider itself has checked the address. */
export type Found = {
  readonly issuer: string
  readonly subject: string
  readonly email: string | null
  readonly emailVerified: boolean
  /** What people call them. */
  readonly name: string | null
  /** A name by which they sign in there, if it may be shown to others. */
  readonly nickname: string | null
  readonly tokens?: OutsideTokens
}

export type Departure = { redirectUri: string; state: string; nonce: string; codeChallenge: string }
/** `query`: what stands behind the `?` of the address that the provider sent the browser to, unread. */
export type Return = { redirectUri: string; query: string; state: string; nonce: string; verifier: string }

/** Another service that says who somebody is. */
export type Provider = {
  /** As stored, and as the `method` of sessions: `spotify`, `oidc:google`. */
  readonly key: string
  /** In paths and for people: `spotify`, `google`. */
  readonly name: string
  readonly label: string
  /** Path under the base; `/login` and `/callback` are below it. */
  readonly path: string
  /** When it wants another address than the usual one to return to. */
  readonly redirectUri?: string
  /** Where to send the browser. */
  authUrl(o: Departure): Promise<URL>
  /** Checks what came back, and asks who it is. Throws an AppError whose code the front end is told. */
  finish(o: Return): Promise<Found>
  /** New tokens for those that ran out; undefined when the provider does not honour them any more. */
  renew?(former: OutsideTokens): Promise<OutsideTokens | undefined>
}
