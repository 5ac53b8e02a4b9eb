import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose'
import { unreachable } from './refusals.ts'

/** Only signatures with a public key: with `none` or HS256 anybody could write tokens. */
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'PS256']
/** Of a token that says what it is: an access token, and no logout token or other statement of the same issuer. */
const TYPES = new Set(['jwt', 'at+jwt'])
const TIMEOUT_MS = 5000
/** Between two looks for a key that was not there: tokens with made-up key ids make no flood of requests. */
const COOLDOWN_MS = 5000
const KEYS_KEPT_MS = 600_000
const CLOCK_TOLERANCE_SEC = 5
const KEYS_BYTES_MAX = 256 * 1024

export type OutsideIssuer = {
  readonly issuer: string
  /** What `aud` must contain, or `azp` be. */
  readonly audience: string
  readonly jwksUrl?: string | undefined
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

/** Keys as the issuer publishes them, looked up again when they rotate. Throws 503, never an error of `jose`. */
function remoteKeys(o: OutsideIssuer): JWTVerifyGetKey {
  let address: URL | undefined
  let set: ReturnType<typeof createRemoteJWKSet> | undefined
  return async (header, token) => {
    try {
      address ??= await keysAddress(o)
      set ??= createRemoteJWKSet(address, {
        timeoutDuration: TIMEOUT_MS,
        cooldownDuration: COOLDOWN_MS,
        cacheMaxAge: KEYS_KEPT_MS,
      })
      return await set(header, token)
    } catch (thrown) {
      if (thrown instanceof errors.JWKSNoMatchingKey || thrown instanceof errors.JWKSMultipleMatchingKeys) throw thrown
      throw unreachable()
    }
  }
}

/** From the configuration, else from the discovery document, which must be of this very issuer. */
async function keysAddress({ issuer, jwksUrl }: OutsideIssuer): Promise<URL> {
  if (jwksUrl) return new URL(jwksUrl)
  const answer = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const text = answer.ok ? await answer.text() : ''
  if (text === '' || text.length > KEYS_BYTES_MAX) throw unreachable()
  const said = JSON.parse(text) as { issuer?: unknown; jwks_uri?: unknown }
  if (said.issuer !== issuer || typeof said.jwks_uri !== 'string') throw unreachable()
  return new URL(said.jwks_uri)
}
