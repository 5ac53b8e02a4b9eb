import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answer, type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { account } from '#modules/identity/admin/testing.ts'
import identity from '#modules/identity/index.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString()
const coded = (a: Answer) => [a.status, a.body.code]

describe('API keys', () => {
  let t: TestApp
  /** Another process of the same installation. */
  let two: TestApp
  before(async () => {
    t = await startTestApp({ modules: [identity] })
    two = await startTestApp({ modules: [identity], keep: { dataDir: t.dataDir, databaseUrl: t.databaseUrl } })
  })
  after(async () => {
    await two.stop()
    await t.stop()
  })
  const make = async (who: Client, o: object = {}) => {
    const made = await who.post('/auth/api-keys', { name: 'a player', ...o })
    assert.equal(made.status, 201, made.text)
    return { ...(made.body as { id: string; key: string }), client: clientFor(t.url, made.body.key, who.userId) }
  }
  const sql = async (text: string, values: unknown[] = []) =>
    (await t.app.ports.db.pool.query<Record<string, unknown>>(text, values)).rows

  test('is shown once, and of it only the hash is kept', async () => {
    const user = await t.as('user')
    const headers = { 'idempotency-key': 'twice' }
    const made = await user.send('POST', '/auth/api-keys', { name: 'my phone' }, headers)
    assert.equal(made.status, 201, made.text)
    const { id, key, ...shown } = made.body
    assert.match(key, /^tutti_[0-9A-Za-z]{49}$/)
    assert.deepEqual(shown, {
      name: 'my phone',
      hint: key.slice(0, 10),
      scopes: ['read'],
      createdAt: shown.createdAt,
      expiresAt: null,
    })
    const again = await user.send('POST', '/auth/api-keys', { name: 'my phone' }, headers)
    assert.notEqual(again.body.key, key, 'an answer with a secret is not repeated')
    const list = await user.get('/auth/api-keys')
    assert.deepEqual(list.body.items.at(-1), { id, ...shown, usedAt: null })
    assert.deepEqual(
      list.body.items.map((k: { id: string }) => k.id),
      [again.body.id, id],
    )
    assert.ok(!list.text.includes(key.slice(0, 20)))
    const stored = JSON.stringify([
      await sql('select * from identity.api_keys'),
      await sql('select * from identity.audit_log'),
      await sql('select * from kernel.idempotency'),
    ])
    assert.ok(stored.includes(id) && !stored.includes(key.slice(10)))
    for (const k of [id, again.body.id]) assert.equal((await user.delete(`/auth/api-keys/${k}`)).status, 204)
  })

  test('acts as its owner, and is noted as used', async () => {
    const user = await t.as('user')
    const { client, id } = await make(user)
    const me = await client.get('/auth/me')
    assert.deepEqual([me.status, me.body.id], [200, user.userId], me.text)
    const usedAt = async () =>
      ((await user.get('/auth/api-keys')).body.items as { id: string; usedAt: string | null }[]).find(
        (k) => k.id === id,
      )?.usedAt
    assert.ok(Math.abs(Date.now() - Date.parse((await usedAt()) ?? '')) < HOUR_MS)
  })

  test('what is wrong with the wish for a key is said', async () => {
    const user = await t.as('user')
    const cases: [object, number, string][] = [
      [{}, 400, 'invalid_input'],
      [{ name: '' }, 400, 'invalid_input'],
      [{ name: 'x'.repeat(81) }, 400, 'invalid_input'],
      [{ name: 'x', scopes: [] }, 400, 'invalid_input'],
      [{ name: 'x', scopes: ['all'] }, 400, 'invalid_input'],
      [{ name: 'x', scopes: ['read', 'read'] }, 400, 'invalid_input'],
      [{ name: 'x', role: 'admin' }, 400, 'invalid_input'],
      [{ name: 'x', userId: user.userId }, 400, 'invalid_input'],
      [{ name: 'x', expiresInDays: 0 }, 400, 'invalid_input'],
      [{ name: 'x', expiresAt: 'tomorrow' }, 400, 'invalid_input'],
      [{ name: 'x', expiresAt: inMs(-1000) }, 400, 'invalid_input'],
      [{ name: 'x', expiresAt: inMs(3651 * DAY_MS) }, 400, 'invalid_input'],
      [{ name: 'x', expiresAt: inMs(DAY_MS), expiresInDays: 1 }, 400, 'invalid_input'],
      [{ name: 'x', scopes: ['read', 'admin'] }, 403, 'role_required'],
    ]
    for (const [body, ...expected] of cases)
      assert.deepEqual(coded(await user.post('/auth/api-keys', body)), expected, JSON.stringify(body))
    const until = inMs(7 * DAY_MS)
    assert.equal((await user.post('/auth/api-keys', { name: 'x', expires_at: until })).body.expiresAt, until)
    const days = (await user.post('/auth/api-keys', { name: '🎧'.repeat(80), expiresInDays: 30 })).body
    assert.ok(Math.abs(Date.parse(days.expiresAt) - Date.now() - 30 * DAY_MS) < HOUR_MS)
  })

  test('one person has at most 50, also when all are asked for at once; expired ones make room', async () => {
    const user = await t.as('stranger')
    const ask = () => user.post('/auth/api-keys', { name: 'one of many' })
    const all = await Promise.all(Array.from({ length: 55 }, ask))
    assert.equal(all.filter((a) => a.status === 201).length, 50)
    const refused = all.filter((a) => a.status !== 201)
    assert.deepEqual(
      refused.map((a) => coded(a).join(' ')),
      Array(5).fill('409 too_many_api_keys'),
    )
    assert.equal((await user.get('/auth/api-keys')).body.items.length, 50)
    await sql(`update identity.api_keys set expires_at = now() where id = $1`, [
      all.find((a) => a.status === 201)?.body.id,
    ])
    assert.equal((await user.get('/auth/api-keys')).body.items.length, 50, 'an expired key is shown a while')
    assert.equal((await ask()).status, 201)
    assert.equal((await ask()).status, 409)
    await sql('delete from identity.api_keys where user_id = $1', [user.userId])
  })

  test('no key makes, lists or ends keys or sessions, whatever its scopes', async () => {
    const admin = await t.as('admin')
    const { client, id } = await make(admin, { scopes: ['read', 'write', 'admin'] })
    const tries = [
      ['POST', '/auth/api-keys', { name: 'more', scopes: ['read'] }],
      ['POST', '/auth/api-keys', { name: 'more', scopes: ['admin'] }],
      ['GET', '/auth/api-keys', undefined],
      ['DELETE', `/auth/api-keys/${id}`, undefined],
      ['GET', '/auth/sessions', undefined],
      ['DELETE', '/auth/sessions', undefined],
    ] as const
    for (const [method, path, body] of tries)
      assert.deepEqual(coded(await client.send(method, path, body)), [403, 'session_required'], `${method} ${path}`)
    assert.equal((await admin.get('/auth/me')).status, 200, 'the session lives')
  })

  test("another's key cannot be seen or ended", async () => {
    const [user, stranger] = [await t.as('user'), await t.as('stranger')]
    const { id, client } = await make(user)
    for (const other of [stranger, await t.as('admin')]) {
      assert.deepEqual(coded(await other.delete(`/auth/api-keys/${id}`)), [404, 'not_found'])
      assert.ok(!(await other.get('/auth/api-keys')).text.includes(id))
    }
    assert.equal((await t.nobody.delete(`/auth/api-keys/${id}`)).status, 401)
    assert.equal((await client.get('/auth/me')).status, 200)
  })

  test('an ended key is refused at once, in every process', async () => {
    const user = await t.as('user')
    const { id, key, client } = await make(user)
    const elsewhere = clientFor(two.url, key, user.userId)
    assert.equal((await client.get('/auth/me')).status, 200)
    assert.equal((await elsewhere.get('/auth/me')).status, 200)
    assert.equal((await user.delete(`/auth/api-keys/${id}`)).status, 204)
    assert.equal((await client.get('/auth/me')).status, 401)
    await two.eventually(
      async () => (await elsewhere.get('/auth/me')).status === 401,
      'the other process to hear',
      2000,
    )
    assert.equal((await user.delete(`/auth/api-keys/${id}`)).status, 404)
    assert.equal((await user.get('/auth/me')).status, 200, 'sessions live on')
  })

  test('a key ends with its time, though it was just used', async () => {
    const user = await t.as('user')
    const { client } = await make(user, { expiresAt: inMs(3000) })
    assert.equal((await client.get('/auth/me')).status, 200)
    await t.eventually(async () => (await client.get('/auth/me')).status === 401, 'the key to expire', 7000)
  })

  test('its use is written at most once a minute', async () => {
    const { client, id } = await make(await t.as('user'))
    const set = (ago: string) =>
      sql(`update identity.api_keys set used_at = now() - $2::interval where id = $1`, [id, ago])
    const ageSec = async () =>
      Number(
        (await sql('select extract(epoch from now() - used_at) as s from identity.api_keys where id = $1', [id]))[0]?.s,
      )
    /** Forgets what the process remembers of credentials. */
    const anew = () => t.app.ports.pubsub.publish('kernel.access-ended', { userId: client.userId })
    await set('50 seconds')
    await client.get('/auth/me')
    assert.ok((await ageSec()) >= 50)
    await set('70 seconds')
    await anew()
    await client.get('/auth/me')
    await t.eventually(async () => (await ageSec()) < 50, 'the use to be noted', 7000)
  })

  test('what was made up or mistyped is refused like what has ended', async () => {
    const { key } = await make(await t.as('user'))
    const swapped = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0')
    for (const wrong of [swapped, key.slice(0, -1), `${key}0`, 'tutti_', `tutti_${'0'.repeat(49)}`])
      assert.equal((await clientFor(t.url, wrong, '').get('/auth/me')).status, 401, wrong)
  })

  test('an expired key is shown for a month', async () => {
    const user = await account(t, 'forgetful')
    const ids: string[] = []
    for (const ago of ['29 days', '31 days', '-1 day']) {
      const { id } = await make(user)
      await sql(`update identity.api_keys set expires_at = now() - $2::interval where id = $1`, [id, ago])
      ids.push(id)
    }
    const prune = t.app.wired.flatMap((w) => w.running.cron ?? []).find((c) => c.name === 'identity.prune-api-keys')
    await prune?.run(new AbortController().signal)
    const left = (await user.get('/auth/api-keys')).body.items as { id: string }[]
    assert.deepEqual(left.map((k) => k.id).sort(), [ids[0], ids[2]].sort())
  })
})
