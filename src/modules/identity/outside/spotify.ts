import * as client from 'openid-client'
import type { Config } from '#kernel/config/index.ts'
import type { Departure, Found, OutsideTokens, Provider, Return } from './provider.ts'
import { refused, unreachable } from './refusals.ts'

const TIMEOUT_SEC = 10
/** Longest wait that we pass on. */
const RETRY_AFTER_SEC_MAX = 3600

/**
 * What people are asked for, each for something that Tutti does: nothing here plays music, changes a library or follows.
 */
export const SPOTIFY_SCOPES = [
  // Which of several accounts it is, in the list of links. Never used to find an account here: Spotify does not check it.
  'user-read-email',
  // Their country: what may be found and imported depends on it.
  'user-read-private',
  // "Who plays this near me", for people who are live and share.
  'user-read-currently-playing',
  // A first taste for recommendations.
  'user-top-read',
  // Import of playlists, those made with others among them.
  'playlist-read-private',
  'playlist-read-collaborative',
  // Export of playlists.
  'playlist-modify-private',
  'playlist-modify-public',
] as const

/** Spotify's accounts service: OAuth 2 code flow with PKCE and state. Undefined where it is not configured. */
export function spotifyProvider(config: Config): Provider | undefined {
  if (!config.spotifyClientId) return undefined
  const oauth = oauthOf(config, config.spotifyClientId)
  return {
    key: 'spotify',
    name: 'spotify',
    label: 'Spotify',
    path: '/auth/spotify',
    ...(config.spotifyRedirectUri ? { redirectUri: config.spotifyRedirectUri } : {}),
    authUrl: async (o) => departure(oauth, o),
    finish: (o) => arrival(oauth, config.spotifyApiUrl, o),
    renew: (former) => renew(oauth, former),
  }
}

function oauthOf(config: Config, clientId: string): client.Configuration {
  const base = config.spotifyAccountsUrl.replace(/\/$/, '')
  const server = { issuer: base, authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/api/token` }
  const secret = config.spotifyClientSecret
  const oauth = new client.Configuration(
    server,
    clientId,
    {},
    secret === undefined ? client.None() : client.ClientSecretBasic(secret),
  )
  oauth.timeout = TIMEOUT_SEC
  if (base.startsWith('http:')) client.allowInsecureRequests(oauth)
  return oauth
}

const departure = (oauth: client.Configuration, o: Departure): URL =>
  client.buildAuthorizationUrl(oauth, {
    redirect_uri: o.redirectUri,
    scope: SPOTIFY_SCOPES.join(' '),
    state: o.state,
    code_challenge: o.codeChallenge,
    code_challenge_method: 'S256',
  })

async function arrival(oauth: client.Configuration, apiUrl: string, o: Return): Promise<Found> {
  const checks = { pkceCodeVerifier: o.verifier, expectedState: o.state }
  const answer = await client.authorizationCodeGrant(oauth, new URL(`${o.redirectUri}?${o.query}`), checks)
  const tokens = tokensOf(answer)
  const me = await whoIs(apiUrl, tokens.accessToken)
  return {
    issuer: oauth.serverMetadata().issuer,
    subject: me.id,
    email: me.email ?? null,
    emailVerified: false,
    name: me.display_name ?? null,
    nickname: null,
    tokens,
  }
}

/** Spotify sends a new refresh token only sometimes; the former one goes on working where it does not. */
const tokensOf = (answer: client.TokenEndpointResponse, former?: OutsideTokens): OutsideTokens => ({
  accessToken: answer.access_token,
  refreshToken: answer.refresh_token ?? former?.refreshToken,
  expiresAt: new Date(Date.now() + (answer.expires_in ?? 0) * 1000).toISOString(),
  scopes: answer.scope?.split(' ') ?? former?.scopes ?? SPOTIFY_SCOPES,
})

async function renew(oauth: client.Configuration, former: OutsideTokens): Promise<OutsideTokens | undefined> {
  if (former.refreshToken === undefined) return undefined
  try {
    return tokensOf(await client.refreshTokenGrant(oauth, former.refreshToken), former)
  } catch (thrown) {
    if (thrown instanceof client.ResponseBodyError && thrown.error === 'invalid_grant') return undefined
    throw thrown
  }
}

type Me = { id: string; email?: string; display_name?: string | null }

/** `/v1/me`. Throws 503 when Spotify is busy or away, 401 when it does not let this person in. */
async function whoIs(apiUrl: string, accessToken: string): Promise<Me> {
  const answer = await fetch(`${apiUrl.replace(/\/$/, '')}/v1/me`, {
    headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_SEC * 1000),
  })
  if (answer.status === 429 || answer.status >= 500) throw unreachable(waitOf(answer))
  // An app in development mode is open only to the people its owner has listed: 403.
  if (!answer.ok) throw refused()
  const me = (await answer.json()) as Partial<Me>
  if (typeof me.id !== 'string' || me.id === '') throw refused()
  return me as Me
}

function waitOf(answer: Response): number | undefined {
  const sec = Number(answer.headers.get('retry-after'))
  return Number.isInteger(sec) && sec > 0 ? Math.min(sec, RETRY_AFTER_SEC_MAX) : undefined
}
