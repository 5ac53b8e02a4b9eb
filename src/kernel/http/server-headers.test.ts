import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { io } from 'socket.io-client'
import { type Env, readConfig } from '#kernel/config/index.ts'
import { createLog } from '#kernel/log.ts'
import { createMetrics } from '#kernel/metrics.ts'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, notes } from '#kernel/testing-sample.ts'
import { addHealth } from './health.ts'
import { addDocs, addWebApp } from './pages.ts'
import { createServer } from './server.ts'

const log = createLog({ level: 'silent', pretty: false })

async function server(env: Env = {}): Promise<FastifyInstance> {
  const config = readConfig(env)
  const app = await createServer({ config, log, metrics: createMetrics() })
  addHealth(app, {
    version: '1',
    service: 'all',
    checks: () => ({}),
    isReady: () => true,
    services: [],
    metrics: createMetrics(),
    metricsToken: config.metricsToken,
  })
  for (const base of ['/api', '/api/v1']) {
    for (const path of ['/auth/me', '/users/me/export', '/users/profile', '/admin/users', '/blocks/:id'])
      app.get(base + path, async (_request, reply) => reply.header('cache-control', 'public, max-age=60').send({}))
    app.get(`${base}/songs`, async () => ({}))
    app.get(`${base}/songs/:id`, async () => ({}))
    app.delete(`${base}/songs/:id`, async () => ({}))
    app.post(`${base}/songs/:id/like`, async () => ({}))
    app.get(`${base}/users/:id/avatar`, async (_request, reply) => reply.header('cache-control', 'public').send({}))
  }
  await addDocs(app, () => ({ openapi: '3.1.0' }))
  await addWebApp(app, '/nonexistent', log)
  return app
}
const ask = (app: FastifyInstance, o: InjectOptions | string) =>
  app.inject(typeof o === 'string' ? { url: o, headers: { host: 'localhost' } } : o)

async function hsts(env: Env, o: InjectOptions) {
  const app = await server(env)
  const { headers } = await app.inject({ url: '/api/v1/songs', ...o })
  await app.close()
  return headers['strict-transport-security']
}

describe('headers of every answer', () => {
  let app: FastifyInstance
  const as = async (method: 'PUT' | 'POST' | 'GET', url: string) => {
    const answer = await ask(app, { method, url, headers: { host: 'localhost' } })
    return [answer.statusCode, answer.json<{ code: string }>().code, answer.headers['allow']]
  }
  before(async () => {
    app = await server()
  })
  after(() => app.close())

  test('no sniffing, no frames, no foreign referrer, no window shared, few permissions', async () => {
    for (const url of [
      '/',
      '/api/v1/songs',
      '/api/v1/auth/me',
      '/api/v1/nothing',
      '/health',
      '/docs',
      '/openapi.json',
    ]) {
      const { headers } = await ask(app, url)
      assert.equal(headers['x-content-type-options'], 'nosniff', url)
      assert.equal(headers['x-frame-options'], 'DENY', url)
      assert.equal(headers['referrer-policy'], 'same-origin', url)
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin', url)
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin', url)
      assert.match(String(headers['permissions-policy']), /geolocation=\(\).*microphone=\(self\)/, url)
      assert.equal(headers['x-powered-by'], undefined, url)
      assert.equal(headers['server'], undefined, url)
    }
  })

  test('the policy lets nothing in line run, nothing foreign be reached, nothing frame us', async () => {
    const policy = String((await ask(app, '/')).headers['content-security-policy'])
    const directives = new Map(policy.split(';').map((d) => [d.split(' ')[0], d.split(' ').slice(1).join(' ')]))
    assert.doesNotMatch(policy, /unsafe|\*|https?:|wss?:/)
    for (const name of ['default-src', 'script-src', 'style-src', 'connect-src', 'font-src', 'form-action'])
      assert.equal(directives.get(name), "'self'", name)
    for (const name of ['object-src', 'base-uri', 'frame-ancestors', 'frame-src', 'script-src-attr'])
      assert.equal(directives.get(name), "'none'", name)
  })

  test('what is of accounts and admins is kept by nobody, whatever an operation says', async () => {
    for (const url of [
      '/api/v1/auth/me',
      '/api/auth/me',
      '/api/v1/auth/me/',
      '/api/v1/auth/nothing',
      '/api/v1/users/me/export',
      '/api/v1/users/profile',
      '/api/v1/admin/users',
      '/api/v1/blocks/1',
    ])
      assert.equal((await ask(app, url)).headers['cache-control'], 'no-store', url)
  })

  test('other answers of the API are kept by no proxy, unless their operation says so', async () => {
    assert.equal((await ask(app, '/api/v1/songs')).headers['cache-control'], 'private, no-cache')
    assert.equal((await ask(app, '/api/v1/users/7/avatar')).headers['cache-control'], 'public')
  })

  test('HTTPS is to be kept where it is there, and not spoken of where it is not', async () => {
    const year = 'max-age=31536000'
    const proto = { 'x-forwarded-proto': 'https', host: 'localhost' }
    assert.equal(await hsts({}, { headers: { host: 'localhost' } }), undefined)
    assert.equal(await hsts({}, { headers: proto }), undefined)
    assert.equal(await hsts({ TRUST_PROXY: 'loopback' }, { headers: proto }), year)
    assert.equal(await hsts({ PUBLIC_URL: 'https://music.example.org' }, { headers: { host: 'localhost' } }), year)
  })

  test('pages of other origins may use answers only where CORS_ORIGIN names them', async () => {
    const open = await server({ CORS_ORIGIN: 'https://app.example.org' })
    assert.equal((await ask(open, '/api/v1/songs')).headers['cross-origin-resource-policy'], 'cross-origin')
    await open.close()
  })

  test('a wrong method on a known address is 405 with those that work; an unknown address is 404', async () => {
    assert.deepEqual(await as('PUT', '/api/v1/songs?x=1'), [405, 'method_not_allowed', 'GET, HEAD'])
    assert.deepEqual(await as('POST', '/api/songs/17/'), [405, 'method_not_allowed', 'DELETE, GET, HEAD'])
    assert.deepEqual(await as('GET', '/api/v1/songs/17/like'), [405, 'method_not_allowed', 'POST'])
    assert.deepEqual(await as('PUT', '/api/v1/songs/17/likes'), [404, 'no_such_route', undefined])
    assert.deepEqual(await as('GET', '/api/v1/songs/1/2/like'), [404, 'no_such_route', undefined])
  })
})

describe('metrics', () => {
  const TOKEN = 'a secret of the operator, of enough length'
  test('open by default; with METRICS_TOKEN only to who sends it', async () => {
    const open = await server()
    assert.equal((await ask(open, '/metrics')).statusCode, 200)
    await open.close()
    const closed = await server({ METRICS_TOKEN: TOKEN })
    const as = async (authorization?: string) => {
      const headers = { host: 'localhost', ...(authorization ? { authorization } : {}) }
      return (await closed.inject({ url: '/metrics', headers })).statusCode
    }
    assert.deepEqual(
      [await as(), await as('Bearer x'), await as(TOKEN), await as(`Bearer ${TOKEN}x`), await as(`Bearer ${TOKEN}`)],
      [401, 401, 401, 401, 200],
    )
    assert.equal((await ask(closed, '/api/v1/metrics')).statusCode, 401)
    await closed.close()
    assert.throws(() => readConfig({ METRICS_TOKEN: 'short' }), /METRICS_TOKEN/)
  })
})

describe('sockets that are switched off', () => {
  let t: TestApp
  before(async () => {
    t = await startTestApp({ modules: [door, notes], config: { enableRealTime: false } })
  })
  after(() => t.stop())

  test('their address says so, to a request and to a WebSocket', async () => {
    const answer = await t.nobody.get('//socket.io/?EIO=4&transport=websocket')
    assert.deepEqual([answer.status, answer.body.code], [503, 'feature_disabled'])
    const socket = io(t.url, { transports: ['websocket'], reconnection: false })
    const failed = await new Promise<Error>((resolve) => socket.on('connect_error', resolve))
    socket.close()
    assert.ok(failed)
  })
})
