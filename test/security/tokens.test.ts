/** Attacks on tokens that music servers and others fell to, each replayed against the whole program. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { io } from 'socket.io-client'
import { ACCESS_AUDIENCE, INTERNAL_HEADER } from '#kernel/identify.ts'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { loadModules, MODULES } from '../../src/targets.ts'

const modules = await loadModules(Object.keys(MODULES))
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('made-up and twisted tokens', () => {
  let t: TestApp
  let admin: Client
  let user: Client
  before(async () => {
    t = await startTestApp({ modules })
    admin = await t.as('admin')
    user = await t.as('user')
  })
  after(() => t.stop())

  const askAs = (token: string, path = '/auth/me') => clientFor(t.url, token, '').get(path)
  const refused = async (token: string, why: string) => {
    const answer = await askAs(token)
    assert.equal(answer.status, 401, `${why}: ${answer.text}`)
    assert.ok(!answer.text.includes(token.slice(-20)), 'the token is not told back')
  }

  test('none as algorithm, with and without an empty signature', async () => {
    const { sub, sid, iss, aud } = decodeJwt(admin.token)
    const body = base64({ sub, sid, iss, aud, exp: Math.floor(Date.now() / 1000) + 600 })
    for (const alg of ['none', 'None', 'NONE', 'nOnE'])
      for (const end of ['', '.', '.AAAA']) await refused(`${base64({ alg, typ: 'JWT' })}.${body}${end}`, alg)
  })

  test('the public key as the secret of an HMAC', async () => {
    const { keys } = await t.app.ports.keys.jwks()
    const { kid } = decodeProtectedHeader(admin.token)
    const body = base64({ ...decodeJwt(admin.token), exp: Math.floor(Date.now() / 1000) + 600 })
    for (const secret of [JSON.stringify(keys[0]), String(keys[0]?.x), ''])
      for (const alg of ['HS256', 'HS512']) {
        const text = `${base64({ alg, kid })}.${body}`
        const mac = createHmac(alg === 'HS256' ? 'sha256' : 'sha512', secret || '-')
          .update(text)
          .digest('base64url')
        await refused(`${text}.${mac}`, alg)
      }
  })

  test('a key of one’s own: in the header, by address, and under a kid that is known', async () => {
    const pair = await generateKeyPair('EdDSA', { extractable: true })
    const jwk = await exportJWK(pair.publicKey)
    const { kid } = decodeProtectedHeader(admin.token)
    const claims = decodeJwt(admin.token)
    for (const header of [
      { jwk },
      { jku: `${t.url}/evil.json` },
      { x5u: `${t.url}/evil.pem` },
      { kid },
      { kid: '../../dev/null' },
    ]) {
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'EdDSA', ...header } as never)
        .sign(pair.privateKey)
      await refused(token, Object.keys(header).join())
    }
  })

  test('a body that was changed, or the signature of another token', async () => {
    const [head, , signature] = user.token.split('.') as [string, string, string]
    await refused(`${head}.${base64({ ...decodeJwt(user.token), sub: admin.userId })}.${signature}`, 'changed')
    const [, adminBody] = admin.token.split('.')
    await refused(`${head}.${adminBody}.${signature}`, 'mixed')
    await refused(`${user.token} `.trim().slice(0, -2), 'cut')
    await refused(`${user.token}.${user.token}`, 'twice')
  })

  test('a token of ours for another use', async () => {
    const { sid } = decodeJwt(admin.token)
    for (const audience of ['internal', 'start', 'refresh', 'mail'])
      await refused(await t.app.ports.keys.sign({ sub: admin.userId, sid }, { audience, lifeSec: 60 }), audience)
    await refused(
      await t.app.ports.keys.sign({ sub: admin.userId }, { audience: ACCESS_AUDIENCE, lifeSec: 60 }),
      'no session',
    )
    await refused(
      await t.app.ports.keys.sign(
        { sub: admin.userId, sid, nbf: Math.floor(Date.now() / 1000) + 600 },
        { audience: ACCESS_AUDIENCE, lifeSec: 900 },
      ),
      'of the future',
    )
    await refused(
      await t.app.ports.keys.sign({ sub: admin.userId, sid }, { audience: ACCESS_AUDIENCE, lifeSec: -5 }),
      'expired',
    )
  })

  test('the role stands in no token: a claim of one is not looked at', async () => {
    const { sid } = decodeJwt(user.token)
    const token = await t.app.ports.keys.sign(
      { sub: admin.userId, sid, role: 'admin', scopes: ['admin'] },
      { audience: ACCESS_AUDIENCE, lifeSec: 60 },
    )
    const me = await askAs(token)
    assert.equal(me.body.id, user.userId, 'whose session it is counts, not who the token says')
    assert.equal(me.body.role, 'user')
    assert.equal((await askAs(token, '/library/faults')).status, 403)
  })

  test('the header between our processes, from outside', async () => {
    const { sid } = decodeJwt(user.token)
    const who = { kind: 'user', userId: admin.userId, role: 'admin', requestId: 'x' }
    const forged = [
      `${base64({ alg: 'none' })}.${base64({ who, aud: 'internal', iss: 'tutti' })}.`,
      user.token,
      await t.app.ports.keys.sign({ sid, who }, { audience: ACCESS_AUDIENCE, lifeSec: 60 }),
    ]
    for (const token of forged) {
      const answer = await t.nobody.get('/library/faults', { [INTERNAL_HEADER]: token })
      assert.equal(answer.status, 401, answer.text)
    }
    const own = { kind: 'user', userId: admin.userId, role: 'owner-of-all', requestId: 'x' }
    const unknown = await t.app.ports.keys.sign({ who: own }, { audience: 'internal', lifeSec: 60 })
    assert.equal((await t.nobody.get('/library/faults', { [INTERNAL_HEADER]: unknown })).status, 401)
  })

  test('empty and half credentials are no credentials, and never somebody', async () => {
    for (const authorization of [
      'Bearer',
      'Bearer ',
      'bearer  ',
      'Basic Og==',
      'Basic YWRtaW46',
      'Token x',
      'null',
      'Bearer null',
      'Bearer undefined',
    ]) {
      const answer = await t.nobody.get('/auth/me', { authorization })
      assert.equal(answer.status, 401, authorization)
    }
    for (const key of ['', ' ', 'tutti_', 'tutti_null', 'null', '0', "' or 1=1 --", 'tutti_'.padEnd(60, 'A')]) {
      const answer = await t.nobody.get('/auth/me', { 'x-api-key': key })
      assert.equal(answer.status, 401, `key "${key}"`)
    }
    for (const cookie of ['tutti-access=', 'tutti-access=null', '__Host-tutti-access=x; tutti-access=y'])
      assert.equal((await t.nobody.get('/auth/me', { cookie })).status, 401, cookie)
  })

  test('credentials in an address are never read', async () => {
    const names = [
      'access_token',
      'accessToken',
      'token',
      'jwt',
      'apiKey',
      'api_key',
      'x-api-key',
      'authorization',
      'auth',
    ]
    for (const name of names) {
      const answer = await t.nobody.get(`/auth/me?${name}=${encodeURIComponent(admin.token)}`)
      assert.equal(answer.status, 401, name)
      assert.ok(!answer.text.includes(admin.token.slice(-20)), 'and not told back')
    }
    const queried = io(t.url, { transports: ['websocket'], reconnection: false, query: { token: admin.token } })
    const error = await new Promise<Error>((resolve, reject) => {
      queried.on('connect_error', resolve)
      queried.on('connected', () => reject(new Error('let in by a query')))
    }).finally(() => queried.close())
    assert.match(error.message, /Sign in/)
  })

  test('a session that has ended stays so, for every way to use it', async () => {
    const signed = await t.nobody.post('/auth/login', { username: 'user', password: 'correct horse battery' })
    const { accessToken, refreshToken } = signed.body
    assert.equal((await askAs(String(accessToken))).status, 200)
    await clientFor(t.url, String(accessToken), '').post('/auth/logout')
    assert.equal((await askAs(String(accessToken))).status, 401)
    assert.equal((await t.nobody.post('/auth/refresh', { refreshToken })).status, 401)
    assert.equal((await t.nobody.get('/auth/me', { cookie: `tutti-access=${accessToken}` })).status, 401)
  })
})
