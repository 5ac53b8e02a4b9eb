import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { listen, OTHER_PASSWORD, PASSWORD, startWorld, type World } from './testing-world.ts'

describe('another password', () => {
  let w: World
  before(async () => {
    w = await startWorld()
    await w.account('admin')
  })
  after(() => w[Symbol.asyncDispose]())
  const change = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD }

  test('ends the other sessions and their sockets at once; this one goes on with new tokens', async () => {
    const ann = await w.account('ann')
    const other = await w.signIn('ann')
    const [own, others] = [await listen(w.t.url, ann.token), await listen(w.t.url, other.token)]
    const done = await ann.post('/auth/change-password', change)
    assert.equal(done.status, 200, done.text)
    await others.closed
    assert.equal((await other.get('/auth/me')).body.code, 'session_ended')
    assert.equal((await w.t.nobody.post('/auth/refresh', { refreshToken: other.refreshToken })).status, 401)
    assert.equal(own.isOpen(), true)
    assert.equal((await ann.get('/auth/me')).status, 200)
    const sessions = (await ann.get('/auth/sessions')).body.items as { isCurrent: boolean }[]
    assert.deepEqual(
      sessions.map((s) => s.isCurrent),
      [true],
    )
    const next = await w.t.nobody.post('/auth/refresh', { refreshToken: done.body.refreshToken })
    assert.equal(next.status, 200, 'the new tokens are of the session that stayed')
    assert.equal((await w.login('ann')).status, 401)
    assert.equal((await w.login('ann', OTHER_PASSWORD)).status, 200)
    own.close()
    await w.t.eventually(
      async () => w.smtp.mails.some((m) => m.to.includes(ann.email) && /password was changed/.test(m.plain)),
      'the notice',
    )
    const told = await w.sql(
      `select detail from identity.audit_log where subject_id = $1 and action = 'account.password-changed'`,
      [ann.userId],
    )
    assert.deepEqual(told, [{ detail: { sessions: 1 } }])
  })

  test('the refresh token of before is of a thief from now on', async () => {
    const bob = await w.account('bob')
    const { body } = await bob.post('/auth/change-password', change)
    const reuse = await w.t.nobody.post('/auth/refresh', { refreshToken: bob.refreshToken })
    assert.deepEqual([reuse.status, reuse.body.code], [401, 'refresh_reused'])
    assert.equal((await w.t.nobody.post('/auth/refresh', { refreshToken: body.refreshToken })).status, 401)
  })

  test('in cookie mode the new tokens are cookies', async () => {
    await w.account('cat')
    const cookieMode = { 'x-tutti-session': 'cookie', origin: w.t.url }
    const login = await w.t.nobody.send('POST', '/auth/login', { username: 'cat', password: PASSWORD }, cookieMode)
    const cookie = login.headers
      .getSetCookie()
      .map((c) => c.split(';')[0])
      .join('; ')
    const foreign = await w.t.nobody.send('POST', '/auth/change-password', change, {
      ...cookieMode,
      cookie,
      origin: 'https://evil.example',
    })
    assert.deepEqual([foreign.status, foreign.body.code], [403, 'wrong_origin'])
    const done = await w.t.nobody.send('POST', '/auth/change-password', change, { ...cookieMode, cookie })
    assert.equal(done.status, 200, done.text)
    assert.deepEqual([done.body.accessToken, done.body.refreshToken], ['', ''])
    assert.equal(done.headers.getSetCookie().filter((c) => /HttpOnly/.test(c)).length, 2)
  })

  test('needs the present one, and a good new one', async () => {
    const dan = await w.account('dan')
    const cases: [object, number, string, string?][] = [
      [{ ...change, currentPassword: 'guessed' }, 403, 'wrong_password'],
      [{ newPassword: OTHER_PASSWORD }, 400, 'invalid_input', '/currentPassword'],
      [{ ...change, newPassword: 'password123' }, 400, 'weak_password', '/newPassword'],
      [{ ...change, newPassword: 'short' }, 400, 'invalid_input', '/newPassword'],
      [{ ...change, role: 'admin' }, 400, 'invalid_input', '/role'],
    ]
    for (const [body, status, code, path] of cases) {
      const answer = await dan.post('/auth/change-password', body)
      assert.deepEqual([answer.status, answer.body.code, answer.body.errors?.[0]?.path], [status, code, path])
    }
    assert.equal((await w.t.nobody.post('/auth/change-password', change)).status, 401)
    assert.equal((await w.login('dan')).status, 200)
  })

  test('a stolen session cannot guess on and on, and its guesses do not lock the owner out', async () => {
    const eve = await w.account('eve')
    const guesses = await Promise.all(
      Array.from({ length: 25 }, (_, i) =>
        eve.post('/auth/change-password', { ...change, currentPassword: `guess ${i}` }),
      ),
    )
    const statuses = guesses.map((g) => g.status)
    assert.deepEqual([statuses.filter((s) => s === 403).length, statuses.filter((s) => s === 429).length], [20, 5])
    assert.equal((await eve.post('/auth/change-password', change)).status, 429, 'not even the right one')
    assert.equal((await w.login('eve')).status, 200)
  })

  test('whoever types the id of an account at the sign-in does not use up what its owner has', async () => {
    const gil = await w.account('gil')
    const typed = await Promise.all(Array.from({ length: 21 }, () => w.login(gil.userId)))
    assert.equal(typed.filter((a) => a.status === 429).length, 1)
    assert.equal((await gil.post('/auth/change-password', change)).status, 200)
  })

  test('of two changes at once one wins', async () => {
    const fay = await w.account('fay')
    const both = await Promise.all(
      ['the first of both', 'the second of both'].map((newPassword) =>
        fay.post('/auth/change-password', { ...change, newPassword }),
      ),
    )
    assert.deepEqual(both.map((b) => b.status).sort(), [200, 409])
    assert.equal(both.find((b) => b.status === 409)?.body.code, 'changed_meanwhile')
  })
})
