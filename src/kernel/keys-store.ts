import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import type { Pool, PoolClient } from 'pg'
import { newId } from '#kernel/ids.ts'
import { isSealed, resealRows, type Vault } from '#kernel/vault.ts'

export const ALGORITHM = 'EdDSA'

export type Key = {
  readonly kid: string
  readonly publicJwk: JWK
  readonly publicKey: CryptoKey
  /** Undefined when the vault does not open it. */
  readonly privateKey: CryptoKey | undefined
  /** By the clock of this process; the database's own is what counts. */
  readonly activeAtMs: number
  readonly retiredAtMs: number
}
type Row = {
  kid: string
  public_jwk: JWK
  private_jwk: string
  active_in_ms: number
  retired_in_ms: number | null
}

/** The place of a private half, see {@link Vault.seal}. */
const aboutKey = (kid: string): string => `kernel.signing_keys:${kid}:private_jwk`

/** The key that signs longest last. */
export async function readKeys(pool: Pool, vault: Vault): Promise<Key[]> {
  const { rows } = await pool.query<Row>(
    `select kid, public_jwk, private_jwk, extract(epoch from active_at - now())::float8 * 1000 as active_in_ms,
       extract(epoch from retired_at - now())::float8 * 1000 as retired_in_ms
     from kernel.signing_keys order by active_at, kid`,
  )
  const now = Date.now()
  return Promise.all(rows.map((r) => toKey(r, vault, now)))
}

async function toKey(row: Row, vault: Vault, now: number): Promise<Key> {
  const plain = isSealed(row.private_jwk) ? vault.open(row.private_jwk, aboutKey(row.kid)) : row.private_jwk
  return {
    kid: row.kid,
    publicJwk: row.public_jwk,
    publicKey: (await importJWK(row.public_jwk, ALGORITHM)) as CryptoKey,
    privateKey: plain === undefined ? undefined : ((await importJWK(JSON.parse(plain) as JWK, ALGORITHM)) as CryptoKey),
    activeAtMs: now + row.active_in_ms,
    retiredAtMs: row.retired_in_ms === null ? Number.POSITIVE_INFINITY : now + row.retired_in_ms,
  }
}

/** A first key, or the next when there is none that signs. Many processes may find that at once: one makes it. */
export async function makeFirstKey(pool: Pool, vault: Vault): Promise<void> {
  await whileLocked(pool, async (db) => {
    const living = 'select from kernel.signing_keys where retired_at is null or retired_at > now()'
    if (!(await db.query(living)).rowCount) await insertKey(db, vault, 0)
  })
}

export type Rotation = {
  /** A key signs for so long. */
  readonly keyLifeSec: number
  /** The next key is made so long before it signs: until then every process, and who else verifies, has read it. */
  readonly leadSec: number
  /** A former key verifies for so long. */
  readonly keptSec: number
}

/** The next key when it is time for it; what no token can be signed with any more goes. */
export async function rotateKeys(pool: Pool, vault: Vault, o: Rotation): Promise<void> {
  await whileLocked(pool, async (db) => {
    const { rowCount } = await db.query(
      `select from kernel.signing_keys where retired_at is null and active_at > now() - $1 * interval '1 second'`,
      [o.keyLifeSec - o.leadSec],
    )
    if (!rowCount) {
      const kid = await insertKey(db, vault, o.leadSec)
      await db.query(
        `update kernel.signing_keys set retired_at = now() + $2 * interval '1 second'
         where kid <> $1 and retired_at is null`,
        [kid, o.leadSec],
      )
    }
    await db.query(`delete from kernel.signing_keys where retired_at < now() - $1 * interval '1 second'`, [o.keptSec])
  })
}

async function insertKey(db: PoolClient, vault: Vault, leadSec: number): Promise<string> {
  const pair = await generateKeyPair(ALGORITHM, { extractable: true })
  const kid = newId()
  const publicJwk = { ...(await exportJWK(pair.publicKey)), kid, alg: ALGORITHM, use: 'sig' }
  const privateJwk = JSON.stringify(await exportJWK(pair.privateKey))
  const stored = vault.isOpen ? vault.seal(privateJwk, aboutKey(kid)) : privateJwk
  await db.query(
    `insert into kernel.signing_keys (kid, public_jwk, private_jwk, active_at)
     values ($1, $2, $3, now() + $4 * interval '1 second')`,
    [kid, JSON.stringify(publicJwk), stored, leadSec],
  )
  return kid
}

async function whileLocked(pool: Pool, work: (db: PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query(`select pg_advisory_xact_lock(hashtext('kernel.signing_keys'))`)
    await work(client)
    await client.query('commit')
  } catch (thrown) {
    await client.query('rollback').catch(() => undefined)
    throw thrown
  } finally {
    client.release()
  }
}

/** Seal what was stored before there was a key of the vault, or with a former one. */
export async function resealKeys(pool: Pool, vault: Vault): Promise<void> {
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
