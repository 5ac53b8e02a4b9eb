import { messageOf } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import { LINK_CHANNEL, type PubSub } from '#kernel/pubsub/index.ts'
import { seldomWarn } from '#kernel/pubsub/seldom.ts'
import { createFlights, type Flight } from './flights.ts'
import type { Cache } from './index.ts'
import { checkNames, TTL_MAX_MS, VALUE_MAX_BYTES } from './limits.ts'
import { createLru } from './lru.ts'
import { canonical } from './value.ts'

export const ENTRIES_MAX = 20_000
/** Holds about 1500 pages of 20 songs: what a few hundred listeners look at. */
export const BYTES_MAX = 96 * 1024 * 1024
/** Tags of one message stay well within what a pubsub message holds. */
const TAGS_PER_MESSAGE = 100
const CHANNEL = 'kernel.cache.invalidate'

export type MemoryOptions = {
  pubsub: PubSub
  log: Log
  entriesMax?: number
  bytesMax?: number
  /** A clock that never goes back. */
  nowMs?: () => number
}

/**
 * A cache in this process; invalidations travel to the other processes' caches by pubsub.
 * Invariant: a value is kept only when none of its tags was invalidated, and the pubsub not lost, since its making began.
 */
export async function createMemoryCache({ pubsub, log, ...o }: MemoryOptions): Promise<Cache> {
  const nowMs = o.nowMs ?? (() => performance.now())
  const entries = createLru({ entriesMax: o.entriesMax ?? ENTRIES_MAX, bytesMax: o.bytesMax ?? BYTES_MAX, nowMs })
  const flights = createFlights<unknown>(nowMs)
  const warn = seldomWarn(log)
  // While invalidations of others cannot reach us, nothing is kept.
  let isDeaf = true

  const forget = (tags: readonly string[]) => {
    flights.spoil(tags)
    entries.dropTags(tags)
  }
  const forgetAll = () => {
    flights.spoil('all')
    entries.clear()
  }
  const leave = [
    pubsub.subscribe(CHANNEL, (tags) => (isTags(tags) ? forget(tags) : forgetAll())),
    pubsub.subscribe(LINK_CHANNEL, (state) => {
      if (state !== 'lost') isDeaf = state === 'down'
      forgetAll()
    }),
  ]
  isDeaf = !(await pubsub.check()).ok
  const keep = (key: string, flight: Flight<unknown>, ttlMs: number, made: unknown): unknown => {
    const failed = (thrown: unknown) => warn({ key, error: messageOf(thrown) }, 'A value of the cache is not JSON')
    const { json, value } = canonical(made, failed)
    // Its age counts from when the making began: that is how old what it was made from may be.
    const expiresAtMs = flight.startedAtMs + Math.min(ttlMs, TTL_MAX_MS)
    const isWorthy = json !== undefined && json.length <= VALUE_MAX_BYTES
    if (isWorthy && !flight.isStale && !isDeaf)
      entries.set(key, { value, jsonLength: json.length, expiresAtMs, tags: flight.tags })
    return value
  }
  return {
    async getOrMake<T>(
      key: string,
      { ttlMs, tags = [] }: { ttlMs: number; tags?: readonly string[] },
      make: () => Promise<T>,
    ) {
      checkNames([key, ...tags])
      const entry = entries.get(key)
      if (entry) return entry.value as T
      return flights.join(key, tags, async (flight) => keep(key, flight, ttlMs, await make())) as Promise<T>
    },
    async invalidate(tags) {
      forget(tags)
      for (let at = 0; at < tags.length; at += TAGS_PER_MESSAGE)
        await pubsub.publish(CHANNEL, tags.slice(at, at + TAGS_PER_MESSAGE))
    },
    check: async () => ({ ok: true, detail: `${entries.size} entries, ${Math.ceil(entries.sizeBytes / 1024)} KiB` }),
    async close() {
      for (const each of leave) each()
      forgetAll()
    },
  }
}

const isTags = (payload: unknown): payload is string[] =>
  Array.isArray(payload) && payload.every((tag) => typeof tag === 'string')
