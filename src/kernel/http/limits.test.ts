import assert from 'node:assert/strict'
import type { FastifyReply } from 'fastify'
import { after, before, describe, test } from 'node:test'
import { readConfig } from '#kernel/config/index.ts'
import { createMemoryCounters } from '#kernel/counters/memory.ts'
import { AppError } from '#kernel/errors.ts'
import { clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, notes } from '#kernel/testing-sample.ts'
import { createLimits } from './limits.ts'

const refused = (retryAfterSec: number) => (thrown: unknown) => {
  assert.ok(thrown instanceof AppError)
  assert.deepEqual([thrown.status, thrown.code, thrown.retryAfterSec], [429, 'rate_limited', retryAfterSec])
  return true
}

describe('a window of a minute', () => {
  const config = readConfig({ RATE_LIMIT_PER_MIN: '60', RATE_LIMIT_AUTH_PER_MIN: '3' })
  const headers = new Map<string, unknown>()
  const reply = {
    header(name: string, value: unknown) {
      headers.set(name, value)
      return reply
    },
  } as unknown as FastifyReply
  test('counts per person and group, and starts anew', async () => {
    let now = 1_000_000
    const { take } = createLimits(
      config,
      createMemoryCounters(() => now),
    )
    for (let i = 3; i > 0; i--) {
      await take('auth', 'a', reply)
      assert.deepEqual([headers.get('ratelimit-limit'), headers.get('ratelimit-remaining')], [3, i - 1])
    }
    assert.equal(headers.get('ratelimit-reset'), 60)
    now += 45_000
    await assert.rejects(() => take('auth', 'a', reply), refused(15))
    await take('auth', 'b', reply)
    await take('default', 'a', reply)
    now += 15_000
    await take('auth', 'a', reply)
    assert.equal(headers.get('ratelimit-remaining'), 2)
  })

  test('groups have their own limits', async () => {
    const { take } = createLimits(config, createMemoryCounters())
    const found = []
    for (const group of ['default', 'media', 'search', 'heavy', 'auth', 'sync'] as const) {
      await take(group, 'x', reply)
      found.push(headers.get('ratelimit-limit'))
    }
    assert.deepEqual(found, [60, 120, 30, 1, 3, 2000])
  })
})

describe('limits over HTTP', () => {
  let t: TestApp
  before(async () => {
    t = await startTestApp({ modules: [door, notes], config: { rateLimitPerMin: 20, rateLimitAuthPerMin: 8 } })
  })
  after(() => t.stop())
  const enter = async () => (await t.nobody.post('/enter', { role: 'user' })).body as { token: string }

  test('a person is counted, whatever address or base is used; others are not touched', async () => {
    const [one, two] = [await enter(), await enter()].map((p) => clientFor(t.url, p.token, ''))
    const statuses = []
    for (let i = 0; i < 22; i++) statuses.push((await one?.get(i % 2 ? '/notes' : '/api/notes'))?.status)
    assert.deepEqual(statuses, [...Array(20).fill(200), 429, 429])
    const last = await one?.get('/notes')
    assert.ok(Number(last?.headers.get('retry-after')) >= 1 && Number(last?.headers.get('retry-after')) <= 60)
    assert.deepEqual([last?.body.code, last?.headers.get('ratelimit-remaining')], ['rate_limited', '0'])
    assert.equal((await two?.get('/notes'))?.status, 200)
    assert.equal((await t.nobody.get('//health')).status, 200)
  })

  test('a new token is no new person, and made-up tokens buy nothing', async () => {
    const statuses = []
    for (let i = 0; i < 24; i++) statuses.push((await clientFor(t.url, `made-up-${i}`, '').get('/notes')).status)
    assert.equal(statuses.filter((s) => s === 401).length + statuses.filter((s) => s === 429).length, 24)
    assert.ok(
      statuses.slice(-4).every((s) => s === 429),
      statuses.join(),
    )
  })

  test('signing in is counted by address, whoever asks', async () => {
    const statuses = []
    for (let i = 0; i < 9; i++)
      statuses.push((await clientFor(t.url, i % 2 ? 'x' : '', '').post('/enter', { role: 'user' })).status)
    assert.equal(statuses.at(-1), 429)
  })
})
