import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeProtectedHeader, SignJWT } from 'jose'
import { StartError } from '#kernel/db/embedded/errors.ts'
import type { AppError } from '#kernel/errors.ts'
import { type Keys, openKeys } from './keys.ts'
import { type KernelDatabase, kernelDatabase } from './testing-database.ts'
import { createVault, type Vault } from './vault.ts'

const shut = createVault({ current: undefined, previous: [] })
const vault = (current: string, ...previous: string[]) => createVault({ current, previous })
const open = (db: KernelDatabase, by: Vault = shut, keyLifeSec = 3600) =>
  openKeys({ pool: db.pool, vault: by, keyLifeSec, tokenLifeSecMax: 3600 })

const refused = (code: string) => (thrown: unknown) => {
  assert.deepEqual([(thrown as AppError).status, (thrown as AppError).code], [401, code])
  return true
}

describe('tokens', () => {
  let db: KernelDatabase
  before(async () => {
    db = await kernelDatabase()
  })
  after(() => db.close())

  test('are verified by every process, for the use they were made for', async () => {
    const [one, other] = await Promise.all([open(db), open(db)])
    const token = await one.sign({ sub: 'ann', sid: 's' }, { audience: 'access', lifeSec: 60 })
    const payload = await other.verify(token, 'access')
    assert.deepEqual([payload.sub, payload.sid, payload.aud], ['ann', 's', 'access'])
    await assert.rejects(other.verify(token, 'internal'), refused('token_invalid'))
  })

  test('that have expired, were changed, or are signed by nobody are refused', async () => {
    const keys = await open(db)
    const token = await keys.sign({}, { audience: 'access', lifeSec: 1 })
    const [head = '', body = '', mark = ''] = token.split('.')
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`
    const noneWithKid = `${Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(head, 'base64url').toString()), alg: 'none' })).toString('base64url')}.${body}.`
    const { keys: published } = await keys.jwks()
    const byPublicKey = await new SignJWT({ sub: 'eve' })
      .setProtectedHeader({ alg: 'HS256', kid: published[0]?.kid ?? '' })
      .setIssuer('tutti')
      .setAudience('access')
      .setExpirationTime('1h')
      .sign(Buffer.from(published[0]?.x ?? '', 'base64url'))
    const changed = `${head}.${Buffer.from(Buffer.from(body, 'base64url').toString().replace('access', 'accesz')).toString('base64url')}.${mark}`
    for (const bad of [none, noneWithKid, byPublicKey, changed, '', 'x', 'a.b.c', `${token}x`])
      await assert.rejects(keys.verify(bad, 'access'), refused('token_invalid'), bad)
    await sleep(1100)
    await assert.rejects(keys.verify(token, 'access'), refused('token_expired'))
    assert.equal((await keys.verify(token, 'access', { expiredBySecMax: 60 })).aud, 'access')
  })

  test('the published set has only public halves', async () => {
    const { keys } = await (await open(db)).jwks()
    assert.ok(keys.length > 0 && keys.every((k) => k.d === undefined && k.kid && k.x))
  })

  test('ten processes that start at once make one key', async () => {
    await using fresh = await kernelDatabase()
    const all = await Promise.all(Array.from({ length: 10 }, () => open(fresh)))
    const { rows } = await fresh.pool.query('select kid from kernel.signing_keys')
    assert.equal(rows.length, 1)
    const token = await (all[0] as (typeof all)[number]).sign({ sub: 'x' }, { audience: 'access', lifeSec: 9 })
    for (const keys of all) assert.equal((await keys.verify(token, 'access')).sub, 'x')
  })

  test('a key that another process made later is found at once', async () => {
    await using fresh = await kernelDatabase()
    const one = await open(fresh)
    await fresh.pool.query('update kernel.signing_keys set retired_at = now()')
    const other = await open(fresh)
    const token = await other.sign({ sub: 'new' }, { audience: 'access', lifeSec: 60 })
    assert.equal((await one.verify(token, 'access')).sub, 'new')
  })
})

const kidOf = async (keys: Keys) => decodeProtectedHeader(await keys.sign({}, { audience: 'x', lifeSec: 60 })).kid
const publishedBy = async (keys: Keys) => (await keys.jwks()).keys.map((k) => k.kid)
/** As if so much time had passed. */
const pass = (db: KernelDatabase, span: string) =>
  db.pool.query(
    `update kernel.signing_keys set active_at = active_at - $1::interval, retired_at = retired_at - $1::interval`,
    [span],
  )

describe('signing keys', () => {
  test('the next one is published before it signs; the former verifies until its last token has ended', async () => {
    await using db = await kernelDatabase()
    const one = await open(db)
    const first = await kidOf(one)
    await one.rotate()
    assert.deepEqual(await publishedBy(one), [first], 'it is not time yet')

    await pass(db, '51 minutes')
    await one.rotate()
    await one.rotate()
    const [, second, ...more] = await publishedBy(one)
    assert.ok(second && second !== first && more.length === 0)
    const old = await one.sign({ sub: 'ann' }, { audience: 'x', lifeSec: 60 })
    assert.equal(decodeProtectedHeader(old).kid, first)

    await pass(db, '11 minutes')
    const other = await open(db)
    assert.equal(await kidOf(other), second)
    assert.equal((await other.verify(old, 'x')).sub, 'ann')
    await other.rotate()
    assert.deepEqual(await publishedBy(other), [first, second])

    await pass(db, '61 minutes')
    await other.rotate()
    const left = await publishedBy(other)
    assert.ok(!left.includes(first) && left.includes(second))
    assert.equal(other.has(String(first)), false)
    await assert.rejects(other.verify(old, 'x'), refused('token_invalid'))
  })

  test('ten processes that rotate at once make one', async () => {
    await using db = await kernelDatabase()
    const all = await Promise.all(Array.from({ length: 10 }, () => open(db)))
    await pass(db, '2 hours')
    await Promise.all(all.map((keys) => keys.rotate()))
    for (const keys of all) assert.equal((await publishedBy(keys)).length, 2)
  })

  test('no token outlives the key that verifies it', async () => {
    await using db = await kernelDatabase()
    const keys = await open(db)
    await assert.rejects(keys.sign({}, { audience: 'x', lifeSec: 3601 }), RangeError)
  })

  test('a database that does not answer is 503, not a bad token', async () => {
    await using db = await kernelDatabase()
    const keys = await open(db)
    const token = await keys.sign({ sub: 'ann' }, { audience: 'x', lifeSec: 60 })
    await using elsewhere = await kernelDatabase()
    const unknown = await (await open(elsewhere)).sign({}, { audience: 'x', lifeSec: 60 })
    await db.pool.query('alter table kernel.signing_keys rename to gone')
    await assert.rejects(keys.verify(unknown, 'x'), { status: 503, code: 'check_unavailable' })
    assert.equal((await keys.verify(token, 'x')).sub, 'ann', 'known keys go on')
    await db.pool.query('alter table kernel.gone rename to signing_keys')
    await assert.rejects(keys.verify(unknown, 'x'), refused('token_invalid'))
  })
})

const stored = async (db: KernelDatabase) =>
  (await db.pool.query<{ private_jwk: string }>('select private_jwk from kernel.signing_keys')).rows[0]?.private_jwk ??
  ''

describe('ENCRYPT_KEY', () => {
  test('seals the private halves, and only it opens them', async () => {
    await using db = await kernelDatabase()
    const token = await (await open(db, vault('secret one'))).sign({ sub: 'a' }, { audience: 'x', lifeSec: 60 })
    assert.match(await stored(db), /^sealed:v1:[0-9a-f]{8}:[\w+/=]+$/)
    assert.equal((await (await open(db, vault('secret one'))).verify(token, 'x')).sub, 'a')
    for (const wrong of [vault('secret two'), shut])
      await assert.rejects(open(db, wrong), (thrown: unknown) => {
        assert.ok(thrown instanceof StartError)
        assert.equal(thrown.code, 'encrypt_key_wrong')
        assert.match(thrown.message, /ENCRYPT_KEY/)
        return true
      })
    assert.equal((await db.pool.query('select from kernel.signing_keys')).rowCount, 1)
  })

  test('given later, it seals what was stored before', async () => {
    await using db = await kernelDatabase()
    const token = await (await open(db)).sign({ sub: 'a' }, { audience: 'x', lifeSec: 60 })
    assert.match(await stored(db), /^\{/)
    const keys = await open(db, vault('secret'))
    assert.match(await stored(db), /^sealed:/)
    assert.equal((await keys.verify(token, 'x')).sub, 'a')
    await keys.sign({}, { audience: 'x', lifeSec: 1 })
  })

  test('changed, it opens with the former one and seals anew with the new one', async () => {
    await using db = await kernelDatabase()
    const token = await (await open(db, vault('secret one'))).sign({ sub: 'a' }, { audience: 'x', lifeSec: 60 })
    await open(db, vault('secret two', 'secret one'))
    const keys = await open(db, vault('secret two'))
    assert.equal((await keys.verify(token, 'x')).sub, 'a')
  })
})
