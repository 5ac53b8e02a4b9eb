import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SignJWT } from 'jose'
import { StartError } from '#kernel/db/embedded/errors.ts'
import type { AppError } from '#kernel/errors.ts'
import { open, openKeys, seal } from './keys.ts'
import { type KernelDatabase, kernelDatabase } from './testing-database.ts'

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
    const [one, other] = await Promise.all([openKeys(db.pool), openKeys(db.pool)])
    const token = await one.sign({ sub: 'ann', sid: 's' }, { audience: 'access', lifeSec: 60 })
    const payload = await other.verify(token, 'access')
    assert.deepEqual([payload.sub, payload.sid, payload.aud], ['ann', 's', 'access'])
    await assert.rejects(other.verify(token, 'internal'), refused('token_invalid'))
  })

  test('that have expired, were changed, or are signed by nobody are refused', async () => {
    const keys = await openKeys(db.pool)
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
    const { keys } = await (await openKeys(db.pool)).jwks()
    assert.ok(keys.length > 0 && keys.every((k) => k.d === undefined && k.kid && k.x))
  })

  test('ten processes that start at once make one key', async () => {
    await using fresh = await kernelDatabase()
    const all = await Promise.all(Array.from({ length: 10 }, () => openKeys(fresh.pool)))
    const { rows } = await fresh.pool.query('select kid from kernel.signing_keys')
    assert.equal(rows.length, 1)
    const token = await (all[0] as (typeof all)[number]).sign({ sub: 'x' }, { audience: 'access', lifeSec: 9 })
    for (const keys of all) assert.equal((await keys.verify(token, 'access')).sub, 'x')
  })

  test('a key that another process made later is found', async () => {
    await using fresh = await kernelDatabase()
    const one = await openKeys(fresh.pool)
    await fresh.pool.query('update kernel.signing_keys set retired_at = now()')
    const other = await openKeys(fresh.pool)
    const token = await other.sign({ sub: 'new' }, { audience: 'access', lifeSec: 60 })
    await sleep(2100)
    assert.equal((await one.verify(token, 'access')).sub, 'new')
  })
})

const stored = async (db: KernelDatabase) =>
  (await db.pool.query<{ private_jwk: string }>('select private_jwk from kernel.signing_keys')).rows[0]?.private_jwk ??
  ''

describe('ENCRYPT_KEY', () => {
  test('seals the private halves, and only it opens them', async () => {
    await using db = await kernelDatabase()
    const token = await (await openKeys(db.pool, 'secret one')).sign({ sub: 'a' }, { audience: 'x', lifeSec: 60 })
    assert.match(await stored(db), /^sealed:[\w+/=]+$/)
    assert.equal((await (await openKeys(db.pool, 'secret one')).verify(token, 'x')).sub, 'a')
    for (const wrong of ['secret two', undefined])
      await assert.rejects(openKeys(db.pool, wrong), (thrown: unknown) => {
        assert.ok(thrown instanceof StartError)
        assert.equal(thrown.code, 'encrypt_key_wrong')
        assert.match(thrown.message, /ENCRYPT_KEY/)
        return true
      })
    assert.equal((await db.pool.query('select from kernel.signing_keys')).rowCount, 1)
  })

  test('given later, it seals what was stored before', async () => {
    await using db = await kernelDatabase()
    const token = await (await openKeys(db.pool)).sign({ sub: 'a' }, { audience: 'x', lifeSec: 60 })
    assert.match(await stored(db), /^\{/)
    const keys = await openKeys(db.pool, 'secret')
    assert.match(await stored(db), /^sealed:/)
    assert.equal((await keys.verify(token, 'x')).sub, 'a')
    await keys.sign({}, { audience: 'x', lifeSec: 1 })
  })

  test('what is sealed twice looks different, and a changed byte does not open', () => {
    const [a, b] = [seal('words', 'k'), seal('words', 'k')]
    assert.notEqual(a, b)
    assert.equal(open(a, 'k'), 'words')
    const bytes = Buffer.from(a.slice(7), 'base64')
    for (const at of [0, 12, bytes.length - 1]) {
      const bad = Buffer.from(bytes)
      bad[at] = (bad[at] as number) ^ 1
      assert.equal(open(`sealed:${bad.toString('base64')}`, 'k'), undefined)
    }
    assert.equal(open('sealed:', 'k'), undefined)
  })
})
