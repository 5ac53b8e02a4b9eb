import { contract, internal, op, raw } from '#kernel/contract.ts'
import { Empty, Id, Nullable, Page, Strict, Text, Time, Type } from '#kernel/schema.ts'
import { Session } from '#modules/identity/things.ts'

/** Cookie that ties a sign-in to the browser that began it; with TLS `__Host-` stands before it. */
export const FLOW_COOKIE = 'tutti-flow'

const RETURN_TO_LENGTH_MAX = 512
/** Printable, no backslash, one slash at its beginning: see `returnPath` for what a pattern cannot say. */
const ReturnTo = Type.String({
  minLength: 1,
  maxLength: RETURN_TO_LENGTH_MAX,
  pattern: '^/(?!/)[\\x21-\\x5b\\x5d-\\x7e]*$',
  description: 'A path of the front end, where it goes on afterwards',
})
const ProviderName = Text(80, { description: '`spotify`, or the name of an OpenID Connect provider' })

const asked = {
  returnTo: Type.Optional(ReturnTo),
  codeChallenge: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_-]{43}$',
      description: 'For apps: S256 of a verifier that the exchange must then give',
    }),
  ),
}
/** What providers send back. Read from the address as it came; here for the documentation and as bounds. */
const answered = {
  state: Type.Optional(Text(512)),
  code: Type.Optional(Text(4096)),
  error: Type.Optional(Text(200)),
  iss: Type.Optional(Text(2048)),
}
const page = ['text/html', 'application/json']

const SignInProvider = Type.Object(
  {
    provider: Type.String(),
    label: Type.String(),
    loginUrl: Type.String({ description: 'Open it as a page: a link, not a request of a script' }),
  },
  { $id: 'SignInProvider' },
)
export const Link = Type.Object(
  {
    id: Id,
    provider: Type.String({ description: 'Its name; `bearer` for tokens of the outside issuer' }),
    label: Type.String(),
    name: Nullable(Type.String()),
    email: Nullable(Type.String({ description: 'As the provider has it' })),
    needsConsent: Type.Boolean({ description: 'The provider has taken its consent back: link it again' }),
    linkedAt: Time,
    usedAt: Time,
  },
  { $id: 'Link' },
)

/**
 * Sign-in with others. A browser is sent to the provider and comes back to the front end's page `/signed-in` with
 * `?code=…` (trade it at once for a session), `?linked=…`, `?linkCode=…` or `?error=…`, and `returnTo`: never a token.
 */
export const links = contract('links', 'Sign in with others', {
  signInProviders: op({
    method: 'GET',
    path: '/auth/providers',
    auth: 'anyone',
    tolerant: true,
    summary: 'Others with whom one may sign in here',
    input: Empty,
    output: Page(SignInProvider),
  }),
  oidcLogin: raw({
    method: 'GET',
    path: '/auth/oidc/:provider/login',
    auth: 'anyone',
    tolerant: true,
    rate: 'auth',
    summary: 'Go to an OpenID Connect provider: 302, or `{authUrl}` for `Accept: application/json`',
    input: Strict({ provider: ProviderName, ...asked }),
    produces: page,
  }),
  oidcCallback: raw({
    method: 'GET',
    path: '/auth/oidc/:provider/callback',
    auth: 'anyone',
    tolerant: true,
    rate: 'auth',
    summary: 'Where the provider sends the browser back; 302 to the front end',
    input: Strict({ provider: ProviderName, ...answered }),
    produces: page,
  }),
  spotifyLogin: raw({
    method: 'GET',
    path: '/auth/spotify/login',
    aliases: ['GET /auth/spotify'],
    auth: 'anyone',
    tolerant: true,
    rate: 'auth',
    summary: 'Go to Spotify: 302, or `{authUrl}` for `Accept: application/json`',
    input: Strict(asked),
    produces: page,
  }),
  spotifyCallback: raw({
    method: 'GET',
    path: '/auth/spotify/callback',
    auth: 'anyone',
    tolerant: true,
    rate: 'auth',
    summary: 'Where Spotify sends the browser back; 302 to the front end',
    input: Strict(answered),
    produces: page,
  }),
  exchange: op({
    method: 'POST',
    path: '/auth/exchange',
    auth: 'anyone',
    tolerant: true,
    rate: 'auth',
    status: 200,
    idempotent: false,
    summary: 'Trade the one-time code of a sign-in with others for a session; it works once, for a minute',
    description:
      'In cookie mode only the browser that began the sign-in may do it. Apps that gave a codeChallenge must give its verifier.',
    input: Strict({
      code: Text(200),
      codeVerifier: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._~-]{43,128}$' })),
      binding: Type.Optional(Text(200, { description: 'From the cookie alone' })),
      mode: Type.Optional(Text(20, { description: 'From the header X-Tutti-Session alone' })),
    }),
    requestFields: { binding: { cookie: FLOW_COOKIE }, mode: { header: 'x-tutti-session' } },
    inputAliases: { code_verifier: 'codeVerifier' },
    output: Session,
  }),
  links: op({
    method: 'GET',
    path: '/auth/links',
    auth: 'user',
    credential: 'session',
    summary: 'Who you are elsewhere: the accounts with which you may sign in here',
    input: Empty,
    output: Page(Link),
  }),
  beginLink: op({
    method: 'POST',
    path: '/auth/links/:provider',
    auth: 'user',
    credential: 'session',
    rate: 'auth',
    status: 200,
    idempotent: false,
    summary: 'Begin to link an account of a provider with yours: open `authUrl` as a page',
    input: Strict({
      provider: ProviderName,
      returnTo: asked.returnTo,
      origin: Type.Optional(Text(300, { description: 'From the header Origin alone' })),
    }),
    requestFields: { origin: { header: 'origin' } },
    output: Type.Object({ authUrl: Type.String() }),
  }),
  completeLink: op({
    method: 'POST',
    path: '/auth/links',
    auth: 'user',
    credential: 'session',
    rate: 'auth',
    status: 200,
    idempotent: false,
    summary: 'Complete a link with the `linkCode` that came back where the browser was not signed in, as with apps',
    input: Strict({ linkCode: Text(200) }),
    output: Link,
  }),
  unlink: op({
    method: 'DELETE',
    path: '/auth/links/:id',
    auth: 'user',
    credential: 'session',
    status: 204,
    summary: 'Take a link away; refused for the last way to sign in',
    input: Strict({ id: Id }),
    output: Empty,
  }),
  outsideToken: internal({
    summary: 'A living access token of a user at a provider, renewed where needed; null without a link or consent',
    input: Strict({ userId: Id, provider: ProviderName }),
    output: Nullable(Type.Object({ accessToken: Type.String(), expiresAt: Time, scopes: Type.Array(Type.String()) })),
  }),
})
