import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createClient } from 'redis'
import { memoryLog, skipRedis, startTestRedis, type TestRedis, until } from '#kernel/pubsub/testing.ts'
import { type Counters, createCounters } from './index.ts'
import { countersSuite } from './suite.ts'

const MINUTE = { windowMs: 60_000 }

describe('counters in Redis', { skip: skipRedis, timeout: 60_000 }, () => {
  let redis: TestRedis
  const opened: Counters[] = []
  before(async () => {
    redis = await startTestRedis()
  })
  after(async () => {
    await Promise.all(opened.map((counters) => counters.close()))
    await redis.close()
  })
  let probes = 0
  const shares = async (a: Counters, b: Counters) => {
    const key = `probe:${probes++}`
    await a.take(key, { max: 2, ...MINUTE })
    return (await b.take(key, { max: 2, ...MINUTE })).count === 2
  }
  const open = async (log = memoryLog()): Promise<Counters> => {
    const counters = await createCounters({ redisUrl: redis.url, log })
    opened.push(counters)
    await until('Redis is there', async () => (await counters.check()).ok)
    return counters
  }
  const openTwo = async (log = memoryLog()): Promise<[Counters, Counters]> => {
    const two: [Counters, Counters] = [await open(log), await open()]
    await until('both count there', () => shares(...two))
    return two
  }
  const inRedis = async <T>(work: (client: ReturnType<typeof createClient>) => Promise<T>): Promise<T> => {
    const client = createClient({ url: redis.url })
    await client.connect()
    return work(client as ReturnType<typeof createClient>).finally(() => client.destroy())
  }

  countersSuite('what every adapter promises', async () => (await openTwo())[0])

  test('processes count together, and what is counted ends by itself', async () => {
    const [a, b] = await openTwo()
    const takes = await Promise.all(
      Array.from({ length: 30 }, (_, i) => (i % 2 ? a : b).take('together:x', { max: 20, ...MINUTE })),
    )
    assert.equal(takes.filter((t) => t.isAllowed).length, 20)
    const leftMs = await inRedis((client) => client.pTTL('tutti:counters:together:x'))
    assert.ok(leftMs > 0 && leftMs <= MINUTE.windowMs, `${leftMs}`)
  })

  test('a counter that lost its end gets one', async () => {
    const [a] = await openTwo()
    await inRedis((client) => client.set('tutti:counters:endless:x', '3'))
    assert.equal((await a.take('endless:x', { max: 3, ...MINUTE })).isAllowed, false)
    assert.ok((await inRedis((client) => client.pTTL('tutti:counters:endless:x'))) > 0)
  })

  test('emptied scripts are sent again', async () => {
    const [a, b] = await openTwo()
    await inRedis((client) => client.scriptFlush())
    assert.equal(await shares(a, b), true)
    await inRedis((client) => client.scriptFlush())
    await a.giveBack(['probe:none'])
    assert.equal(await shares(a, b), true)
  })

  test('killed: each counts for itself at once, one line in the log; when it is back they count together', async () => {
    const log = memoryLog()
    const [a, b] = await openTwo(log)
    await redis.kill()
    await until('it noticed', async () => !(await a.check()).ok)
    for (const counters of [a, b]) {
      const takes = await Promise.all(Array.from({ length: 5 }, () => counters.take('killed:x', { max: 3, ...MINUTE })))
      assert.equal(takes.filter((t) => t.isAllowed).length, 3)
    }
    await a.giveBack(['killed:x'])
    assert.equal((await a.take('killed:x', { max: 3, ...MINUTE })).isAllowed, true)
    await redis.start()
    await until('they count together again', () => shares(a, b), 20_000)
    assert.ok(log.lines.length <= 2, JSON.stringify(log.lines))
  })

  test('frozen: nobody waits long, and only the first ones wait at all', async () => {
    const [a, b] = await openTwo()
    redis.freeze()
    const startedAtMs = performance.now()
    const takes = await Promise.all(Array.from({ length: 5 }, () => a.take('frozen:x', { max: 3, ...MINUTE })))
    assert.equal(takes.filter((t) => t.isAllowed).length, 3)
    for (let i = 0; i < 1_000; i++) await a.take(`frozen:${i}`, { max: 3, ...MINUTE })
    // A thousand waits of 40 ms each would be 40 s.
    assert.ok(performance.now() - startedAtMs < 5_000)
    redis.resume()
    await until('they count together again', () => shares(a, b), 20_000)
  })

  test('never there: start and requests go on; an address that is none is a fault', async () => {
    const counters = await createCounters({ redisUrl: 'redis://127.0.0.1:1', log: memoryLog() })
    opened.push(counters)
    assert.equal((await counters.take('away:x', { max: 1, ...MINUTE })).isAllowed, true)
    assert.equal((await counters.take('away:x', { max: 1, ...MINUTE })).isAllowed, false)
    assert.equal((await counters.check()).ok, false)
    await assert.rejects(() => createCounters({ redisUrl: 'nonsense', log: memoryLog() }), /REDIS_URL/)
  })
})
