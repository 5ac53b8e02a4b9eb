import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Scope } from '#kernel/caller.ts'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, doorContract, notes, notesContract } from '#kernel/testing-sample.ts'

const offers = [
  { module: 'door', contract: doorContract },
  { module: 'notes', contract: notesContract },
]

/** The program in two: a gateway with `door`, behind it `notes` that asks the gateway who is who. */
async function startInTwo(): Promise<TestApp> {
  const base = await startTestApp({ modules: [door] })
  const keep = { dataDir: base.dataDir, databaseUrl: base.databaseUrl }
  const service = await startTestApp({
    modules: [door, notes],
    keep,
    options: { offers, gateway: false, mounts: (c) => c === notesContract, modules: [notes] as never },
    config: { urls: { door: base.url } },
  })
  const gateway = await startTestApp({
    modules: [door],
    keep,
    options: { offers, services: [] },
    config: { urls: { notes: service.url } },
  })
  const stop = async () => {
    await gateway.stop()
    await service.stop()
    await base.stop()
  }
  return { ...gateway, stop, [Symbol.asyncDispose]: stop }
}

type Made = { key: string; keyId: string }
const enter = async (t: TestApp, role: string) => {
  const { token, userId } = (await t.nobody.post('/enter', { role })).body as { token: string; userId: string }
  return clientFor(t.url, token, userId)
}
const makeKey = async (owner: Client, scopes: Scope[]) => (await owner.post('/keys', { scopes })).body as Made
const codeOf = ({ status, body }: { status: number; body: Record<string, unknown> }) => [status, body.code]

const outcomes = async (c: Client) => [
  codeOf(await c.get('/notes'))[1] ?? 'ok',
  codeOf(await c.post('/notes', { text: 'x' }))[1] ?? 'ok',
  codeOf(await c.post('/artist/stamp'))[1] ?? 'ok',
  codeOf(await c.get('/admin/notes'))[1] ?? 'ok',
]
const withCookie = async (t: TestApp, name: string, headers: Record<string, string> = {}) => {
  const { token } = await enter(t, 'admin')
  return (await t.nobody.get('/admin/notes', { cookie: `${name}=${token}`, ...headers })).status
}

for (const { name, start } of [
  { name: 'in one process', start: () => startTestApp({ modules: [door, notes] }) },
  { name: 'through a gateway', start: startInTwo },
])
  describe(`an API key, ${name}`, () => {
    let t: TestApp
    before(async () => {
      t = await start()
    })
    after(() => t.stop())

    test('signs in by either header', async () => {
      const { key } = await makeKey(await enter(t, 'user'), ['read', 'write'])
      const shown = [
        { authorization: `Bearer ${key}` },
        { authorization: `bearer ${key}` },
        { 'x-api-key': key },
        { 'X-API-Key': key },
      ]
      for (const headers of shown as Record<string, string>[])
        assert.equal((await t.nobody.send('POST', '/notes', { text: 'x' }, headers)).status, 201)
    })

    test('that nobody made is refused by its own code, and is not told back', async () => {
      for (const headers of [
        { 'x-api-key': 'tutti_unknown' },
        { 'x-api-key': 'something else' },
        { authorization: 'Bearer tutti_unknown' },
        { 'x-api-key': 'tutti_'.padEnd(5000, 'x') },
      ] as Record<string, string>[]) {
        const answer = await t.nobody.get('/notes', headers)
        assert.deepEqual(codeOf(answer), [401, 'api_key_invalid'])
        assert.doesNotMatch(answer.text, /unknown"|something else|xxx/)
      }
    })

    test('is good for what it was made for, in the words of the scope that is missing', async () => {
      const admin = await enter(t, 'admin')
      const by = async (scopes: Scope[]) => clientFor(t.url, (await makeKey(admin, scopes)).key, '')
      assert.deepEqual(await outcomes(admin), ['ok', 'ok', 'ok', 'ok'])
      assert.deepEqual(await outcomes(await by(['read'])), ['ok', 'scope_missing', 'scope_missing', 'role_required'])
      assert.deepEqual(await outcomes(await by(['write'])), ['scope_missing', 'ok', 'ok', 'role_required'])
      assert.deepEqual(await outcomes(await by(['read', 'write'])), ['ok', 'ok', 'ok', 'role_required'])
      assert.deepEqual(await outcomes(await by(['read', 'admin'])), ['ok', 'scope_missing', 'scope_missing', 'ok'])
      assert.deepEqual(await outcomes(await by(['read', 'write', 'admin'])), ['ok', 'ok', 'ok', 'ok'])
      assert.match(String((await (await by(['read'])).post('/notes', { text: 'x' })).body.detail), /scope "write"/)
    })

    test('never raises its owner', async () => {
      const key = await makeKey(await enter(t, 'user'), ['read', 'write', 'admin'])
      const answer = await clientFor(t.url, key.key, '').get('/admin/notes')
      assert.deepEqual(codeOf(answer), [403, 'role_required'])
    })

    test('changes nothing about who may act as the account', async () => {
      const { key } = await makeKey(await enter(t, 'admin'), ['read', 'write', 'admin'])
      const answer = await clientFor(t.url, key, '').post('/keys', { scopes: ['read'] })
      assert.deepEqual(codeOf(answer), [403, 'session_required'])
    })

    test('ends at once when it is revoked, and only it', async () => {
      const owner = await enter(t, 'user')
      const [one, other] = await Promise.all([makeKey(owner, ['read', 'write']), makeKey(owner, ['read'])])
      const [byOne, byOther] = [clientFor(t.url, one.key, ''), clientFor(t.url, other.key, '')]
      for (const c of [byOne, byOther]) assert.equal((await c.get('/notes')).status, 200)
      assert.equal((await byOne.post('/leave')).status, 204)
      assert.deepEqual(codeOf(await byOne.get('/notes')), [401, 'api_key_invalid'])
      for (const c of [byOther, owner]) assert.equal((await c.get('/notes')).status, 200)
    })

    test('ends with everything of a person who is blocked, at once', async () => {
      const owner = await enter(t, 'user')
      const { key } = await makeKey(owner, ['read'])
      const all = [owner, clientFor(t.url, key, '')]
      for (const c of all) assert.equal((await c.get('/notes')).status, 200)
      await t.nobody.post('/block', { userId: owner.userId })
      for (const c of all) assert.equal((await c.get('/notes')).status, 401)
    })
  })

describe('what is no credential', () => {
  let t: TestApp
  before(async () => {
    t = await startTestApp({ modules: [door, notes] })
  })
  after(() => t.stop())

  test('the address: no field of a query signs anybody in', async () => {
    const owner = await enter(t, 'admin')
    const { key } = await makeKey(owner, ['read', 'write', 'admin'])
    const names = [
      'token',
      'access_token',
      'accessToken',
      'apiKey',
      'api_key',
      'key',
      'authorization',
      'x-api-key',
      'jwt',
    ]
    for (const name of [...names, 'tutti-access', 'sid'])
      for (const secret of [owner.token, key]) {
        const query = `${name}=${encodeURIComponent(secret)}`
        assert.equal((await t.nobody.get(`/admin/notes?${query}`)).status, 401, name)
        assert.equal((await t.nobody.send('POST', `/notes?${query}`, { text: 'x' })).status, 401, name)
      }
    const inside = new URL(`${t.url.replace('//', `//user:${key}@`)}/api/v1/admin/notes`)
    await assert.rejects(fetch(inside), TypeError, 'browsers and fetch refuse it themselves')
    const basic = Buffer.from(`user:${key}`).toString('base64')
    assert.equal((await t.nobody.get('/admin/notes', { authorization: `Basic ${basic}` })).status, 401)
  })

  test('an API key or a token of another use in a cookie', async () => {
    const { key } = await makeKey(await enter(t, 'user'), ['read'])
    const internal = await t.app.identify.internalToken({ kind: 'system', requestId: 'x' })
    for (const secret of [key, internal])
      assert.equal((await t.nobody.get('/notes', { cookie: `tutti-access=${secret}` })).body.code, 'token_invalid')
  })
})

test('while the database does not answer, nobody can tell: that is no refusal', async () => {
  await using t = await startTestApp({ modules: [door, notes] })
  await using elsewhere = await startTestApp({ modules: [door, notes] })
  const known = await enter(t, 'user')
  const unknown = clientFor(t.url, (await enter(elsewhere, 'user')).token, '')
  await t.app.ports.db.pool.query('alter table kernel.signing_keys rename to gone')
  const answer = await unknown.get('/notes')
  assert.deepEqual([...codeOf(answer), answer.headers.get('retry-after')], [503, 'check_unavailable', '5'])
  assert.equal((await known.get('/notes')).status, 200)
  await t.app.ports.db.pool.query('alter table kernel.gone rename to signing_keys')
  assert.deepEqual(codeOf(await unknown.get('/notes')), [401, 'token_invalid'])
})

describe('cookies', () => {
  test('without TLS the plain name counts', async () => {
    await using t = await startTestApp({ modules: [door, notes] })
    assert.equal(await withCookie(t, 'tutti-access'), 200)
    assert.equal(await withCookie(t, '__Host-tutti-access'), 401)
    assert.equal(
      await withCookie(t, 'tutti-access', { 'x-forwarded-proto': 'https' }),
      200,
      'nobody whom we do not trust says that there is TLS',
    )
  })

  test('with TLS only the name that no neighbour can set', async () => {
    for (const { config, headers } of [
      { config: { publicUrl: 'https://music.example' }, headers: {} },
      { config: { trustProxy: ['loopback'] }, headers: { 'x-forwarded-proto': 'https' } },
    ]) {
      await using t = await startTestApp({ modules: [door, notes], config })
      assert.equal(await withCookie(t, 'tutti-access', headers), 401)
      assert.equal(await withCookie(t, '__Host-tutti-access', headers), 200)
      const { token } = await enter(t, 'admin')
      const both = `tutti-access=${token}; __Host-tutti-access=nonsense`
      assert.equal((await t.nobody.get('/admin/notes', { cookie: both, ...headers })).status, 401)
    }
  })
})
