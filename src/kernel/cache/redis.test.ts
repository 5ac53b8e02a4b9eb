import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, describe, test, type TestContext } from 'node:test'
import { createClient } from 'redis'
import { createPubSub } from '#kernel/pubsub/index.ts'
import { memoryLog, skipRedis, startTestRedis, type TestRedis, until } from '#kernel/pubsub/testing.ts'
import { type Cache, createCache } from './index.ts'
import { checkAgainstModel } from './model.ts'
import { cacheSuite } from './suite.ts'
import { createUnsent, UNSENT_MAX } from './unsent.ts'

const MINUTE = { ttlMs: 60_000, tags: ['t'] }

describe('Redis', { skip: skipRedis, timeout: 60_000 }, () => {
  let redis: TestRedis
  const opened: Cache[] = []
  before(async () => {
    redis = await startTestRedis()
  })
  after(async () => {
    await Promise.all(opened.map((cache) => cache.close()))
    await redis.close()
  })
  const open = async (log = memoryLog()): Promise<Cache> => {
    const cache = await createCache({ redisUrl: redis.url, pubsub: await createPubSub({ log }), log })
    opened.push(cache)
    await until('Redis is there', async () => (await cache.check()).ok)
    await until('it keeps', () => keeps(cache))
    return cache
  }
  let pair: readonly [Cache, Cache] | undefined
  const openTwo = async () => {
    pair ??= [await open(), await open()]
    await withClient(redis, (client) => client.flushDb())
    return pair
  }

  cacheSuite('Redis', openTwo)
  test('never a wrong answer, nor one older than an invalidation', () => checkAgainstModel(openTwo, 60))

  test('a tag that Redis evicted costs a miss, never an old answer', async () => {
    const [a, b] = await openTwo()
    await a.getOrMake('k', MINUTE, async () => 'old')
    await withClient(redis, (client) => client.del('tutti:cache:t:t'))
    assert.equal(await b.getOrMake('k', MINUTE, async () => 'new'), 'new')
  })

  test('a server that comes back with an older snapshot revives nothing', async () => {
    const cache = await open()
    await cache.getOrMake('k', MINUTE, async () => 'old')
    await withClient(redis, (client) => client.sendCommand(['SAVE']))
    await cache.invalidate(['t'])
    assert.equal(await cache.getOrMake('k', MINUTE, async () => 'new'), 'new')
    await redis.kill()
    await redis.start()
    await withClient(redis, async (client) => assert.match((await client.get('tutti:cache:e:k')) ?? '', /"old"$/))
    await until('it keeps again', () => keeps(cache))
    assert.equal(await cache.getOrMake('k', MINUTE, async () => 'newer'), 'newer')
  })

  test('Redis killed: values are made, one maker at a time, invalidate resolves, one line a minute; it comes back', async () => {
    const log = memoryLog()
    const cache = await open(log)
    await redis.kill()
    await until('it noticed', async () => !(await cache.check()).ok)
    let makes = 0
    const many = Array.from({ length: 20 }, () => cache.getOrMake('k', MINUTE, async () => ++makes))
    assert.deepEqual(new Set(await Promise.all(many)), new Set([1]))
    assert.equal(await cache.getOrMake('k', MINUTE, async () => ++makes), 2)
    await cache.invalidate(['t'])
    await redis.start()
    await until('it keeps again', () => keeps(cache))
    assert.ok(log.lines.length <= 2, JSON.stringify(log.lines))
  })

  test('Redis frozen: no request waits long, and invalidations of that time hold when it thaws', async () => {
    const cache = await open()
    const read = (tag: string, text: string) =>
      cache.getOrMake(`k-${tag}`, { ttlMs: 60_000, tags: [tag] }, async () => text)
    for (const tag of ['frozen', 'resting']) await read(tag, 'old')
    redis.freeze()
    const startMs = performance.now()
    await cache.invalidate(['frozen'])
    assert.equal(await read('frozen', 'new'), 'new')
    for (let i = 0; i < 20; i++) await cache.getOrMake(`k${i}`, MINUTE, async () => i)
    assert.ok(performance.now() - startMs < 1_500)
    redis.resume()
    // Redis would answer again, but is left alone for a moment: this one is not even sent yet.
    await cache.invalidate(['resting'])
    const seen = new Set<string>()
    await until('it keeps again', async () => {
      for (const tag of ['frozen', 'resting']) seen.add(await read(tag, 'new'))
      return keeps(cache, ['frozen', 'resting'])
    })
    assert.deepEqual(seen, new Set(['new']))
  })

  test('a cut connection: an invalidation of that time is sent before anything is read again', async (t: TestContext) => {
    const line = await cuttableLine(redis.url.slice('unix://'.length))
    t.after(() => line.close())
    const log = memoryLog()
    const cache = await createCache({ redisUrl: line.url, pubsub: await createPubSub({ log }), log })
    t.after(() => cache.close())
    await until('it keeps', () => keeps(cache))
    const other = await open()
    await cache.getOrMake('cut', MINUTE, async () => 'old')
    line.cut()
    await until('it noticed', async () => !(await cache.check()).ok)
    await cache.invalidate(['t'])
    line.mend()
    const seen = new Set<string>()
    await until('it keeps again', async () => {
      seen.add(await cache.getOrMake('cut', MINUTE, async () => 'new'))
      return keeps(cache, ['t'])
    })
    assert.deepEqual(seen, new Set(['new']))
    assert.equal(await other.getOrMake('cut', MINUTE, async () => 'new'), 'new')
  })

  test('never there: start and requests go on', async (t: TestContext) => {
    const log = memoryLog()
    const cache = await createCache({ redisUrl: 'redis://127.0.0.1:1', pubsub: await createPubSub({ log }), log })
    t.after(() => cache.close())
    assert.equal(await cache.getOrMake('k', MINUTE, async () => 1), 1)
    await cache.invalidate(['t'])
    assert.equal((await cache.check()).ok, false)
  })
})

test('unsent invalidations: forgotten only when sent, added again meanwhile they stay, too many are everything', () => {
  const unsent = createUnsent('*')
  unsent.add(['a', 'b'])
  const sent = unsent.snapshot()
  assert.deepEqual(sent.tags, ['a', 'b'])
  unsent.add(['b'])
  unsent.remove(sent)
  assert.deepEqual([unsent.hasOneOf(['a']), unsent.hasOneOf(['x', 'b'])], [false, true])
  unsent.add(Array.from({ length: UNSENT_MAX + 1 }, (_, i) => `t${i}`))
  assert.deepEqual(unsent.snapshot().tags, ['*'])
  assert.equal(unsent.hasOneOf(['*', 'z']), true)
})

let probe = 0
/** Does it keep what it is given, under these tags? */
async function keeps(cache: Cache, tags: readonly string[] = []): Promise<boolean> {
  const key = `probe${probe++}`
  await cache.getOrMake(key, { ttlMs: 1_000, tags }, async () => 1)
  return (await cache.getOrMake(key, { ttlMs: 1_000, tags }, async () => 2)) === 1
}

async function withClient<T>(redis: TestRedis, work: (client: ReturnType<typeof newClient>) => Promise<T>): Promise<T> {
  const client = newClient(redis)
  await client.connect()
  try {
    return await work(client)
  } finally {
    client.destroy()
  }
}
const newClient = (redis: TestRedis) => createClient({ url: redis.url })

/** A TCP way to a Unix socket that can be cut and mended. */
async function cuttableLine(path: string): Promise<{ url: string; cut(): void; mend(): void; close(): void }> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    const far = connect(path)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => undefined).on('close', () => other.destroy())
      one.pipe(other)
    }
    if (isCut) near.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  const mend = () => {
    isCut = false
  }
  const close = () => {
    cut()
    server.close()
  }
  return { url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, cut, mend, close }
}
