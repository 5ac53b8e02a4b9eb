import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { generateKeyPair } from 'jose'
import { type IssuerServer, startIssuer } from '#test/servers/issuer.ts'
import { createTokenCheck } from './issuer.ts'

const audience = 'tutti'
const ann = { sub: 'ann', aud: audience }
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('tokens of an outside issuer', () => {
  let server: IssuerServer
  let check: ReturnType<typeof createTokenCheck>
  before(async () => {
    server = await startIssuer()
  })
  beforeEach(() => {
    server.failWith(undefined)
    check = createTokenCheck({ issuer: server.issuer, audience, cooldownMs: 0 })
  })
  after(() => server.stop())

  test('good ones, whichever of the four algorithms signed them', async () => {
    for (const alg of ['RS256', 'ES256', 'EdDSA', 'PS256']) {
      await server.rotate(alg)
      assert.equal((await check(await server.token(ann)))?.sub, 'ann', alg)
    }
  })

  test('the audience stands in aud, alone or among others, or in azp', async () => {
    const { sub } = ann
    for (const claims of [
      ann,
      { sub, aud: ['x', audience] },
      { sub, azp: audience },
      { sub, aud: 'account', azp: audience },
    ])
      assert.equal((await check(await server.token(claims)))?.sub, sub, JSON.stringify(claims))
    for (const claims of [
      { sub },
      { sub, aud: 'x' },
      { sub, aud: ['x'] },
      { sub, azp: 'https://evil.example' },
      { sub, aud: `${audience}x` },
    ])
      assert.equal(await check(await server.token(claims)), undefined, JSON.stringify(claims))
  })

  test('no others: of another issuer, of no time, for nobody, of another kind', async () => {
    const sec = Math.floor(Date.now() / 1000)
    const bad: [string, Promise<string>][] = [
      ['issuer', server.token({ ...ann, iss: 'https://evil.example' })],
      ['issuer with a slash', server.token({ ...ann, iss: `${server.issuer}/` })],
      ['expired', server.token({ ...ann, exp: sec - 60 })],
      ['not yet', server.token({ ...ann, nbf: sec + 60 })],
      ['no end', server.token({ ...ann, exp: undefined })],
      ['nobody', server.token({ aud: audience })],
      ['an empty name', server.token({ ...ann, sub: '' })],
      ['a logout token', server.token(ann, { typ: 'logout+jwt' })],
      ['another key', server.token(ann, { key: (await generateKeyPair('PS256')).privateKey, alg: 'PS256' })],
      ['an unknown key id', server.token(ann, { kid: 'made-up' })],
    ]
    for (const [what, token] of bad) assert.equal(await check(await token), undefined, what)
    for (const text of ['', 'a', 'a.b.c', '..', 'ey.ey.ey']) assert.equal(await check(text), undefined, text)
  })

  test('never unsigned, never signed with the public key as if it were a secret', async () => {
    const [header = '', payload = '', signature = ''] = (await server.token(ann)).split('.')
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
    const jwks = await (await fetch(`${server.issuer}/keys`)).text()
    for (const alg of ['none', 'None', 'nOnE']) {
      assert.equal(await check(`${base64({ alg, kid })}.${payload}.`), undefined, alg)
      assert.equal(await check(`${base64({ alg, kid })}.${payload}.${signature}`), undefined, alg)
    }
    const text = `${base64({ alg: 'HS256', kid })}.${payload}`
    const mac = createHmac('sha256', jwks).update(text).digest('base64url')
    assert.equal(await check(`${text}.${mac}`), undefined)
    const changed = base64({ ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object), sub: 'admin' })
    assert.equal(await check(`${header}.${changed}.${signature}`), undefined)
    const embedded = await generateKeyPair('ES256', { extractable: true })
    const withKey = await server.token(ann, { alg: 'ES256', key: embedded.privateKey, kid: 'embedded' })
    assert.equal(await check(withKey), undefined)
  })

  test('keys rotate: the new one is found, the former is no good any more', async () => {
    await server.rotate()
    const former = await server.token(ann)
    assert.equal((await check(former))?.sub, 'ann')
    await server.rotate()
    assert.equal((await check(await server.token(ann)))?.sub, 'ann')
    assert.equal(await check(former), undefined)
  })

  test('tokens with made-up key ids make no flood of requests; those of others make none', async () => {
    const calm = createTokenCheck({ issuer: server.issuer, audience })
    await calm(await server.token(ann))
    const before = server.fetches
    for (let i = 0; i < 30; i++) await calm(await server.token(ann, { kid: `made-up-${i}` }))
    assert.equal(server.fetches, before)
    const fresh = createTokenCheck({ issuer: server.issuer, audience })
    await fresh(await server.token({ ...ann, iss: 'https://evil.example' }))
    assert.equal(server.fetches, before)
  })

  test('an issuer that is down is no reason to refuse: 503, until it is back', async () => {
    const down = { status: 503, code: 'provider_unreachable' }
    server.failWith(500)
    const token = await server.token(ann)
    await assert.rejects(check(token), down)
    await assert.rejects(check(token), down, 'and is not asked at once again')
    const nowhere = createTokenCheck({ issuer: 'http://127.0.0.1:9', audience })
    await assert.rejects(nowhere(await server.token({ ...ann, iss: 'http://127.0.0.1:9' })), down)
    const fetches = server.fetches
    server.failWith(undefined)
    const back = createTokenCheck({ issuer: server.issuer, audience, jwksUrl: `${server.issuer}/keys` })
    assert.equal((await back(token))?.sub, 'ann')
    assert.equal(server.fetches, fetches + 1)
    server.failWith(500)
    assert.equal((await back(token))?.sub, 'ann', 'known keys go on')
  })
})
