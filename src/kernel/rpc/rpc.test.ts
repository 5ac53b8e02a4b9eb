import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { nobody, system } from '#kernel/caller.ts'
import { StartError } from '#kernel/db/embedded/errors.ts'
import type { AppError } from '#kernel/errors.ts'
import { INTERNAL_HEADER } from '#kernel/identify.ts'
import { clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, doorContract, notes, notesContract } from '#kernel/testing-sample.ts'
import { remoteApi } from './remote.ts'

const offers = [
  { module: 'door', contract: doorContract },
  { module: 'notes', contract: notesContract },
]

const enter = async (t: TestApp, role: string) =>
  clientFor(t.url, (await t.nobody.post('/enter', { role })).body.token, '')

const thrown = async (work: Promise<unknown> | undefined) => {
  const e = (await work?.then(
    () => undefined,
    (x: unknown) => x,
  )) as AppError
  return [e.status, e.code, e.retryAfterSec, e.errors?.[0]?.path]
}

/** The same program in two: a gateway with `door`, and behind it `notes`. */
describe('a gateway and a service behind it', () => {
  let gateway: TestApp
  let service: TestApp
  let whole: TestApp
  before(async () => {
    whole = await startTestApp({ modules: [door, notes] })
    const keep = { dataDir: whole.dataDir, databaseUrl: whole.databaseUrl }
    const base = await startTestApp({ modules: [door], keep })
    const sessions = { offers, gateway: false, services: [] }
    service = await startTestApp({
      modules: [door, notes],
      keep,
      options: { ...sessions, mounts: (c) => c === notesContract, modules: [notes] as never },
      config: { urls: { door: base.url } },
    })
    gateway = await startTestApp({
      modules: [door],
      keep,
      config: { urls: { notes: service.url } },
      options: {
        offers,
        services: [
          { name: 'notes', url: service.url },
          { name: 'door', url: undefined },
        ],
      },
    })
    const stopBase = base.stop
    const stopService = service.stop
    service.stop = async () => {
      await stopService()
      await stopBase()
    }
  })
  after(async () => {
    await gateway.stop()
    await service.stop()
    await whole.stop()
  })

  test('answers are the same as of the whole program', async () => {
    const by: Record<string, unknown>[] = []
    for (const t of [whole, gateway]) {
      const user = await enter(t, 'user')
      const made = await user.send(
        'POST',
        '/notes',
        { body: 'ä'.repeat(9000), length: 9 },
        { 'idempotency-key': t.url },
      )
      const again = await user.send(
        'POST',
        '/notes',
        { body: 'ä'.repeat(9000), length: 9 },
        { 'idempotency-key': t.url },
      )
      const id = String(made.body.id)
      const flip = await user.send('PATCH', `/notes/${id}/pin`)
      const part = await user.get(`/notes/${id}/file`, { range: 'bytes=10-19' })
      const head = await user.send('HEAD', `/notes/${id}/file`)
      const gone = await user.delete(`/notes/${id}`)
      by.push({
        made: [made.status, made.body.lengthSec, String(made.body.text).length],
        again: [again.status, again.body.id === id, again.headers.get('idempotency-replayed')],
        flip: [flip.status, flip.body.isPinned],
        part: [
          part.status,
          part.text,
          part.headers.get('content-range'),
          part.headers.get('content-length'),
          part.headers.get('etag') === `"${id}"`,
        ],
        head: [head.status, head.text, head.headers.get('content-length')],
        gone: [gone.status, gone.text],
        bad: [(await user.post('/notes', { nothing: 1 })).body.code, (await user.get('/notes?limit=0')).body.errors],
        json: (await user.send('POST', '/notes', undefined, { 'content-type': 'text/plain' })).status,
        nobody: (await t.nobody.post('/notes', {})).body.code,
        role: (await user.get('/admin/notes')).body.code,
        known: [
          (await user.post('/notes/fail', { how: 'known' })).status,
          (await user.post('/notes/fail', { how: 'known' })).headers.get('retry-after'),
        ],
        bug: (await user.post('/notes/fail', { how: 'bug' })).body.detail,
        unknown: (await user.get('/nothing')).body.code,
      })
    }
    assert.deepEqual(by[1], by[0])
  })

  test('limits are counted at the gateway, once', async () => {
    const user = await enter(gateway, 'user')
    const left = async () => Number((await user.get('/notes')).headers.get('ratelimit-remaining'))
    assert.equal((await left()) - (await left()), 1)
  })

  test('a caller arrives as who it is', async () => {
    const api = remoteApi(notesContract, service.url, gateway.app.identify.internalToken)
    const ann = {
      kind: 'user',
      userId: '0190f5d0-0000-7000-8000-000000000000',
      role: 'artist',
      requestId: 'r',
    } as const
    assert.deepEqual(await api.whoCalls?.(ann, {}), { kind: 'user', userId: ann.userId, role: 'artist' })
    assert.deepEqual(await api.whoCalls?.(nobody('r'), {}), { kind: 'nobody', userId: null, role: null })
    assert.deepEqual(await api.whoCalls?.(system('r'), {}), { kind: 'system', userId: null, role: null })
  })

  test('errors travel as they were thrown', async () => {
    const api = remoteApi(notesContract, service.url, gateway.app.identify.internalToken)
    assert.deepEqual(await thrown(api.fail?.(system('r'), { how: 'known' })), [503, 'sleeping', 7, undefined])
    assert.deepEqual(await thrown(api.fail?.(system('r'), { how: 'what' })), [400, 'invalid_input', undefined, '/how'])
    assert.deepEqual(await thrown(api.getNote?.(system('r'), { id: 'x' })), [400, 'invalid_input', undefined, '/id'])
  })

  test('internal addresses and headers are for our own processes', async () => {
    const call = (headers: Record<string, string>) =>
      fetch(`${gateway.url}/api/v1/notes`, {
        method: 'POST',
        body: '{"text":"x"}',
        headers: { 'content-type': 'application/json', ...headers },
      })
    const access = (await enter(gateway, 'admin')).token
    for (const forged of ['', 'x', access]) {
      assert.equal((await call({ [INTERNAL_HEADER]: forged })).status, 401)
      const inner = await fetch(`${service.url}/internal/notes/whoCalls`, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json', [INTERNAL_HEADER]: forged },
      })
      assert.equal(inner.status, 401)
    }
    assert.equal((await fetch(`${service.url}/internal/notes/whoCalls`, { method: 'POST' })).status, 401)
    const stale = await gateway.app.ports.keys.sign({ who: { kind: 'system' } }, { audience: 'internal', lifeSec: 1 })
    await new Promise((resolve) => setTimeout(resolve, 1100))
    assert.equal((await call({ [INTERNAL_HEADER]: stale })).status, 401)
    const noOne = await gateway.app.ports.keys.sign({ who: { kind: 'root' } }, { audience: 'internal', lifeSec: 60 })
    assert.equal((await call({ [INTERNAL_HEADER]: noOne })).status, 401)
    const asAccess = await gateway.app.identify.internalToken(system('r'))
    assert.equal((await call({ authorization: `Bearer ${asAccess}` })).status, 401)
  })

  test('the aggregate of health names each service', async () => {
    const { body } = await gateway.nobody.get('//health/services')
    assert.deepEqual(
      (body.services as { name: string; status: string }[]).map((s) => [s.name, s.status]),
      [
        ['notes', 'healthy'],
        ['door', 'healthy'],
      ],
    )
  })
})

describe('a service that is not there', () => {
  test('is a start error when nobody said where it is', async () => {
    await assert.rejects(startTestApp({ modules: [door], options: { offers } }), (thrown: unknown) => {
      assert.ok(thrown instanceof StartError)
      assert.equal(thrown.code, 'missing_url')
      assert.equal(
        thrown.message,
        'This target needs "notes", which it does not run: set NOTES_URL to where it runs, or add it to --target.',
      )
      return true
    })
  })

  test('a dead one is 503 with Retry-After, and unhealthy in the aggregate; the rest works', async () => {
    const url = 'http://127.0.0.1:9'
    await using t = await startTestApp({
      modules: [door],
      config: { urls: { notes: url } },
      options: { offers, services: [{ name: 'notes', url }] },
    })
    const down = await t.nobody.get('/notes')
    assert.deepEqual([down.status, down.body.code, down.headers.get('retry-after')], [503, 'service_unavailable', '5'])
    assert.equal((await t.nobody.post('/enter', { role: 'user' })).status, 200)
    const health = await t.nobody.get('//health/services')
    assert.deepEqual([health.status, health.body.services[0].status], [200, 'unhealthy'])
  })
})

describe('something else at that address', () => {
  let other: Server
  let url: string
  before(async () => {
    other = createServer((_request, response) =>
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
    )
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  })
  after(() => other.close())

  test('is a service that does not answer', async () => {
    const api = remoteApi(notesContract, url, async () => 'token')
    await assert.rejects(
      api.whoCalls?.(system('r'), {}) ?? Promise.resolve(),
      (e: unknown) => (e as AppError).status === 503,
    )
  })
})
