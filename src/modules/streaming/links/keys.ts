import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import { unavailable } from '#kernel/errors.ts'
import { isSealed, resealRows, type Vault } from '#kernel/vault.ts'
import { deleteFormerKeys, insertKey, type KeyRow, readKeys, sealKey } from './store.ts'
import type { StreamingTables } from '../store.ts'
import type { LinkKey } from './token.ts'

const SECRET_BYTES = 32
const KEY_ID_BYTES = 4
const KEY_LIFE_SEC = 30 * 86_400
/** What other processes made or removed is known after so long at the latest. */
const STALE_AFTER_MS = 60_000
/** Made-up key ids make us read the table at most so often. */
const SEARCH_EVERY_MS_MIN = 1000
/** Clocks of processes differ by less. */
const CLOCKS_DIFFER_SEC_MAX = 60

type Deps = { readonly db: Kysely<StreamingTables>; readonly vault: Vault; readonly now?: () => number }
const aboutKey = (id: string): string => `streaming.link_keys:${id}:secret`

/**
 * The keys that sign links, in the database, so that each process knows what any of them signed; sealed while the vault
 * is open. The newest signs. A former one is good until the last link of it has expired.
 */
export function createLinkKeys({ db, vault, now = Date.now }: Deps) {
  let known: readonly (LinkKey & { ageSec: number })[] = []
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined

  async function readNow(): Promise<void> {
    const at = now()
    const rows = await readKeys(db)
    known = rows.flatMap((row) => opened(vault, row))
    readAt = at
  }
  const read = (): Promise<void> => (reading ??= readNow().finally(() => (reading = undefined)))
  const readWhenOlder = async (ms: number) => void (now() - readAt > ms && (await read()))

  async function make(): Promise<void> {
    const id = randomBytes(KEY_ID_BYTES).toString('hex')
    const secret = randomBytes(SECRET_BYTES).toString('base64')
    await insertKey(db, { id, secret: vault.isOpen ? vault.seal(secret, aboutKey(id)) : secret })
    await readNow()
  }
  return {
    /** The key of now; made when there is none. */
    async signing(): Promise<LinkKey> {
      await readWhenOlder(STALE_AFTER_MS)
      if (known.length === 0) await make()
      const [newest] = known
      if (!newest) throw unavailable('check_unavailable', 'Links cannot be signed right now: try again in a moment.', 5)
      return newest
    },
    /** Undefined when there is none (any more) of this id. */
    async find(id: string): Promise<LinkKey | undefined> {
      await readWhenOlder(STALE_AFTER_MS)
      const has = () => known.find((key) => key.id === id)
      if (!has()) await readWhenOlder(SEARCH_EVERY_MS_MIN)
      return has()
    },
    /** Seals what was stored before there was a key of the vault, or with a former one. */
    async reseal(): Promise<void> {
      const rows = (await readKeys(db)).map((r) => ({ id: r.id, sealed: r.secret, about: aboutKey(r.id) }))
      await resealRows(vault, rows, (row, secret) => sealKey(db, { id: row.id, was: row.sealed, secret }))
    },
    /** The next key when it is time for it; those go whose last link, living `linkLifeSecMax`, has expired. */
    async rotate(linkLifeSecMax: number): Promise<void> {
      await read()
      if (known[0] && known[0].ageSec > KEY_LIFE_SEC) await make()
      await deleteFormerKeys(db, linkLifeSecMax + CLOCKS_DIFFER_SEC_MAX + STALE_AFTER_MS / 1000)
      await readNow()
    },
  }
}
export type LinkKeys = ReturnType<typeof createLinkKeys>

/** Nothing, for a key that was sealed with one that is not known any more: its links are lost, new ones are signed anew. */
function opened(vault: Vault, row: KeyRow): (LinkKey & { ageSec: number })[] {
  const plain = isSealed(row.secret) ? vault.open(row.secret, aboutKey(row.id)) : row.secret
  return plain === undefined ? [] : [{ id: row.id, secret: Buffer.from(plain, 'base64'), ageSec: row.ageSec }]
}
