import { setTimeout as sleep } from 'node:timers/promises'
import type { Key } from './keys-store.ts'

/** What other processes made or removed is known after so long at the latest. */
const STALE_AFTER_MS = 60_000
/** Made-up key ids make us read the table at most so often; who shows an unknown one waits for that. */
const SEARCH_EVERY_MS_MIN = 250

/** The keys as last read, in the order in which they come to sign. */
export type Ring = {
  get(kid: string): Key | undefined
  all(): readonly Key[]
  /** The one that signs now, as far as this process has read. */
  signing(): Key | undefined
  /** Read again, beginning after this call: what was committed before it is seen. */
  read(): Promise<void>
  /** The same, at a pace that strangers may set. */
  search(): Promise<void>
  /** Read again when the last time is too long ago; a database that does not answer leaves the keys as they are. */
  freshen(): Promise<void>
}

export function createRing(readAll: () => Promise<Key[]>): Ring {
  let byKid = new Map<string, Key>()
  let readAt = Number.NEGATIVE_INFINITY
  let begun = { count: 0, at: Number.NEGATIVE_INFINITY }
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  async function readNow(): Promise<void> {
    const at = Date.now()
    begun = { count: begun.count + 1, at }
    const found = await readAll()
    byKid = new Map(found.map((key) => [key.kid, key]))
    readAt = at
  }
  async function readNext(): Promise<void> {
    await running?.catch(() => undefined)
    next = undefined
    running = readNow().finally(() => (running = undefined))
    await running
  }
  const read = (): Promise<void> => (next ??= readNext())
  return {
    get: (kid) => byKid.get(kid),
    all: () => [...byKid.values()],
    signing() {
      const now = Date.now()
      return [...byKid.values()].findLast((k) => k.activeAtMs <= now && now < k.retiredAtMs)
    },
    read,
    async search() {
      const before = begun.count
      const waitMs = begun.at + SEARCH_EVERY_MS_MIN - Date.now()
      if (waitMs > 0) await sleep(waitMs)
      await (begun.count > before ? running : read())
    },
    async freshen() {
      if (Date.now() - readAt > STALE_AFTER_MS) await read().catch(() => undefined)
    },
  }
}
