import assert from 'node:assert/strict'
import Fastify from 'fastify'
import { describe, test } from 'node:test'
import type { HealthCheck } from '#kernel/module.ts'
import { createMetrics } from '#kernel/metrics.ts'
import { startTestApp } from '#kernel/testing.ts'
import { door, notes } from '#kernel/testing-sample.ts'
import { addHealth, type Service } from './health.ts'

type State = { ready: boolean; checks: Record<string, HealthCheck>; services: Service[] }

function server(state: State) {
  const app = Fastify()
  addHealth(app, {
    version: '1.2.3',
    service: 'all',
    checks: () => state.checks,
    isReady: () => state.ready,
    services: state.services,
    metrics: createMetrics(),
  })
  const get = async (url: string) => {
    const answer = await app.inject(url)
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() }
  }
  return { app, get }
}
const ok: HealthCheck = async () => ({ ok: true, detail: 'embedded' })
const away: HealthCheck = async () => {
  throw new Error('the database is away')
}

const refuse = async (): Promise<never> => {
  throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
}

describe('health', () => {
  test('says what works and what does not', async () => {
    const { get } = server({ ready: true, checks: { database: ok, media: away }, services: [] })
    const { status, body } = await get('/health')
    assert.equal(status, 200)
    const { uptimeSec, ...rest } = body
    assert.equal(typeof uptimeSec, 'number')
    assert.deepEqual(rest, {
      status: 'degraded',
      service: 'all',
      version: '1.2.3',
      checks: {
        database: { status: 'ok', detail: 'embedded' },
        media: { status: 'failing', detail: 'the database is away' },
      },
    })
  })

  test('is ready only between start and stop, and only with its database', async () => {
    const state: State = { ready: false, checks: { database: ok }, services: [] }
    const { get } = server(state)
    assert.equal((await get('/health/ready')).status, 503)
    assert.equal((await get('/health/live')).status, 200)
    state.ready = true
    assert.equal((await get('/health/ready')).status, 200)
    state.checks = { database: ok, cache: away }
    assert.equal((await get('/health/ready')).status, 200)
    state.checks = { database: away }
    assert.equal((await get('/health/ready')).status, 503)
    assert.equal((await get('/health/live')).status, 200)
  })

  test('a check that never answers is failing after two seconds', async () => {
    const { get } = server({ ready: true, checks: { slow: () => new Promise(() => {}) }, services: [] })
    const began = Date.now()
    const { body } = await get('/health')
    assert.deepEqual(body.checks, { slow: { status: 'failing', detail: 'no answer in time' } })
    assert.ok(Date.now() - began < 3000)
  })

  test('the aggregate answers 200 whatever is down', async () => {
    const up = server({ ready: true, checks: { database: ok }, services: [] })
    const url = await up.app.listen({ port: 0 })
    const { get } = server({
      ready: true,
      checks: { database: ok },
      services: [
        { name: 'user', url: undefined },
        { name: 'song', url },
        { name: 'album', url: 'http://127.0.0.1:1' },
      ],
    })
    const { status, body } = await get('/health/services')
    await up.app.close()
    assert.equal(status, 200)
    const services = body.services as { name: string; status: string; data?: { version: string }; error?: string }[]
    assert.deepEqual(
      services.map((s) => [s.name, s.status]),
      [
        ['user', 'healthy'],
        ['song', 'healthy'],
        ['album', 'unhealthy'],
      ],
    )
    assert.equal(services[1]?.data?.version, '1.2.3')
    assert.equal(typeof services[2]?.error, 'string')
  })
})

describe('a whole app', () => {
  test('answers health at the root and under the bases; metrics as text', async () => {
    await using t = await startTestApp({ modules: [door, notes] })
    for (const path of ['//health', '/health', '/api/health', '//health/ready', '//health/live', '//health/services'])
      assert.equal((await t.nobody.get(path)).status, 200, path)
    const { checks } = (await t.nobody.get('//health')).body
    assert.deepEqual(
      Object.values(checks as Record<string, { status: string }>).map((c) => c.status),
      Object.keys(checks).map(() => 'ok'),
    )
    await t.nobody.get('/notes')
    const metrics = await t.nobody.get('//metrics')
    assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain/)
    assert.match(
      metrics.text,
      /^tutti_http_request_seconds_count\{method="GET",operation="listNotes",status="200"\} 1$/m,
    )
    assert.match(metrics.text, /^tutti_process_resident_memory_bytes \d+/m)
    assert.match(metrics.text, /^tutti_sockets 0$/m)
  })

  test('a database that does not let us in: not ready, a problem, and no crash', async () => {
    await using t = await startTestApp({ modules: [door, notes] })
    const { pool } = t.app.ports.db
    const token = (await t.nobody.post('/enter', { role: 'user' })).body.token as string
    const original = pool.connect.bind(pool)
    // The pool itself is the boundary here: what lies behind it is refused, as with a server that is down.
    Object.assign(pool, { connect: refuse, query: refuse })
    assert.equal((await t.nobody.get('//health/ready')).status, 503)
    const headers = { authorization: `Bearer ${token}`, 'idempotency-key': 'k' }
    const answer = await t.nobody.send('POST', '/notes', { text: 'x' }, headers)
    assert.deepEqual([answer.status, answer.body.code], [503, 'database_unavailable'])
    assert.equal((await t.nobody.get('//health/live')).status, 200)
    Object.assign(pool, { connect: original })
    Reflect.deleteProperty(pool, 'query')
    assert.equal((await t.nobody.get('//health/ready')).status, 200)
  })
})
