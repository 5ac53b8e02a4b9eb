import { errors, type JWK, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { Pool } from 'pg'
import { StartError } from '#kernel/db/embedded/errors.ts'
import { type AppError, unauthorized, unavailable } from '#kernel/errors.ts'
import type { Vault } from '#kernel/vault.ts'
import { createRing, type Ring } from './keys-ring.ts'
import { ALGORITHM, type Key, makeFirstKey, readKeys, resealKeys, rotateKeys } from './keys-store.ts'

const ISSUER = 'tutti'
/** Longer than what others may keep of the published set, and than processes go without reading the keys. */
const LEAD_SEC = 600
/** Clocks of processes differ by less. */
const CLOCKS_DIFFER_SEC_MAX = 60

/**
 * Tokens signed by this installation. The keys live in the database, so that every process verifies what any of them
 * signed; with an open vault the private halves are sealed.
 */
export type Keys = {
  /** `audience` says what the token is for: a token for one use is refused for every other. */
  sign(payload: JWTPayload, o: { audience: string; lifeSec: number }): Promise<string>
  /** Throws 401 `token_expired` or `token_invalid`, 503 `check_unavailable` when the keys cannot be read. */
  verify(token: string, audience: string, o?: { expiredBySecMax?: number }): Promise<JWTPayload>
  /** The same, with what is needed to rely on it later without verifying again: until `expMs`, while `has(kid)`. */
  prove(token: string, audience: string): Promise<Proof>
  /** Whether tokens of this key are good. */
  has(kid: string): boolean
  /** Public halves, as a JSON Web Key Set. */
  jwks(): Promise<{ keys: JWK[] }>
  /** Make the next key when it is time, and remove those whose last token has expired. */
  rotate(): Promise<void>
}
export type Proof = { readonly payload: JWTPayload; readonly kid: string; readonly expMs: number }

type Deps = {
  pool: Pool
  vault: Vault
  /** A key signs for so long. */
  keyLifeSec: number
  /** No token may live longer: so long a former key is kept. */
  tokenLifeSecMax: number
}

/**
 * The keys of this database, made when there are none, and sealed now if they were stored before there was a key of the
 * vault, or with a former one. Throws a {@link StartError} when they cannot be opened.
 */
export async function openKeys(d: Deps): Promise<Keys> {
  await resealKeys(d.pool, d.vault)
  const ring = createRing(() => readKeys(d.pool, d.vault))
  await signingKey(ring, d)
  return createKeys(ring, d)
}

function createKeys(ring: Ring, d: Deps): Keys {
  async function keyOf(kid: string | undefined): Promise<Key> {
    void ring.freshen()
    if (kid && !ring.get(kid)) await ring.search().catch(cannotRead)
    const key = kid ? ring.get(kid) : undefined
    if (!key) throw unauthorized('token_invalid', 'This token was not made by this installation.')
    return key
  }
  async function check(token: string, audience: string, clockTolerance: number): Promise<Proof> {
    const { payload, protectedHeader } = await jwtVerify(token, async ({ kid }) => (await keyOf(kid)).publicKey, {
      issuer: ISSUER,
      audience,
      algorithms: [ALGORITHM],
      clockTolerance,
      requiredClaims: ['exp'],
    }).catch((thrown: unknown): never => {
      throw thrown instanceof errors.JOSEError ? refusalOf(thrown) : thrown
    })
    return { payload, kid: String(protectedHeader.kid), expMs: Number(payload.exp) * 1000 }
  }
  return {
    async sign(payload, o) {
      if (o.lifeSec > d.tokenLifeSecMax) throw new RangeError(`A token lives ${d.tokenLifeSecMax} s at most.`)
      const key = await signingKey(ring, d)
      const jwt = new SignJWT(payload).setProtectedHeader({ alg: ALGORITHM, kid: key.kid }).setIssuer(ISSUER)
      return jwt.setAudience(o.audience).setIssuedAt().setExpirationTime(`${o.lifeSec}s`).sign(key.privateKey)
    },
    verify: async (token, audience, o = {}) => (await check(token, audience, o.expiredBySecMax ?? 0)).payload,
    prove: (token, audience) => check(token, audience, 0),
    has(kid) {
      void ring.freshen()
      return ring.get(kid) !== undefined
    },
    async jwks() {
      await ring.freshen()
      return { keys: ring.all().map((k) => k.publicJwk) }
    },
    async rotate() {
      const keptSec = d.tokenLifeSecMax + CLOCKS_DIFFER_SEC_MAX
      await rotateKeys(d.pool, d.vault, { keyLifeSec: d.keyLifeSec, leadSec: LEAD_SEC, keptSec })
      await ring.read()
    },
  }
}

/** The key of now; made when there is none. Throws a {@link StartError} when it cannot be opened. */
async function signingKey(ring: Ring, { pool, vault }: Deps): Promise<Key & { privateKey: CryptoKey }> {
  await ring.freshen()
  if (!ring.signing()) {
    await makeFirstKey(pool, vault)
    await ring.read()
  }
  const key = ring.signing()
  if (!key?.privateKey)
    throw new StartError(
      'encrypt_key_wrong',
      vault.isOpen
        ? 'The signing keys cannot be opened: ENCRYPT_KEY is not the one they were sealed with. Set the former one, or name it in ENCRYPT_KEY_PREVIOUS.'
        : 'The signing keys are sealed: set the ENCRYPT_KEY with which they were.',
    )
  return key as Key & { privateKey: CryptoKey }
}

const refusalOf = (thrown: Error): AppError =>
  thrown instanceof errors.JWTExpired
    ? unauthorized('token_expired', 'The access token has expired: trade the refresh token for a new one.')
    : unauthorized('token_invalid', 'The access token is not valid: sign in again.')

function cannotRead(cause: unknown): never {
  const error = unavailable('check_unavailable', 'Tokens cannot be checked right now: try again in a moment.', 5)
  error.cause = cause
  throw error
}
