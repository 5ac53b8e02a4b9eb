import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** An app of Spotify's dashboard. */
type App = {
  readonly app: { readonly clientId: string; readonly clientSecret: string }
  readonly redirects: ReadonlySet<string>
}

const KNOWN_SCOPES = new Set(
  (
    'user-read-email user-read-private user-read-currently-playing user-read-playback-state user-read-recently-played user-top-read ' +
    'user-library-read playlist-read-private playlist-read-collaborative playlist-modify-private playlist-modify-public'
  ).split(' '),
)

/** The rule of 2025: https, or a loopback address written as numbers. `localhost` is refused. */
export function isAllowedRedirect(uri: string): boolean {
  const { protocol, hostname } = new URL(uri)
  return protocol === 'https:' || (protocol === 'http:' && (/^127(\.\d+){3}$/.test(hostname) || hostname === '[::1]'))
}

/** What the accounts service shows instead of the consent: it sends nobody back to an address that it does not know. */
export function faultOfRequest({ app, redirects }: App, q: URLSearchParams): string | undefined {
  if (q.get('client_id') !== app.clientId) return 'INVALID_CLIENT: Invalid client'
  const redirect = q.get('redirect_uri') ?? ''
  if (!URL.canParse(redirect) || !isAllowedRedirect(redirect)) return 'INVALID_CLIENT: Insecure redirect URI'
  if (!redirects.has(redirect)) return 'INVALID_CLIENT: Invalid redirect URI'
  if (q.get('response_type') !== 'code') return 'response_type must be code'
  const illegal = (q.get('scope') ?? '').split(' ').filter((s) => s !== '' && !KNOWN_SCOPES.has(s))
  if (illegal.length > 0) return 'Illegal scope'
  const challenge = q.get('code_challenge')
  if (challenge === null) return undefined
  if (q.get('code_challenge_method') !== 'S256') return 'code_challenge_method must be S256'
  return /^[\w-]{43}$/.test(challenge) ? undefined : 'code_challenge is not valid'
}

/** Basic with the secret, or the id alone in the form (an app that can keep no secret). */
export function clientFault(
  request: IncomingMessage,
  form: URLSearchParams,
  o: { clientId: string; clientSecret: string },
): string | undefined {
  const [scheme, text = ''] = (request.headers.authorization ?? '').split(' ')
  if (scheme !== 'Basic') return form.get('client_id') === o.clientId ? undefined : 'Invalid client'
  const [id = '', secret = ''] = Buffer.from(text, 'base64').toString().split(':').map(decodeURIComponent)
  if (id !== o.clientId) return 'Invalid client'
  return secret === o.clientSecret ? undefined : 'Invalid client secret'
}

/** S256; without a challenge there is no verifier. */
export const isVerifierRight = (verifier: string | null, challenge: string): boolean =>
  challenge === ''
    ? verifier === null
    : verifier !== null && createHash('sha256').update(verifier).digest('base64url') === challenge
