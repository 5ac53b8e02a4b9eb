import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { type IssuerServer, startIssuer } from '#test/servers/issuer.ts'
import { createBearer } from './bearer.ts'

const audience = 'https://app.example.org'

const claims = (name: string, email_verified: unknown) => ({ email: `${name}@example.org`, email_verified })

describe('bearer tokens of an outside issuer on our routes', () => {
  let server: IssuerServer
  let t: TestApp
  before(async () => {
    server = await startIssuer()
    t = await startTestApp({
      modules: [identity],
      config: {
        bearerIssuer: server.issuer,
        bearerAudience: audience,
        encryptKey: 'a key of thirty-two characters or more',
      },
    })
    await t.as('admin')
  })
  after(async () => {
    await t.stop()
    await server.stop()
  })
  const tokenOf = (claims: object, o = {}) => server.token({ azp: audience, ...claims }, o)
  const me = async (token: string) => t.nobody.get('/auth/me', { authorization: `Bearer ${token}` })
  const sql = async (text: string, values: unknown[] = []) => (await t.app.ports.db.pool.query(text, values)).rows
  const register = async (username: string, verified: boolean) => {
    const email = `${username}@example.org`
    const { body } = await t.nobody.post('/auth/register', { username, email, password: 'correct horse battery' })
    await sql('update identity.users set email_verified_at = $2 where id = $1', [
      body.user.id,
      verified ? new Date() : null,
    ])
    return String(body.user.id)
  }

  test('the first use makes the account, the next ones find it', async () => {
    const first = await me(
      await tokenOf({ sub: 'user_1', name: 'Ann Lee', email: 'ann@example.org', email_verified: true }),
    )
    assert.equal(first.status, 200, first.text)
    assert.deepEqual(
      [first.body.username, first.body.email, first.body.role, first.body.hasPassword],
      ['AnnLee', 'ann@example.org', 'user', false],
    )
    const next = await me(await tokenOf({ sub: 'user_1' }))
    assert.equal(next.body.id, first.body.id)
    assert.notEqual((await me(await tokenOf({ sub: 'user_2' }))).body.id, first.body.id)
  })

  test('many first uses at the same time make one account', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => me(await tokenOf({ sub: 'crowd', jti: `${i}` }))),
    )
    assert.equal(new Set(answers.map((a) => a.body.id)).size, 1)
  })

  test('an account is found by its e-mail only when both have proven it', async () => {
    const proven = await register('proven', true)
    const unproven = await register('unproven', false)
    assert.equal((await me(await tokenOf({ sub: 'p1', ...claims('proven', true) }))).body.id, proven)
    for (const [sub, name, verified] of [
      ['p2', 'proven', false],
      ['p3', 'proven', undefined],
      ['p4', 'unproven', true],
      ['p5', 'unproven', false],
    ] as const) {
      const { body } = await me(await tokenOf({ sub, ...claims(name, verified) }))
      assert.ok(![proven, unproven].includes(body.id), sub)
      assert.equal(body.email, null)
    }
  })

  test('a bad one is 401, as any other', async () => {
    const bad = [
      await tokenOf({ sub: 'user_1', azp: 'https://evil.example' }),
      await tokenOf({ sub: 'user_1', exp: 1 }),
      await tokenOf({ sub: 'user_1', iss: 'https://evil.example' }),
    ]
    for (const token of bad) assert.equal((await me(token)).status, 401)
  })

  test('a blocked account is refused at once', async () => {
    const token = await tokenOf({ sub: 'blocked-one' })
    const { body } = await me(token)
    const admin = await t.as('admin')
    assert.equal((await admin.patch(`/admin/users/${body.id}/block`, { blocked: true })).status, 200)
    assert.equal((await me(token)).status, 401)
    assert.equal((await me(await tokenOf({ sub: 'blocked-one', jti: 'new' }))).status, 401)
  })

  test('it is no session: what changes who may act as the account is refused', async () => {
    const headers = { authorization: `Bearer ${await tokenOf({ sub: 'user_1' })}` }
    for (const [method, path] of [
      ['GET', '/auth/sessions'],
      ['GET', '/auth/links'],
      ['POST', '/auth/api-keys'],
    ] as const) {
      const answer = await t.nobody.send(
        method,
        path,
        method === 'POST' ? { name: 'x', scopes: ['read'] } : undefined,
        headers,
      )
      assert.deepEqual([answer.status, answer.body.code], [403, 'session_required'], `${path}: ${answer.text}`)
    }
  })

  test('an issuer that is down is 503, not 401', async () => {
    const fresh = await startTestApp({
      modules: [identity],
      config: { bearerIssuer: server.issuer, bearerAudience: audience },
    })
    try {
      server.failWith(500)
      const headers = { authorization: `Bearer ${await tokenOf({ sub: 'user_1' })}` }
      const answer = await fresh.nobody.get('/auth/me', headers)
      assert.deepEqual([answer.status, answer.body.code], [503, 'provider_unreachable'])
      assert.ok(Number(answer.headers.get('retry-after')) > 0)
    } finally {
      server.failWith(undefined)
      await fresh.stop()
    }
  })

  test('the first account of all needs the set-up code here, too', async () => {
    const config = { bearerIssuer: server.issuer, bearerAudience: audience, publicUrl: 'https://tutti.example.org' }
    await using fresh = await startTestApp({ modules: [identity], config })
    const answer = await fresh.nobody.get('/auth/me', { authorization: `Bearer ${await tokenOf({ sub: 'user_1' })}` })
    assert.deepEqual([answer.status, answer.body.code], [403, 'setup_code_needed'])
    assert.equal((await fresh.nobody.get('/auth/setup')).body.needsFirstAccount, true)
  })

  test('an issuer without audience is a fault of the configuration', () => {
    const ctx = { config: { bearerIssuer: server.issuer } } as Parameters<typeof createBearer>[0]
    assert.throws(() => createBearer(ctx), { code: 'bearer_audience_missing' })
  })
})
