import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { skipRedis, startTestRedis, type TestRedis } from '#kernel/pubsub/testing.ts'
import { type Answer, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { WAITING_MAX } from './passwords-threads.ts'

const PASSWORD = 'four words are fine'
/** Who is asked from is what `X-Forwarded-For` says: these tests speak through a trusted proxy. */
const config = { trustProxy: ['loopback'] }

const loginTo = (t: TestApp, username: string, password: string, from: string): Promise<Answer> =>
  t.nobody.send('POST', '/auth/login', { username, password }, { 'x-forwarded-for': from })
const registerAt = (t: TestApp, username: string, from: string): Promise<Answer> =>
  t.nobody.send(
    'POST',
    '/auth/register',
    { username, email: `${username}@example.org`, password: PASSWORD },
    { 'x-forwarded-for': from },
  )
const statusesOf = async (asked: readonly Promise<Answer>[]) => (await Promise.all(asked)).map((a) => a.status)
const times = <T>(n: number, work: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => work(i))

describe('guessing passwords', () => {
  let t: TestApp
  before(async () => {
    t = await startTestApp({ modules: [identity], config })
    for (const name of ['ann', 'bob']) assert.equal((await registerAt(t, name, '192.0.2.1')).status, 201)
  })
  after(() => t.stop())

  test('strangers stop each other at an account, and never its owner where they were before', async () => {
    const wrong = times(25, (i) => loginTo(t, i % 2 ? 'ann' : 'ANN', 'not this one', `198.51.100.${i}`))
    assert.deepEqual((await statusesOf(wrong)).toSorted(), [...Array(20).fill(401), ...Array(5).fill(429)])
    const stranger = await loginTo(t, 'ann', PASSWORD, '203.0.113.1')
    assert.deepEqual([stranger.status, stranger.body.code], [429, 'rate_limited'])
    assert.ok(Number(stranger.headers.get('retry-after')) > 0)
    assert.equal((await loginTo(t, 'ann', PASSWORD, '192.0.2.1')).status, 200)
  })

  test('a name without an account is refused alike: same answers, same limit', async () => {
    const [nobody = [], bob] = await Promise.all(
      ['nobody-here', 'bob'].map(async (name, at) => {
        const guesses = times(22, (i) => loginTo(t, name, 'not this one', `198.51.10${at + 1}.${i}`))
        const answers = await Promise.all(guesses)
        return answers.map(({ status, body }) => [status, body.code, body.detail, body.title].join()).toSorted()
      }),
    )
    assert.equal(nobody.length, 22)
    assert.deepEqual(nobody, bob)
  })

  test('one password on many accounts from one network of IPv6 ends, others go on', async () => {
    const spray = times(65, (i) => loginTo(t, `person${i}`, 'Summer-of-2026', `2001:db8:1:2::${i + 1}`))
    const statuses = await statusesOf(spray)
    assert.equal(statuses.filter((s) => s === 401).length, 60)
    assert.equal(statuses.filter((s) => s === 429).length, 5)
    assert.equal((await loginTo(t, 'bob', PASSWORD, '192.0.2.1')).status, 200)
  })
})

describe('guessing credentials', () => {
  test('made-up API keys and tokens are counted by address, whatever they are', async () => {
    await using t = await startTestApp({ modules: [identity], config: { ...config, rateLimitPerMin: 20 } })
    const ask = (i: number, from: string) =>
      clientFor(t.url, i % 2 ? `tutti_${'k'.repeat(40)}${i}` : `made.up.${i}`, '').send('GET', '/auth/me', undefined, {
        'x-forwarded-for': from,
      })
    const statuses = await statusesOf(times(25, (i) => ask(i, '198.51.100.1')))
    assert.deepEqual(statuses.toSorted(), [...Array(20).fill(401), ...Array(5).fill(429)])
    assert.equal((await ask(99, '198.51.100.2')).status, 401)
  })
})

describe('a flood of sign-ins', () => {
  test('more than can wait are told to come back; who is known comes through', async () => {
    await using t = await startTestApp({ modules: [identity], config })
    await registerAt(t, 'ann', '192.0.2.1')
    const flood = times(WAITING_MAX + 40, (i) => loginTo(t, `person${i}`, 'not this one', `10.0.${i}.1`))
    const known = loginTo(t, 'ann', PASSWORD, '192.0.2.1')
    const answers = await Promise.all(flood)
    const busy = answers.filter((a) => a.status === 503)
    assert.ok(busy.length > 0 && busy.length <= 40, `${busy.length}`)
    assert.ok(busy.every((a) => a.body.code === 'busy' && Number(a.headers.get('retry-after')) > 0))
    assert.ok(answers.every((a) => a.status === 503 || a.status === 401))
    assert.equal((await known).status, 200)
  })
})

describe('two processes', { skip: skipRedis, timeout: 120_000 }, () => {
  let redis: TestRedis
  let one: TestApp
  let two: TestApp
  before(async () => {
    redis = await startTestRedis()
    const shared = { ...config, redisUrl: redis.url, rateLimitAuthPerMin: 15 }
    one = await startTestApp({ modules: [identity], config: shared })
    two = await startTestApp({ modules: [identity], config: shared, keep: one })
    for (const t of [one, two])
      await t.eventually(async () => (await t.app.ports.counters.check()).ok, 'the counters to reach Redis')
    assert.equal((await registerAt(one, 'ann', '192.0.2.1')).status, 201)
  })
  after(async () => {
    await two.stop()
    await one.stop()
    await redis.close()
  })
  const either = (i: number) => (i % 2 ? one : two)
  const refresh = (i: number, from: string) =>
    either(i).nobody.send('POST', '/auth/refresh', { refreshToken: 'x' }, { 'x-forwarded-for': from })

  /** On a busy machine Redis may be too slow for a moment, and each counts for itself: then another try is due. */
  const sooner = (count: (turn: number) => Promise<number>, expected: number) => {
    let turn = 0
    const isTogether = async () => (await count(++turn)) === expected
    return one.eventually(isTogether, `${expected} to be let through by both together`, 40_000)
  }

  test('count the requests of an address together', async () => {
    await sooner(async (turn) => {
      const statuses = await statusesOf(times(20, (i) => refresh(i, `198.51.100.${turn}`)))
      const more = await statusesOf(times(2, (i) => refresh(i, `198.51.100.${turn}`)))
      return [...statuses, ...more].filter((s) => s !== 429).length
    }, 15)
    assert.equal((await refresh(0, '198.51.101.1')).status, 401)
  })

  test('count wrong passwords together', async () => {
    await sooner(async (turn) => {
      const guess = (i: number) => loginTo(either(i), `person${turn}`, 'not this one', `203.0.${turn}.${i}`)
      const statuses = [...(await statusesOf(times(22, guess))), ...(await statusesOf([guess(23), guess(24)]))]
      return statuses.filter((s) => s === 401).length
    }, 20)
  })

  test('go on without Redis, each with limits of its own', async () => {
    await redis.kill()
    for (const t of [one, two]) {
      await t.eventually(async () => !(await t.app.ports.counters.check()).ok, 'the counters to miss Redis')
      const statuses = await statusesOf(times(23, (i) => loginTo(t, 'someone', 'not this one', `198.18.0.${i}`)))
      assert.deepEqual(statuses.toSorted(), [...Array(20).fill(401), ...Array(3).fill(429)])
      assert.equal((await loginTo(t, 'ann', PASSWORD, '192.0.2.1')).status, 200)
    }
  })
})
