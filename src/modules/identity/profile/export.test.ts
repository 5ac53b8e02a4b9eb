import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newId } from '#kernel/ids.ts'
import { type Client, startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { KEPT_OF_PERSON } from './export.ts'
import { png } from '#test/fixtures/audio.ts'

describe('everything that is kept of me', () => {
  let t: TestApp
  let user: Client
  let stranger: Client
  let admin: Client
  before(async () => {
    t = await startTestApp({ modules: [identity] })
    admin = await t.as('admin')
    user = await t.as('user')
    stranger = await t.as('stranger')
  })
  after(() => t.stop())
  const sql = (text: string, values: unknown[]) => t.app.ports.db.pool.query(text, values)

  test('stands in one file, without anything that would let its finder in, and without others', async () => {
    const key = (await user.post('/auth/api-keys', { name: 'Player', scopes: ['read'] })).body
    await sql(
      `insert into identity.identities (id, user_id, provider, issuer, subject, email, name, tokens) values ($1, $2, 'spotify', 'https://accounts.spotify.com', 'sp-1', 'me@elsewhere.example', 'Me', 'sealed:tokens')`,
      [newId(), user.userId],
    )
    await sql(
      `insert into identity.flows (state_hash, provider, verifier, nonce, redirect_uri, return_to, user_id, expires_at) values ('\\x01', 'spotify', 'sealed:verifier', 'once', 'http://127.0.0.1/callback', '/settings', $1, now() + interval '1 hour')`,
      [user.userId],
    )
    await user.put(`/blocks/${stranger.userId}`)
    await stranger.put(`/blocks/${user.userId}`)
    await user.patch('/users/me', { displayName: 'Ünal "the" <ear>', preferences: { theme: 'dark' } })
    await fetch(`${t.url}/api/v1/users/me/avatar`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${user.token}` },
      body: Uint8Array.from(png(32, 32)),
    })
    await admin.patch(`/admin/users/${user.userId}/role`, { role: 'artist' })
    const again = await t.nobody.post('/auth/login', { username: 'user', password: 'correct horse battery' })

    const asked = await user.get('/users/me/export')
    assert.equal(asked.status, 200, asked.text)
    assert.match(asked.headers.get('content-type') ?? '', /^application\/json/)
    assert.match(
      asked.headers.get('content-disposition') ?? '',
      /^attachment; filename="tutti-user-\d{4}-\d\d-\d\d\.json"$/,
    )
    assert.match(asked.headers.get('cache-control') ?? '', /no-store/)
    const { body } = asked
    assert.deepEqual([body.format, body.version], ['tutti-export', 1])
    assert.equal(body.account.displayName, 'Ünal "the" <ear>')
    assert.equal(body.account.email, 'user@example.org')
    assert.equal(body.preferences.theme, 'dark')
    assert.equal(Buffer.from(body.avatar.base64, 'base64').subarray(8, 12).toString(), 'WEBP')
    assert.equal(body.sessions.length, 3)
    assert.equal(body.apiKeys[0].name, 'Player')
    assert.equal(body.linkedAccounts[0].subject, 'sp-1')
    assert.equal(body.signInsUnderWay[0].returnTo, '/settings')
    assert.deepEqual(
      body.blocks.map((b: { blockedId: string }) => b.blockedId),
      [stranger.userId],
    )
    const actions = body.audit.map((e: { action: string }) => e.action)
    for (const action of [
      'account.registered',
      'sign-in.succeeded',
      'api-key.made',
      'account.role-changed',
      'account.exported',
    ])
      assert.ok(actions.includes(action), action)
    const byAdmin = body.audit.find((e: { action: string }) => e.action === 'account.role-changed')
    assert.deepEqual([byAdmin.byYou, byAdmin.aboutYou, byAdmin.address, byAdmin.userAgent], [false, true, null, null])
    const { rows } = await t.app.ports.db.pool.query<{ password_hash: string }>(
      'select password_hash from identity.users',
    )
    const secrets = [
      ...rows.map((r) => r.password_hash),
      key.key,
      key.secret,
      user.token,
      again.body.refreshToken,
      again.body.accessToken,
      'sealed:tokens',
      'sealed:verifier',
    ].filter((s): s is string => typeof s === 'string')
    assert.ok(secrets.length >= 8, `${secrets.length}`)
    for (const secret of secrets) assert.ok(!asked.text.includes(secret), secret)
    assert.ok(!asked.text.includes(admin.userId), 'who the admin is')
    assert.ok(!asked.text.includes('stranger@example.org'))
  })

  test('every column of every table that hangs on an account is in the file, or withheld on purpose', async () => {
    const { rows } = await t.app.ports.db.pool.query<{ table: string; column: string }>(`
      select format('%s.%s', n.nspname, c.relname) as table, a.attname as column from pg_constraint k
      join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where k.contype = 'f' and k.confrelid = 'identity.users'::regclass group by 1, 2`)
    const inDatabase = new Set(rows.map((r) => `${r.table}.${r.column}`))
    const known = Object.values(KEPT_OF_PERSON).flatMap((o) =>
      [...o.columns, ...o.withheld].map((column) => `${o.table}.${column}`),
    )
    assert.deepEqual(known.toSorted(), [...inDatabase].toSorted())
  })

  test('for oneself alone, and only when signed in', async () => {
    assert.equal((await t.nobody.get('/users/me/export')).status, 401)
    const mine = (await stranger.get('/users/me/export')).body
    assert.equal(mine.account.id, stranger.userId)
    const { key } = (await stranger.post('/auth/api-keys', { name: 'All', scopes: ['read', 'write'] })).body
    const byKey = await t.nobody.get('/users/me/export', { authorization: `Bearer ${key}` })
    assert.deepEqual([byKey.status, byKey.body.code], [403, 'session_required'], byKey.text)
  })
})
