/** What a person may be; each role may do all that the one before it may. */
export const ROLES = ['user', 'artist', 'admin'] as const
export type Role = (typeof ROLES)[number]

/**
 * What an API key may do: `read` what its owner may see, `write` what its owner may change, `admin` what needs that role.
 * Without `admin` the key of an admin acts as an artist.
 */
export const SCOPES = ['read', 'write', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** Who asks. Made by the kernel from a verified credential, never from a payload. */
export type Caller = {
  /** `system` is the program itself: an event handler, a job, start-up work. */
  readonly kind: 'nobody' | 'user' | 'system'
  readonly userId?: string
  readonly role?: Role
  /** Set when a session of ours was proven: by access token or cookie. */
  readonly sessionId?: string
  /** Set when an API key was given; `scopes` then bounds what it may do. */
  readonly keyId?: string
  readonly scopes?: readonly Scope[]
  /** Address of the client as seen behind trusted proxies. */
  readonly address?: string
  readonly userAgent?: string
  readonly requestId: string
}
export type SignedIn = Caller & { readonly kind: 'user'; readonly userId: string; readonly role: Role }

export const nobody = (requestId: string): Caller => ({ kind: 'nobody', requestId })
export const system = (requestId: string): Caller => ({ kind: 'system', requestId })

export const isSignedIn = (who: Caller): who is SignedIn => who.kind === 'user'
export const isAdmin = (who: Caller): boolean => who.kind === 'system' || who.role === 'admin'
export const hasRole = (who: Caller, least: Role): boolean =>
  who.kind === 'system' || (who.role !== undefined && ROLES.indexOf(who.role) >= ROLES.indexOf(least))
