import { messageOf } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import { seldomWarn } from '#kernel/pubsub/seldom.ts'
import { createFlights } from './flights.ts'
import type { Cache } from './index.ts'
import { checkNames, VALUE_MAX_BYTES } from './limits.ts'
import { createRedisStore, type Found } from './redis-store.ts'
import { canonical, decodeValue } from './value.ts'

const nowMs = () => performance.now()

/**
 * A cache in Redis, shared by all processes: an invalidation holds for each of them once it resolves.
 * While Redis is away values are made anew, one maker at a time per key in this process.
 */
export function createRedisCache(o: { redisUrl: string; log: Log }): Cache {
  const store = createRedisStore({ url: o.redisUrl, log: o.log })
  const flights = createFlights<unknown>(nowMs)
  const warn = seldomWarn(o.log)

  type Wish = { key: string; ttlMs: number; tags: readonly string[]; make: () => Promise<unknown> }
  const makeValue = async ({ key, make }: Wish) => {
    const made = await make()
    return canonical(made, (thrown) => warn({ key, error: messageOf(thrown) }, 'A value of the cache is not JSON'))
  }
  const makeAndKeep = (wish: Wish, { versions }: Found) =>
    // The versions are part of the name: who comes after an invalidation, of whichever process, joins no older flight.
    flights.join(`${wish.key}\n${versions}`, wish.tags, async (flight) => {
      const { json, value } = await makeValue(wish)
      const ttlMs = wish.ttlMs - (nowMs() - flight.startedAtMs)
      if (json !== undefined && json.length <= VALUE_MAX_BYTES && !flight.isStale)
        // Not waited for: it goes over the same connection as what may ask for it next, and before it.
        void store.keep({ key: wish.key, tags: wish.tags, versions, json, ttlMs })
      return value
    })
  const makeOnly = (wish: Wish) => flights.join(wish.key, wish.tags, async () => (await makeValue(wish)).value)

  return {
    async getOrMake<T>(
      key: string,
      { ttlMs, tags = [] }: { ttlMs: number; tags?: readonly string[] },
      make: () => Promise<T>,
    ) {
      checkNames([key, ...tags])
      const wish = { key, ttlMs, tags, make }
      const found = await store.look(key, tags)
      if (found?.json !== undefined) return decodeValue(found.json) as T
      return (found ? makeAndKeep(wish, found) : makeOnly(wish)) as Promise<T>
    },
    async invalidate(tags) {
      flights.spoil(tags)
      await store.invalidate(tags)
      // Those that began while the old versions still counted.
      flights.spoil(tags)
    },
    check: () => store.check(),
    close: () => store.close(),
  }
}
