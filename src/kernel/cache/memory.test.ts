import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { sharedTestPostgres } from '#kernel/db/embedded/testing.ts'
import { createPubSub, LINK_CHANNEL, type PubSub } from '#kernel/pubsub/index.ts'
import { memoryLog, until } from '#kernel/pubsub/testing.ts'
import { createCache } from './index.ts'
import { createLru } from './lru.ts'
import { createMemoryCache } from './memory.ts'
import { checkAgainstModel } from './model.ts'
import { cacheSuite } from './suite.ts'

const log = memoryLog()
/** Two caches on one pubsub: as two processes whose messages need no time. */
const openTwo = async () => {
  const pubsub = await createPubSub({ log })
  return [await createCache({ pubsub, log }), await createCache({ pubsub, log })] as const
}

cacheSuite('memory', openTwo)
test('memory: never a wrong answer, nor one older than an invalidation', () => checkAgainstModel(openTwo, 300))

test('bounds: entries and bytes, those used last stay', async () => {
  const pubsub = await createPubSub({ log })
  const few = await createMemoryCache({ pubsub, log, entriesMax: 3 })
  const get = (key: string) => few.getOrMake(key, { ttlMs: 1_000 }, async () => key)
  const isKept = async (key: string) => (await few.getOrMake(key, { ttlMs: 0 }, async () => 'made anew')) === key
  for (const key of ['a', 'b', 'c', 'a', 'd']) await get(key)
  assert.deepEqual(await Promise.all(['a', 'c', 'd'].map(isKept)), [true, true, true])
  assert.equal(await isKept('b'), false)

  const small = await createMemoryCache({ pubsub, log, bytesMax: 100_000 })
  for (let i = 0; i < 50; i++) await small.getOrMake(`k${i}`, { ttlMs: 1_000 }, async () => 'x'.repeat(5_000))
  assert.match((await small.check()).detail ?? '', /^6 entries, (8|9)\d KiB$/)
  await small.getOrMake('too big', { ttlMs: 1_000 }, async () => 'x'.repeat(50_000))
  assert.match((await small.check()).detail ?? '', /^0 entries, 0 KiB$/)
})

const entry = (tags: string[]) => ({ value: 1, jsonLength: 1, expiresAtMs: 1, tags })
test('the least recently used list keeps its books: sizes and tags return to nothing', () => {
  const lru = createLru({ entriesMax: 5, bytesMax: 1e9, nowMs: () => 0 })
  for (let i = 0; i < 20; i++) lru.set(`k${i % 7}`, entry([`t${i % 3}`, 'all', 'all']))
  assert.equal(lru.size, 5)
  lru.dropTags(['t0', 't1'])
  assert.ok(lru.size < 5)
  lru.dropTags(['all', 'none'])
  assert.deepEqual([lru.size, lru.sizeBytes], [0, 0])
})

test('time: nothing older than its time to live, nothing over 24 h, a stuck maker is not waited for over 30 s', async () => {
  const clock = { ms: 0 }
  const cache = await createMemoryCache({ pubsub: await createPubSub({ log }), log, nowMs: () => clock.ms })
  const made = async () => clock.ms
  await cache.getOrMake('k', { ttlMs: 1_000 }, made)
  clock.ms = 999
  assert.equal(await cache.getOrMake('k', { ttlMs: 1_000 }, made), 0)
  clock.ms = 1_000
  assert.equal(await cache.getOrMake('k', { ttlMs: 1_000 }, made), 1_000)
  await cache.getOrMake('long', { ttlMs: Infinity }, made)
  clock.ms += 24 * 3_600_000
  assert.equal(await cache.getOrMake('long', { ttlMs: Infinity }, made), clock.ms)
  const stuck = Promise.withResolvers<number>()
  const first = cache.getOrMake('stuck', { ttlMs: 1_000 }, () => stuck.promise)
  clock.ms += 30_000
  assert.equal(await cache.getOrMake('stuck', { ttlMs: 1_000 }, async () => 2), 2)
  stuck.resolve(1)
  assert.equal(await first, 1)
})

test('while the pubsub is away nothing is kept; its return and a loss of others’ messages empty the cache', async () => {
  const local = await createPubSub({ log })
  const links = new Set<(state: unknown) => void>()
  // The link's own messages come from the transport; here the test is the transport.
  const pubsub: PubSub = {
    ...local,
    subscribe: (channel, handler) => {
      if (channel !== LINK_CHANNEL) return local.subscribe(channel, handler)
      links.add(handler)
      return () => links.delete(handler)
    },
  }
  const cache = await createMemoryCache({ pubsub, log })
  let makes = 0
  const get = () => cache.getOrMake('k', { ttlMs: 60_000 }, async () => ++makes)
  const tell = (state: string) => links.forEach((handler) => handler(state))
  assert.deepEqual([await get(), await get()], [1, 1])
  tell('down')
  assert.deepEqual([await get(), await get()], [2, 3])
  tell('up')
  assert.deepEqual([await get(), await get()], [4, 4])
  tell('lost')
  assert.deepEqual([await get(), await get()], [5, 5])
  await cache.close()
  assert.equal(links.size, 0)
})

const database = await (await sharedTestPostgres()).createDatabase()
describe('memory, two processes over PostgreSQL', () => {
  after(() => database.drop())
  test('an invalidation reaches the other within moments', async (t) => {
    const open = async () => {
      const pubsub = await createPubSub({ databaseUrl: database.url, log })
      t.after(() => pubsub.close())
      return createCache({ pubsub, log })
    }
    const [a, b] = [await open(), await open()]
    const read = (text: string) => b.getOrMake('k', { ttlMs: 60_000, tags: ['t'] }, async () => text)
    assert.equal(await read('old'), 'old')
    await a.invalidate(['t'])
    await until('the other made it anew', async () => (await read('new')) === 'new', 2_000)
  })
})
