import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { io } from 'socket.io-client'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'

const ann = { email: 'Ann@Example.org', username: 'ann', password: 'rainy evening jazz' }

describe('accounts and sessions', () => {
  let t: TestApp
  before(async () => {
    t = await startTestApp({ modules: [identity] })
  })
  after(() => t.stop())
  const post = (path: string, body?: unknown, headers?: Record<string, string>) =>
    t.nobody.send('POST', path, body, headers)

  test('the first account becomes admin, the second a user, and a role in the body is refused', async () => {
    assert.deepEqual((await t.nobody.get('/auth/setup')).body, { needsFirstAccount: true, needsSetupCode: false })
    const first = await post('/auth/register', ann)
    assert.equal(first.status, 201, first.text)
    assert.equal(first.body.user.role, 'admin')
    assert.equal(first.body.user.email, 'ann@example.org')
    assert.equal(first.body.expiresIn, 900)
    const second = await post('/auth/register', {
      email: 'bob@example.org',
      username: 'bob',
      password: 'four words are fine',
      fullName: 'Bob B.',
    })
    assert.equal(second.body.user.role, 'user')
    assert.equal(second.body.user.displayName, 'Bob B.')
    const evil = await post('/auth/register', {
      email: 'eve@example.org',
      username: 'eve',
      password: 'four words are fine',
      role: 'admin',
    })
    assert.equal(evil.status, 400)
    assert.equal(evil.body.code, 'invalid_input')
    assert.deepEqual(evil.body.errors, [{ path: '/role', message: 'is not a known field' }])
  })

  test('registrations at the same time make no second admin', async () => {
    await using fresh = await startTestApp({ modules: [identity] })
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        fresh.nobody.post('/auth/register', {
          email: `p${i}@example.org`,
          username: `person${i}`,
          password: 'four words are fine',
        }),
      ),
    )
    assert.deepEqual(made.map((m) => m.body.user.role).sort(), ['admin', ...Array(7).fill('user')])
  })

  test('what is wrong with an account is said', async () => {
    const cases: [object, number, string][] = [
      [{ ...ann, username: 'other' }, 409, 'name_taken'],
      [{ ...ann, email: 'other@example.org', username: 'ANN' }, 409, 'name_taken'],
      [{ ...ann, email: 'x@example.org', username: 'xx' }, 400, 'invalid_input'],
      [{ ...ann, email: 'not an address', username: 'xxx' }, 400, 'invalid_input'],
      [{ email: 'x@example.org', username: 'xxx', password: 'short' }, 400, 'invalid_input'],
      [{ email: 'x@example.org', username: 'xxx', password: 'Password123' }, 400, 'weak_password'],
      [{ email: 'x@example.org', username: 'xxx', password: 'aaaaaaaaaaaa' }, 400, 'weak_password'],
      [{ email: 'x@example.org', username: 'xxx', password: 'zero\u0000byte in it' }, 400, 'invalid_input'],
      [{}, 400, 'invalid_input'],
    ]
    for (const [body, status, code] of cases) {
      const answer = await post('/auth/register', body)
      assert.deepEqual([answer.status, answer.body.code], [status, code], JSON.stringify(body))
    }
  })

  test('login by e-mail or username; unknown and wrong answer the same', async () => {
    for (const login of [{ email: 'ANN@example.org' }, { username: 'ann' }, { username: 'Ann' }, { email: 'ann' }]) {
      const answer = await post('/auth/login', { ...login, password: ann.password })
      assert.equal(answer.status, 200, answer.text)
      assert.equal(
        (await t.nobody.get('/auth/me', { authorization: `Bearer ${answer.body.accessToken}` })).body.username,
        'ann',
      )
    }
    const wrong = await post('/auth/login', { username: 'ann', password: 'not this one' })
    const unknown = await post('/auth/login', { username: 'nobody-here', password: 'not this one' })
    const { requestId: _1, ...a } = wrong.body
    const { requestId: _2, ...b } = unknown.body
    assert.equal(wrong.status, 401)
    assert.deepEqual(a, b)
    assert.equal((await post('/auth/login', { password: 'x' })).status, 400)
  })

  test('many wrong passwords for one name are stopped, from wherever they come, account or not', async () => {
    const eve = { email: 'eve@example.org', username: 'eve-adams', password: 'four words are fine' }
    assert.equal((await post('/auth/register', eve)).status, 201)
    for (const logins of [[{ username: 'eve-adams' }, { username: 'EVE-Adams' }], [{ username: 'no-such-person' }]]) {
      const guess = (i: number, password = 'wrong') => post('/auth/login', { ...logins[i % logins.length], password })
      const first = await Promise.all(Array.from({ length: 20 }, (_, i) => guess(i)))
      assert.deepEqual(new Set(first.map((a) => a.status)), new Set([401]))
      const stopped = await guess(1, eve.password)
      assert.deepEqual([stopped.status, stopped.body.code], [429, 'rate_limited'])
      assert.ok(Number(stopped.headers.get('retry-after')) > 0)
    }
    assert.equal((await post('/auth/login', { username: 'ann', password: ann.password })).status, 200)
  })

  test('refresh rotates; an old refresh token ends the whole session', async () => {
    const first = (await post('/auth/login', { username: 'ann', password: ann.password })).body
    const second = await post('/auth/refresh', { refreshToken: first.refreshToken })
    assert.equal(second.status, 200)
    assert.notEqual(second.body.refreshToken, first.refreshToken)
    const me = () => t.nobody.get('/auth/me', { authorization: `Bearer ${second.body.accessToken}` })
    assert.equal((await me()).status, 200)
    const reuse = await post('/auth/refresh', { refreshToken: first.refreshToken })
    assert.deepEqual([reuse.status, reuse.body.code], [401, 'refresh_reused'])
    assert.equal((await post('/auth/refresh', { refresh_token: second.body.refreshToken })).status, 401)
    assert.deepEqual([(await me()).status, (await me()).body.code], [401, 'session_ended'])
  })

  test('two uses of one refresh token at the same time: at most one new pair', async () => {
    const { refreshToken } = (await post('/auth/login', { username: 'ann', password: ann.password })).body
    const both = await Promise.all([post('/auth/refresh', { refreshToken }), post('/auth/refresh', { refreshToken })])
    assert.deepEqual(both.map((b) => b.status).sort(), [200, 401])
  })

  test('logout ends the session at once, and is kind to an expired or missing token', async () => {
    const { accessToken, refreshToken } = (await post('/auth/login', { username: 'ann', password: ann.password })).body
    const auth = { authorization: `Bearer ${accessToken}` }
    assert.equal((await post('/auth/logout', undefined, auth)).status, 204)
    assert.equal((await t.nobody.get('/auth/me', auth)).status, 401)
    assert.equal((await post('/auth/refresh', { refreshToken })).status, 401)
    assert.equal((await post('/auth/logout')).status, 204)
    assert.equal((await post('/auth/logout', undefined, { authorization: 'Bearer nonsense' })).status, 204)
  })

  test('an expired access token still signs out its session', async () => {
    await using short = await startTestApp({ modules: [identity], config: { accessTokenTtlSec: 1 } })
    const { accessToken, refreshToken } = (await short.nobody.post('/auth/register', ann)).body
    const auth = { authorization: `Bearer ${accessToken}` }
    await short.eventually(
      async () => (await short.nobody.get('/auth/me', auth)).body.code === 'token_expired',
      'the token to expire',
    )
    assert.equal((await short.nobody.send('POST', '/auth/logout', undefined, auth)).status, 204)
    assert.equal((await short.nobody.post('/auth/refresh', { refreshToken })).status, 401)
  })

  test('cookie mode: httpOnly cookies, empty tokens, other origins refused', async () => {
    const answer = await post(
      '/auth/login',
      { username: 'ann', password: ann.password },
      { 'x-tutti-session': 'cookie' },
    )
    assert.equal(answer.body.accessToken, '')
    assert.equal(answer.body.refreshToken, '')
    const cookies = answer.headers.getSetCookie()
    assert.ok(
      cookies.length === 2 &&
        cookies.every((c) => /HttpOnly/i.test(c) && /SameSite=Lax/i.test(c) && /Path=\//i.test(c)),
    )
    const cookie = cookies.map((c) => c.split(';')[0]).join('; ')
    assert.equal((await t.nobody.get('/auth/me', { cookie })).status, 200)
    const own = { cookie, origin: t.url, 'x-tutti-session': 'cookie' }
    const foreign = { ...own, origin: 'https://evil.example' }
    assert.deepEqual(
      [(await post('/auth/refresh', {}, foreign)).status, (await post('/auth/refresh', {}, { cookie })).status],
      [403, 403],
    )
    const refreshed = await post('/auth/refresh', {}, own)
    assert.equal(refreshed.status, 200, refreshed.text)
    const next = refreshed.headers
      .getSetCookie()
      .map((c) => c.split(';')[0])
      .join('; ')
    const left = await post('/auth/logout', undefined, { cookie: next, origin: t.url })
    assert.equal(left.status, 204)
    assert.ok(left.headers.getSetCookie().some((c) => c.startsWith('tutti-access=;')))
    assert.equal((await t.nobody.get('/auth/me', { cookie: next })).status, 401)
  })

  test('bad credentials are 401 everywhere, never ignored', async () => {
    for (const authorization of ['Bearer x', 'Basic YTpi', 'Bearer ', 'Bearer eyJhbGciOiJub25lIn0.e30.']) {
      assert.equal((await t.nobody.get('/auth/me', { authorization })).status, 401, authorization)
      assert.equal(
        (await t.nobody.get('/users/0190f5d0-0000-7000-8000-000000000000', { authorization })).status,
        401,
        authorization,
      )
    }
  })

  test('anyone may see the public part of a user, and no more', async () => {
    const user = await t.nobody.get('/users/me')
    assert.equal(user.status, 401)
    const { user: who } = (await post('/auth/login', { username: 'ann', password: ann.password })).body
    assert.deepEqual((await t.nobody.get(`/users/${who.id}`)).body, {
      id: who.id,
      username: 'ann',
      displayName: 'ann',
      avatarUrl: null,
    })
    assert.equal((await t.nobody.get('/users/0190f5d0-0000-7000-8000-000000000000')).status, 404)
    assert.equal((await t.nobody.get('/users/not-an-id')).status, 400)
  })

  test('a socket needs a token, and closes within a second of sign-out', async () => {
    const { accessToken } = (await post('/auth/login', { username: 'ann', password: ann.password })).body
    for (const space of ['/', '/realtime']) {
      const refused = await outcome(`${t.url}${space}`, 'nonsense')
      assert.equal(refused, 'token_invalid')
      assert.equal(await outcome(`${t.url}${space}`, accessToken), 'connected')
    }
    const socket = io(`${t.url}/realtime`, {
      auth: { token: accessToken },
      transports: ['websocket'],
      reconnection: false,
    })
    await new Promise((resolve) => socket.on('connected', resolve))
    const closed = new Promise<number>((resolve) => socket.on('disconnect', () => resolve(Date.now())))
    const at = Date.now()
    await post('/auth/logout', undefined, { authorization: `Bearer ${accessToken}` })
    assert.ok((await closed) - at < 1000)
  })
})

function outcome(url: string, token: string): Promise<string> {
  const socket = io(url, { auth: { token }, transports: ['websocket'], reconnection: false, forceNew: true })
  return new Promise<string>((resolve) => {
    socket.on('connected', () => resolve('connected'))
    socket.on('connect_error', (err) => resolve((err as Error & { data?: { code: string } }).data?.code ?? err.message))
  }).finally(() => socket.close())
}

describe('the first account beyond loopback', () => {
  test('needs the code from the log; a second start keeps the code', async () => {
    await using t = await startTestApp({ modules: [identity], config: { host: '0.0.0.0' } })
    assert.deepEqual((await t.nobody.get('/auth/setup')).body, { needsFirstAccount: true, needsSetupCode: true })
    const without = await t.nobody.post('/auth/register', ann)
    assert.deepEqual([without.status, without.body.code], [403, 'setup_code_needed'])
    assert.equal((await t.nobody.post('/auth/register', { ...ann, setupCode: 'WRONG' })).status, 403)
    const { rows } = await t.app.ports.db.pool.query<{ code: string }>('select code from identity.setup_code')
    const right = await t.nobody.post('/auth/register', { ...ann, setupCode: rows[0]?.code })
    assert.equal(right.body.user.role, 'admin')
    assert.equal(
      (
        await t.nobody.post('/auth/register', {
          email: 'b@example.org',
          username: 'bob',
          password: 'four words are fine',
        })
      ).status,
      201,
    )
  })

  test('is asked for behind a proxy too, where a loopback address is open to all', async () => {
    for (const [publicUrl, needsSetupCode] of [
      ['https://music.example.org', true],
      ['http://localhost:8080', false],
      ['http://[::1]:8080', false],
    ] as const) {
      await using t = await startTestApp({ modules: [identity], config: { publicUrl } })
      const setup = await t.nobody.get('/auth/setup')
      assert.deepEqual(setup.body, { needsFirstAccount: true, needsSetupCode }, publicUrl)
    }
  })
})
