import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose'
import type { Pool } from 'pg'
import { StartError } from '#kernel/db/embedded/errors.ts'
import { unauthorized } from '#kernel/errors.ts'
import { newId } from '#kernel/ids.ts'
import { isSealed, resealRows, type Vault } from '#kernel/vault.ts'

const ALGORITHM = 'EdDSA'
const ISSUER = 'tutti'
/** A process that meets an unknown key id looks again at most this often. */
const RELOAD_MS_MIN = 2000

/**
 * Tokens signed by this installation. The keys live in the database, so that every process verifies what any of them
 * signed; with an open vault the private halves are sealed.
 */
export type Keys = {
  /** `audience` says what the token is for: a token for one use is refused for every other. */
  sign(payload: JWTPayload, o: { audience: string; lifeSec: number }): Promise<string>
  /** Throws 401 `token_expired` or `token_invalid`. */
  verify(token: string, audience: string, o?: { expiredBySecMax?: number }): Promise<JWTPayload>
  /** Public halves, as a JSON Web Key Set. */
  jwks(): Promise<{ keys: JWK[] }>
}
type Row = { kid: string; public_jwk: JWK; private_jwk: string; retired_at: Date | null }
type Key = { kid: string; publicJwk: JWK; publicKey: CryptoKey; privateKey: CryptoKey | undefined }

/**
 * The keys of this database, made when there are none, and sealed now if they were stored before there was a key of the
 * vault, or with a former one. Throws a {@link StartError} when they cannot be opened.
 */
export async function openKeys(pool: Pool, vault: Vault): Promise<Keys> {
  await resealKeys(pool, vault)
  const keys = createKeys(pool, vault)
  await keys.sign({}, { audience: 'start', lifeSec: 1 })
  return keys
}

function createKeys(pool: Pool, vault: Vault): Keys {
  let keys = new Map<string, Key>()
  let active: Key | undefined
  let loadedAt = 0

  async function load(): Promise<void> {
    loadedAt = Date.now()
    const { rows } = await pool.query<Row>(
      'select kid, public_jwk, private_jwk, retired_at from kernel.signing_keys order by kid',
    )
    const found = await Promise.all(
      rows.map(async (r) => ({ key: await toKey(r, vault), retired: r.retired_at !== null })),
    )
    keys = new Map(found.map(({ key }) => [key.kid, key]))
    active = found.findLast((f) => !f.retired)?.key
  }
  async function current(): Promise<Key & { privateKey: CryptoKey }> {
    if (!active) await load()
    if (!active) {
      await insertKey(pool, vault)
      await load()
    }
    if (!active?.privateKey)
      throw new StartError(
        'encrypt_key_wrong',
        vault.isOpen
          ? 'The signing keys cannot be opened: ENCRYPT_KEY is not the one they were sealed with. Set the former one, or name it in ENCRYPT_KEY_PREVIOUS.'
          : 'The signing keys are sealed: set the ENCRYPT_KEY with which they were.',
      )
    return active as Key & { privateKey: CryptoKey }
  }
  async function keyFor(kid: string | undefined): Promise<CryptoKey> {
    if (kid && !keys.has(kid) && Date.now() - loadedAt > RELOAD_MS_MIN) await load()
    const key = kid ? keys.get(kid) : undefined
    if (!key) throw unauthorized('token_invalid', 'This token was not made by this installation.')
    return key.publicKey
  }
  return {
    async sign(payload, o) {
      const key = await current()
      const jwt = new SignJWT(payload).setProtectedHeader({ alg: ALGORITHM, kid: key.kid }).setIssuer(ISSUER)
      return jwt.setAudience(o.audience).setIssuedAt().setExpirationTime(`${o.lifeSec}s`).sign(key.privateKey)
    },
    async verify(token, audience, o = {}) {
      try {
        const clockTolerance = o.expiredBySecMax ?? 0
        const { payload } = await jwtVerify(token, (header) => keyFor(header.kid), {
          issuer: ISSUER,
          audience,
          algorithms: [ALGORITHM],
          clockTolerance,
        })
        return payload
      } catch (thrown) {
        const expired = (thrown as { code?: string }).code === 'ERR_JWT_EXPIRED'
        throw expired
          ? unauthorized('token_expired', 'The access token has expired: trade the refresh token for a new one.')
          : unauthorized('token_invalid', 'The access token is not valid: sign in again.')
      }
    },
    async jwks() {
      if (keys.size === 0) await current()
      return { keys: [...keys.values()].map((k) => k.publicJwk) }
    },
  }
}

/** Two processes may start at once: the lock lets one make the key, the other finds it. */
async function insertKey(pool: Pool, vault: Vault): Promise<void> {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true })
  const kid = newId()
  const publicJwk = { ...(await exportJWK(pair.publicKey)), kid, alg: ALGORITHM, use: 'sig' }
  const privateJwk = JSON.stringify(await exportJWK(pair.privateKey))
  const stored = vault.isOpen ? vault.seal(privateJwk, aboutKey(kid)) : privateJwk
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query(`select pg_advisory_xact_lock(hashtext('kernel.signing_keys'))`)
    await client.query(
      `insert into kernel.signing_keys (kid, public_jwk, private_jwk)
       select $1, $2, $3 where not exists (select from kernel.signing_keys where retired_at is null)`,
      [kid, JSON.stringify(publicJwk), stored],
    )
    await client.query('commit')
  } catch (thrown) {
    await client.query('rollback')
    throw thrown
  } finally {
    client.release()
  }
}

/** The place of a private half, see {@link Vault.seal}. */
const aboutKey = (kid: string): string => `kernel.signing_keys:${kid}:private_jwk`

async function resealKeys(pool: Pool, vault: Vault): Promise<void> {
  const { rows } = await pool.query<{ kid: string; sealed: string }>(
    'select kid, private_jwk as sealed from kernel.signing_keys',
  )
  const found = rows.map((r) => ({ ...r, about: aboutKey(r.kid) }))
  await resealRows(vault, found, (row, sealed) =>
    pool.query('update kernel.signing_keys set private_jwk = $2 where kid = $1 and private_jwk = $3', [
      row.kid,
      sealed,
      row.sealed,
    ]),
  )
}

async function toKey(row: Row, vault: Vault): Promise<Key> {
  const plain = isSealed(row.private_jwk) ? vault.open(row.private_jwk, aboutKey(row.kid)) : row.private_jwk
  const publicKey = (await importJWK(row.public_jwk, ALGORITHM)) as CryptoKey
  const privateKey =
    plain === undefined ? undefined : ((await importJWK(JSON.parse(plain) as JWK, ALGORITHM)) as CryptoKey)
  return { kid: row.kid, publicJwk: row.public_jwk, publicKey, privateKey }
}
