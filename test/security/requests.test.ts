/** Attacks on requests: forged from other sites, with more in them than is asked for, at things of others. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { io } from 'socket.io-client'
import { type Answer, type Client, startTestApp, type TestApp } from '#kernel/testing.ts'
import { loadModules, MODULES, OFFERS } from '../../src/targets.ts'
import { minimalInput, requestFor, routesIn } from '../authorization/routes.ts'

const modules = await loadModules(Object.keys(MODULES))
const routes = routesIn(OFFERS.map((o) => o.contract))
const PASSWORD = 'correct horse battery'
const EVIL = 'https://evil.example'

/** What anyone may do without being signed in, another site may make anyone do. */
const isForAnyone = (answer: Answer, auth: string) =>
  auth === 'anyone' && answer.status !== 401 && !answer.headers.has('set-cookie')

describe('requests that are not what they seem', () => {
  let t: TestApp
  let user: Client
  let cookie: string
  before(async () => {
    t = await startTestApp({ modules, config: { rateLimitPerMin: 10_000_000 } })
    user = await t.as('user')
    cookie = await cookieOf('user')
  })
  after(() => t.stop())

  async function cookieOf(username: string): Promise<string> {
    const signed = await t.nobody.send(
      'POST',
      '/auth/login',
      { username, password: PASSWORD },
      { 'x-tutti-session': 'cookie' },
    )
    return signed.headers
      .getSetCookie()
      .map((c) => c.split(';')[0])
      .join('; ')
  }
  const meNow = async () => (await user.get('/auth/me')).body

  test('a page of another site changes nothing with the cookie', async () => {
    const changing = routes.filter((r) => r.method !== 'GET')
    assert.ok(changing.length > 10)
    const before = JSON.stringify(await meNow())
    for (const route of changing) {
      const { method, path, body } = requestFor(route, minimalInput(route))
      for (const headers of [
        { origin: EVIL },
        { origin: 'null' },
        { origin: `${t.url}.evil.example` },
        { 'sec-fetch-site': 'cross-site' },
      ]) {
        const answer = await t.nobody.send(method, path, body, { ...headers, cookie })
        assert.ok(
          answer.status === 403 ||
            (route.operation.tolerant === true && answer.status >= 400 && answer.headers.getSetCookie().length === 0) ||
            isForAnyone(answer, route.operation.auth),
          `${method} ${path} ${JSON.stringify(headers)}: ${answer.status} ${answer.text}`,
        )
      }
    }
    assert.equal(JSON.stringify(await meNow()), before)
    assert.equal((await t.nobody.get('/auth/me', { cookie })).status, 200, 'the session lives')
  })
  test('a form of another site cannot speak JSON', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/json',
    ])
      for (const path of ['/auth/login', '/auth/register', '/auth/refresh']) {
        const answer = await fetch(`${t.url}/api/v1${path}`, {
          method: 'POST',
          headers: { 'content-type': type },
          body: JSON.stringify({ username: 'user', password: PASSWORD }),
        })
        assert.ok([400, 401, 415].includes(answer.status), `${path} ${type}: ${answer.status}`)
        await answer.body?.cancel()
      }
  })

  test('another site may not read answers, nor open a socket with the cookie', async () => {
    const read = await t.nobody.get('/auth/me', { origin: EVIL, cookie })
    assert.equal(read.headers.get('access-control-allow-origin'), null)
    const asked = await t.nobody.send('OPTIONS', '/auth/me', undefined, {
      origin: EVIL,
      'access-control-request-method': 'DELETE',
    })
    assert.equal(asked.headers.get('access-control-allow-origin'), null)
    const socket = io(t.url, { transports: ['websocket'], reconnection: false, extraHeaders: { cookie, origin: EVIL } })
    const error = await new Promise<Error>((resolve, reject) => {
      socket.on('connect_error', resolve)
      socket.on('connected', () => reject(new Error('let in from another site')))
    }).finally(() => socket.close())
    assert.match(error.message, /web app itself/)
  })

  test('nothing changes by GET or HEAD', async () => {
    const changing = ['/auth/logout', '/auth/sessions', '/users/me', '/library/scan']
    for (const path of changing) await t.nobody.send('HEAD', path, undefined, { cookie })
    for (const path of changing) await t.nobody.get(path, { cookie })
    assert.equal((await t.nobody.get('/auth/me', { cookie })).status, 200)
  })

  test('a role, an id or a flag in a body is refused, not ignored', async () => {
    const base = { email: 'mallory@example.org', username: 'mallory', password: 'three blind mice sing' }
    for (const more of [
      { role: 'admin' },
      { isAdmin: true },
      { id: user.userId },
      { emailVerified: true },
      { is_blocked: false },
      { user: { role: 'admin' } },
    ]) {
      const answer = await t.nobody.post('/auth/register', { ...base, ...more })
      assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_input'], JSON.stringify(more))
    }
    const proto = await fetch(`${t.url}/api/v1/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"email":"m@example.org","username":"mallory","password":"three blind mice sing","__proto__":{"role":"admin"}}`,
    })
    assert.equal(proto.status, 400, 'a poisoned prototype is refused')
    await proto.body?.cancel()
    for (const more of [
      { role: 'admin' },
      { isBlocked: false },
      { email: 'x@example.org' },
      { id: user.userId },
      { preferences: { role: 'admin' } },
    ])
      for (const method of ['PATCH', 'PUT']) {
        const answer = await user.send(method, '/users/me', { displayName: 'Me', ...more })
        assert.ok(answer.status >= 400, `${method} ${JSON.stringify(more)}: ${answer.text}`)
      }
    const { role, email } = await meNow()
    assert.deepEqual([role, email], ['user', 'user@example.org'])
  })

  test('an account without a password is entered by none, nor by an empty one', async () => {
    const made = await t.nobody.post('/auth/register', {
      email: 'bare@example.org',
      username: 'bare',
      password: 'three blind mice sing',
    })
    await t.app.ports.db.pool.query('update identity.users set password_hash = null where id = $1', [made.body.user.id])
    for (const username of ['bare', 'bare@example.org', 'nobody-at-all'])
      for (const password of [
        '',
        ' ',
        'null',
        'undefined',
        '0',
        'three blind mice sing',
        '$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA',
      ]) {
        const answer = await t.nobody.post('/auth/login', { username, password })
        assert.ok([400, 401].includes(answer.status), `${username} "${password}": ${answer.text}`)
      }
    for (const body of [
      {},
      { username: 'bare' },
      { password: '' },
      { username: '', password: '' },
      { username: null, password: null },
      { username: ['user'], password: [PASSWORD] },
      { username: { $ne: null }, password: { $ne: null } },
    ])
      assert.ok([400, 401].includes((await t.nobody.post('/auth/login', body)).status), JSON.stringify(body))
  })

  const tell = async (path: string, body: object) => {
    const { status, body: said } = await t.nobody.post(path, body)
    return [status, said.code, said.detail]
  }
  test('who exists is told neither by answers nor by forgotten passwords', async () => {
    const known = await tell('/auth/login', { username: 'user', password: 'wrong wrong wrong' })
    assert.deepEqual(await tell('/auth/login', { username: 'no-such-user', password: 'wrong wrong wrong' }), known)
    assert.deepEqual(await tell('/auth/login', { email: 'user@example.org', password: 'wrong wrong wrong' }), known)
    const forgot = await tell('/auth/forgot-password', { email: 'user@example.org' })
    assert.equal(forgot[0], 202)
    assert.deepEqual(await tell('/auth/forgot-password', { email: 'no-such@example.org' }), forgot)
  })

  test('an address that leads elsewhere is not followed', async () => {
    for (const path of [
      '//evil.example',
      '//evil.example/..',
      '/\\evil.example',
      '/%2f%2fevil.example',
      '/.//evil.example',
      '/api/v1//evil.example',
    ]) {
      const location = await rawLocation(t.url, path)
      assert.ok(!location || (location.startsWith('/') && !location.startsWith('//')), `${path} -> ${location}`)
    }
  })

  test('an address of a client is believed only from a proxy that is trusted', async () => {
    const one = await startTestApp({ modules, config: { rateLimitAuthPerMin: 3 } })
    try {
      const codes: number[] = []
      for (let i = 0; i < 6; i++) {
        const headers = {
          'x-forwarded-for': `10.1.2.${i}`,
          forwarded: `for=10.1.2.${i}`,
          'x-real-ip': `10.1.2.${i}`,
          'cf-connecting-ip': `10.1.2.${i}`,
        }
        codes.push(
          (await one.nobody.send('POST', '/auth/login', { username: 'x', password: 'yyyyyyyy' }, headers)).status,
        )
      }
      assert.deepEqual(codes.slice(3), [429, 429, 429])
    } finally {
      await one.stop()
    }
  })
})

/** The `Location` of an answer to a request line as it stands: `fetch` would put it right first. */
async function rawLocation(base: string, path: string): Promise<string | undefined> {
  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
  let got = ''
  for await (const part of socket) got += String(part)
  return /^location: (.*)$/im.exec(got)?.[1]?.trim()
}

test('what a cookie or a header alone carries is no field of the API document', async () => {
  const t = await startTestApp({ modules })
  try {
    const { paths } = (await t.nobody.get('//openapi.json')).body
    const fields = paths['/auth/exchange'].post.requestBody.content['application/json'].schema.properties
    assert.deepEqual(Object.keys(fields).sort(), ['code', 'codeVerifier'])
  } finally {
    await t.stop()
  }
})
