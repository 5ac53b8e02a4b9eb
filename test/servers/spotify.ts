import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { clientFault, faultOfRequest, isAllowedRedirect, isVerifierRight } from './spotify-rules.ts'
import { consentPage, formOf, listen, sendJson, sendPage, type TestServer } from './http.ts'

/** What Spotify knows of a person. It does not check e-mail addresses. */
export type SpotifyPerson = { id: string; email: string; display_name: string | null; country: string }
type Code = { person: SpotifyPerson; redirectUri: string; challenge: string; scope: string; expiresAt: number }
type Grant = { person: SpotifyPerson; scope: string }

export type SpotifyServer = {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  readonly people: Map<string, SpotifyPerson>
  /** Redirect addresses of the app, as its owner has entered them; those that Spotify refuses are refused here, too. */
  allow(redirectUri: string): void
  /** Every access token given out so far runs out. */
  expireTokens(): void
  /** The person takes their consent back in the settings of their account. */
  revoke(personId: string): void
  /** The next `times` calls of the Web API answer 429. */
  limit(times: number, retryAfterSec: number): void
  /** Whether a renewal brings a new refresh token, after which the former is worth nothing. */
  rotates: boolean
  /** How many renewals were asked for. */
  readonly renewals: number
  stop(): Promise<void>
}

const TOKEN_LIFE_SEC = 3600
const CODE_LIFE_MS = 600_000
const secret = () => randomBytes(24).toString('base64url')

type State = {
  readonly app: { readonly clientId: string; readonly clientSecret: string }
  readonly people: Map<string, SpotifyPerson>
  readonly redirects: Set<string>
  readonly codes: Map<string, Code>
  readonly access: Map<string, Grant & { expiresAt: number }>
  readonly refresh: Map<string, Grant>
  rotates: boolean
  renewals: number
  limited: { times: number; retryAfterSec: number }
}

/** The accounts service and the Web API of Spotify, as far as sign-in goes, with their rules and their shapes of errors. */
export async function startSpotifyServer(): Promise<SpotifyServer> {
  const server = await listen()
  const state: State = {
    app: { clientId: randomBytes(16).toString('hex'), clientSecret: randomBytes(16).toString('hex') },
    people: new Map(),
    redirects: new Set(),
    codes: new Map(),
    access: new Map(),
    refresh: new Map(),
    rotates: false,
    renewals: 0,
    limited: { times: 0, retryAfterSec: 0 },
  }
  server.handle((request, response) => {
    const url = new URL(request.url ?? '/', server.url)
    const route = `${request.method} ${url.pathname}`
    if (route === 'GET /authorize') askConsent(state, url, response)
    else if (route === 'POST /authorize') void consented(state, url, { request, response })
    else if (route === 'POST /api/token') void token(state, { request, response })
    else if (route === 'GET /v1/me') me(state, { request, response })
    else sendJson(response, 404, { error: { status: 404, message: 'Service not found' } })
  })
  return controlsOf(state, server)
}

const controlsOf = (s: State, server: TestServer): SpotifyServer => ({
  url: server.url,
  ...s.app,
  people: s.people,
  get renewals() {
    return s.renewals
  },
  get rotates() {
    return s.rotates
  },
  set rotates(rotates) {
    s.rotates = rotates
  },
  allow(uri) {
    if (!isAllowedRedirect(uri)) throw new Error(`${uri}: This redirect URI is not secure`)
    s.redirects.add(uri)
  },
  expireTokens() {
    for (const kept of s.access.values()) kept.expiresAt = 0
  },
  revoke(personId) {
    for (const tokens of [s.access, s.refresh])
      for (const [key, t] of tokens) if (t.person.id === personId) tokens.delete(key)
  },
  limit(times, retryAfterSec) {
    s.limited = { times, retryAfterSec }
  },
  stop: () => server.stop(),
})

type Http = { request: IncomingMessage; response: ServerResponse }

function askConsent(s: State, url: URL, response: ServerResponse): void {
  const fault = faultOfRequest(s, url.searchParams)
  if (fault === undefined) sendPage(response, 200, consentPage('Spotify', `/authorize${url.search}`))
  else sendPage(response, 400, fault)
}

async function consented(s: State, url: URL, { request, response }: Http): Promise<void> {
  const q = url.searchParams
  const form = await formOf(request)
  const fault = faultOfRequest(s, q)
  if (fault !== undefined) return sendPage(response, 400, fault)
  const redirectUri = q.get('redirect_uri') ?? ''
  const back = new URL(redirectUri)
  const person = s.people.get(form.get('login') ?? '')
  if (!person || form.get('choice') === 'cancel') back.searchParams.set('error', 'access_denied')
  else {
    const code = secret()
    const asked = { challenge: q.get('code_challenge') ?? '', scope: q.get('scope') ?? '' }
    s.codes.set(code, { person, redirectUri, ...asked, expiresAt: Date.now() + CODE_LIFE_MS })
    back.searchParams.set('code', code)
  }
  const state = q.get('state')
  if (state !== null) back.searchParams.set('state', state)
  response.writeHead(302, { location: back.href }).end()
}

type Refusal = { error: string; error_description: string }
const invalidGrant = (error_description: string): Refusal => ({ error: 'invalid_grant', error_description })

async function token(s: State, { request, response }: Http): Promise<void> {
  const form = await formOf(request)
  const client = clientFault(request, form, s.app)
  const hasSecret = request.headers.authorization !== undefined
  const grantType = form.get('grant_type')
  const answer =
    client !== undefined
      ? { error: 'invalid_client', error_description: client }
      : grantType === 'refresh_token'
        ? renewed(s, form, hasSecret)
        : grantType === 'authorization_code'
          ? redeemed(s, form)
          : { error: 'unsupported_grant_type', error_description: 'grant_type parameter is missing' }
  sendJson(response, 'error' in answer ? 400 : 200, answer)
}

function renewed(s: State, form: URLSearchParams, hasSecret: boolean) {
  s.renewals += 1
  const former = form.get('refresh_token') ?? ''
  const grant = s.refresh.get(former)
  if (!grant) return invalidGrant('Refresh token revoked')
  // An app without a secret gets a new one each time.
  if (hasSecret && !s.rotates) return accessFor(s, grant)
  s.refresh.delete(former)
  return { ...accessFor(s, grant), refresh_token: refreshFor(s, grant) }
}

function redeemed(s: State, form: URLSearchParams) {
  const key = form.get('code') ?? ''
  const code = s.codes.get(key)
  s.codes.delete(key)
  if (!code) return invalidGrant('Invalid authorization code')
  if (code.expiresAt < Date.now()) return invalidGrant('Authorization code expired')
  if (form.get('redirect_uri') !== code.redirectUri) return invalidGrant('Invalid redirect URI')
  if (!isVerifierRight(form.get('code_verifier'), code.challenge)) return invalidGrant('code_verifier was incorrect')
  const grant = { person: code.person, scope: code.scope }
  return { ...accessFor(s, grant), refresh_token: refreshFor(s, grant) }
}

function accessFor(s: State, grant: Grant) {
  const access_token = secret()
  s.access.set(access_token, { ...grant, expiresAt: Date.now() + TOKEN_LIFE_SEC * 1000 })
  return { access_token, token_type: 'Bearer', expires_in: TOKEN_LIFE_SEC, scope: grant.scope }
}
function refreshFor(s: State, grant: Grant): string {
  const made = secret()
  s.refresh.set(made, grant)
  return made
}

function me(s: State, { request, response }: Http): void {
  const fault = (status: number, message: string, headers = {}) =>
    sendJson(response, status, { error: { status, message } }, headers)
  if (s.limited.times > 0) {
    s.limited.times -= 1
    return fault(429, 'API rate limit exceeded', { 'retry-after': String(s.limited.retryAfterSec) })
  }
  const [scheme, bearer = ''] = (request.headers.authorization ?? '').split(' ')
  const found = s.access.get(bearer)
  if (scheme !== 'Bearer') fault(401, 'No token provided')
  else if (!found) fault(401, 'Invalid access token')
  else if (found.expiresAt < Date.now()) fault(401, 'The access token expired')
  else sendJson(response, 200, profileOf(found))
}

function profileOf({ person, scope }: Grant) {
  const has = (s: string) => scope.split(' ').includes(s)
  return {
    id: person.id,
    uri: `spotify:user:${person.id}`,
    type: 'user',
    display_name: person.display_name,
    images: [],
    followers: { href: null, total: 0 },
    ...(has('user-read-email') ? { email: person.email } : {}),
    ...(has('user-read-private') ? { country: person.country, product: 'premium' } : {}),
  }
}
