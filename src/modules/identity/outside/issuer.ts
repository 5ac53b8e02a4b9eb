import {
  createRemoteJWKSet,
  decodeJwt,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type RemoteJWKSet,
} from 'jose'
import { unreachable } from './refusals.ts'

/** Only signatures with a public key: with `none` or HS256 anybody could write tokens. */
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'PS256']
/** Of a token that says what it is: an access token, and no logout token or other statement of the same issuer. */
const TYPES = new Set(['jwt', 'at+jwt'])
const TIMEOUT_MS = 5000
/** Tokens with made-up key ids make no flood of requests. */
const COOLDOWN_MS = 5000
const KEYS_KEPT_MS = 600_000
const CLOCK_TOLERANCE_SEC = 5
/** An issuer that did not answer is not asked again at once. */
const FAILURE_KEPT_MS = 2000
const DOCUMENT_LENGTH_MAX = 256 * 1024

export type OutsideIssuer = {
  readonly issuer: string
  /** What `aud` must contain, or `azp` be. */
  readonly audience: string
  readonly jwksUrl?: string | undefined
  /** Between two looks for a key that was not there. */
  readonly cooldownMs?: number
}
export type OutsideClaims = JWTPayload & { sub: string; exp: number }

/**
 * Checks tokens of an outside issuer. Answers undefined for what is not a good token of it; throws 503 when the
 * issuer's keys cannot be had, so that nobody is signed out because somebody else is down.
 */
export function createTokenCheck(o: OutsideIssuer): (token: string) => Promise<OutsideClaims | undefined> {
  const keys = remoteKeys(o)
  return async (token) => {
    if (issuerNamedBy(token) !== o.issuer) return undefined
    const claims = await verified(token, o, keys)
    return claims && isFor(claims, o.audience) ? claims : undefined
  }
}

/** Unverified: only to leave tokens alone that are not of this issuer, without asking anybody. */
function issuerNamedBy(token: string): unknown {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

async function verified(token: string, o: OutsideIssuer, keys: JWTVerifyGetKey): Promise<OutsideClaims | undefined> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: o.issuer,
      algorithms: ALGORITHMS,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: CLOCK_TOLERANCE_SEC,
    })
    const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, '')
    return (type === undefined || TYPES.has(type)) && payload.sub ? (payload as OutsideClaims) : undefined
  } catch (thrown) {
    if (thrown instanceof errors.JOSEError) return undefined
    throw thrown
  }
}

/** Clerk names the web app that a token was made for in `azp` and sends no `aud`. */
const isFor = (claims: JWTPayload, audience: string): boolean =>
  [claims.aud ?? []].flat().includes(audience) || claims['azp'] === audience

/** Keys as the issuer publishes them, looked up again when they rotate. Throws 503, never an error of a fetch. */
function remoteKeys(o: OutsideIssuer): JWTVerifyGetKey {
  let looking: Promise<RemoteJWKSet> | undefined
  let keys: RemoteJWKSet | undefined
  let failedAtMs = Number.NEGATIVE_INFINITY
  const look = async () => {
    looking ??= keysAddress(o).then((url) => createRemoteJWKSet(url, optionsFor(o)))
    keys = await looking
    return keys
  }
  return async (header, token) => {
    if (!keys?.fresh && Date.now() - failedAtMs < FAILURE_KEPT_MS) throw unreachable()
    try {
      return await (await look())(header, token)
    } catch (thrown) {
      if (thrown instanceof errors.JWKSNoMatchingKey || thrown instanceof errors.JWKSMultipleMatchingKeys) throw thrown
      failedAtMs = Date.now()
      if (!keys) looking = undefined
      throw unreachable()
    }
  }
}

const optionsFor = ({ cooldownMs = COOLDOWN_MS }: OutsideIssuer) => ({
  timeoutDuration: TIMEOUT_MS,
  cooldownDuration: cooldownMs,
  cacheMaxAge: KEYS_KEPT_MS,
})

/** From the configuration, else from the discovery document, which must be of this very issuer. */
async function keysAddress({ issuer, jwksUrl }: OutsideIssuer): Promise<URL> {
  if (jwksUrl) return new URL(jwksUrl)
  const answer = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const text = answer.ok ? await answer.text() : ''
  if (text === '' || text.length > DOCUMENT_LENGTH_MAX) throw unreachable()
  const said = JSON.parse(text) as { issuer?: unknown; jwks_uri?: unknown }
  if (said.issuer !== issuer || typeof said.jwks_uri !== 'string') throw unreachable()
  return new URL(said.jwks_uri)
}
