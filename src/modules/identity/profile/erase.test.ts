import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { io } from 'socket.io-client'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { png } from '#test/fixtures/images.ts'

const PASSWORD = 'correct horse battery'

const erase = (who: Client, body?: object) => who.send('DELETE', '/users/me', body)

describe('leaving for good', () => {
  let t: TestApp
  let n = 0
  let leaver: Client
  let name: string
  before(async () => {
    t = await startTestApp({ modules: [identity] })
    await t.as('admin')
  })
  after(() => t.stop())
  beforeEach(async () => {
    name = `leaver-${(n += 1)}`
    const made = await t.nobody.post('/auth/register', {
      email: `${name}@example.org`,
      username: name,
      password: PASSWORD,
    })
    leaver = clientFor(t.url, made.body.accessToken, made.body.user.id)
  })
  const isThere = async () => (await t.nobody.get(`/users/${leaver.userId}`)).status === 200

  test('needs the password, and the right one; a wrong one counts', async () => {
    for (const [body, status, code] of [
      [undefined, 400, 'invalid_input'],
      [{}, 400, 'invalid_input'],
      [{ username: name }, 400, 'invalid_input'],
      [{ password: 'wrong' }, 403, 'wrong_password'],
      [{ password: PASSWORD, reason: 'bored' }, 400, 'invalid_input'],
    ] as const) {
      const answer = await erase(leaver, body)
      assert.deepEqual([answer.status, answer.body.code], [status, code], answer.text)
    }
    const byAddress = await leaver.send('DELETE', `/users/me?password=${encodeURIComponent(PASSWORD)}`)
    assert.equal(byAddress.status, 400, 'a password in an address is none')
    assert.ok(await isThere())
    const guesses = await Promise.all(Array.from({ length: 25 }, () => erase(leaver, { password: 'guess' })))
    assert.ok(guesses.some((a) => a.status === 429))
    assert.ok(await isThere())
  })

  for (const [method, path] of [
    ['DELETE', '/users/me'],
    ['DELETE', '/users/profile'],
    ['POST', '/users/me/erase'],
  ] as const)
    test(`${method} ${path}: everything that acts as the account ends at once`, async () => {
      const other = await t.nobody.post('/auth/login', { username: name, password: PASSWORD })
      const socket = io(t.url, { transports: ['websocket'], auth: { token: leaver.token }, reconnection: false })
      await new Promise((resolve) => void socket.once('connected', resolve))
      const closed = new Promise((resolve) => void socket.once('disconnect', resolve))
      const answer = await leaver.send(method, path, { password: PASSWORD })
      assert.deepEqual([answer.status, answer.text], [204, ''])
      await closed
      for (const token of [leaver.token, other.body.accessToken]) {
        const asked = await t.nobody.get('/users/me', { authorization: `Bearer ${token}` })
        assert.deepEqual([asked.status, asked.body.code], [401, 'session_ended'])
      }
      assert.equal((await t.nobody.post('/auth/refresh', { refreshToken: other.body.refreshToken })).status, 401)
      const again = await t.nobody.post('/auth/login', { username: name, password: PASSWORD })
      assert.deepEqual([again.status, again.body.code], [401, 'wrong_login'])
      assert.equal(await isThere(), false)
      const anew = await t.nobody.post('/auth/register', {
        email: `${name}@example.org`,
        username: name,
        password: PASSWORD,
      })
      assert.equal(anew.status, 201, 'the name is free again')
      assert.notEqual(anew.body.user.id, leaver.userId)
    })

  test('an account without a password confirms by its name', async () => {
    await t.app.ports.db.pool.query('update identity.users set password_hash = null where id = $1', [leaver.userId])
    for (const body of [undefined, { password: PASSWORD }, { username: 'somebody' }]) {
      const answer = await erase(leaver, body)
      assert.deepEqual(
        [answer.status, answer.body.code, answer.body.errors?.[0]?.path],
        [400, 'invalid_input', '/username'],
      )
    }
    assert.equal((await erase(leaver, { username: name.toUpperCase() })).status, 204)
  })

  test('the last admin stays; with another one they may go', async () => {
    const admin = await t.as('admin')
    const refused = await erase(admin, { password: PASSWORD })
    assert.deepEqual([refused.status, refused.body.code], [409, 'last_admin'])
    assert.equal((await admin.get('/users/me')).status, 200)
    const role = (id: string, to: string) =>
      t.app.ports.db.pool.query('update identity.users set role = $2 where id = $1', [id, to])
    await role(leaver.userId, 'admin')
    assert.equal((await erase(leaver, { password: PASSWORD })).status, 204)
  })

  test('two admins who leave at the same time do not both', async () => {
    await using fresh = await startTestApp({ modules: [identity] })
    const admins = await Promise.all(
      ['one', 'two'].map(async (username) => {
        const made = await fresh.nobody.post('/auth/register', {
          email: `${username}@example.org`,
          username,
          password: PASSWORD,
        })
        return clientFor(fresh.url, made.body.accessToken, made.body.user.id)
      }),
    )
    await fresh.app.ports.db.pool.query(`update identity.users set role = 'admin'`)
    const answers = await Promise.all(admins.map((a) => erase(a, { password: PASSWORD })))
    assert.deepEqual(answers.map((a) => a.status).sort(), [204, 409])
  })

  test('a process that dies right after it erased leaves the rest to the next one', async () => {
    const all = await startTestApp({ modules: [identity] })
    const keep = { dataDir: all.dataDir, databaseUrl: all.databaseUrl }
    await all.as('admin')
    const user = await all.as('user')
    await all.app.stop()
    const dying = await startTestApp({ modules: [identity], keep, duties: ['http'] })
    const her = clientFor(dying.url, user.token, user.userId)
    const picture = {
      method: 'PUT',
      headers: { authorization: `Bearer ${user.token}` },
      body: Uint8Array.from(png(9, 9)),
    }
    assert.equal((await fetch(`${dying.url}/api/v1/users/me/avatar`, picture)).status, 200)
    assert.equal((await erase(her, { password: PASSWORD })).status, 204)
    const count = async (app: TestApp, text: string) =>
      (await app.app.ports.db.pool.query(text, [user.userId])).rows.length
    // What a transaction that began before the erasure, and ended after it, may have written.
    const late = `insert into identity.audit_log (id, action, actor_id, address) values (gen_random_uuid(), 'session.ended', $1, '203.0.113.9')`
    await count(dying, late)
    assert.equal(
      (await readdir(join(keep.dataDir, 'blobs/identity/avatars'))).filter((f) => !f.startsWith('.')).length,
      1,
    )
    await dying.app.stop()
    const next = await startTestApp({ modules: [identity], keep })
    await next.eventually(async () => {
      const files = await readdir(join(keep.dataDir, 'blobs/identity/avatars'))
      const traces = `select from identity.audit_log where actor_id = $1 or address = '203.0.113.9'`
      return files.length === 0 && (await count(next, traces)) === 0
    }, 'picture and traces to be gone')
    await next.app.stop()
    await all.stop()
  })

  test('nobody erases nobody, and a key that may write cannot', async () => {
    assert.equal((await erase(t.nobody, { password: PASSWORD })).status, 401)
    const { key } = (await leaver.post('/auth/api-keys', { name: 'All', scopes: ['read', 'write'] })).body
    const byKey = await erase(clientFor(t.url, key, ''), { password: PASSWORD })
    assert.deepEqual([byKey.status, byKey.body.code], [403, 'session_required'])
    assert.ok(await isThere())
  })
})
