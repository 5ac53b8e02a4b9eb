import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, afterEach, describe, test } from 'node:test'
import { StartError } from '#kernel/db/embedded/errors.ts'
import { openKeys } from './keys.ts'
import { type KernelDatabase, kernelDatabase, silent } from './testing-database.ts'
import { KEY_FILE, openVault } from './vault-key.ts'

const refusedWith = (code: string) => (thrown: unknown) => {
  assert.ok(thrown instanceof StartError)
  assert.equal(thrown.code, code)
  assert.match(thrown.message, /encrypt\.key/)
  return true
}

describe('the key of the vault', () => {
  let db: KernelDatabase
  let dataDir: string
  before(async () => {
    db = await kernelDatabase()
  })
  after(() => db.close())
  beforeEach(async () => {
    await db.pool.query('delete from kernel.signing_keys')
    dataDir = await mkdtemp(join(tmpdir(), 'tutti-vault-'))
  })
  afterEach(() => rm(dataDir, { recursive: true, force: true }))

  const opened = (o: { databaseUrl?: string; encryptKey?: string; log?: typeof silent } = {}) =>
    openVault({
      config: { dataDir, databaseUrl: o.databaseUrl, encryptKey: o.encryptKey, encryptKeysPrevious: [] },
      pool: db.pool,
      log: o.log ?? silent,
    })
  test('is made once, for the owner alone, and told in the log', async () => {
    const warned: unknown[] = []
    const log = { ...silent, warn: (message: unknown) => void warned.push(message) } as typeof silent
    const first = await opened({ log })
    const file = join(dataDir, KEY_FILE)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(dataDir), [KEY_FILE], 'nothing else is left behind')
    assert.equal((await opened({ log })).open(first.seal('words', 'p'), 'p'), 'words')
    assert.equal(warned.length, 1)
    assert.ok(!String(warned[0]).includes((await readFile(file, 'utf8')).trim()), 'the key itself is not told')
  })

  test('is one, however many processes start at once', async () => {
    const vaults = await Promise.all(Array.from({ length: 10 }, () => opened()))
    const sealed = vaults.map((v) => v.seal('words', 'p'))
    for (const v of vaults) assert.deepEqual(new Set(sealed.map((s) => v.open(s, 'p'))), new Set(['words']))
    assert.deepEqual(await readdir(dataDir), [KEY_FILE])
  })

  test('what it sealed stays readable when ENCRYPT_KEY is set later', async () => {
    const sealed = (await opened()).seal('words', 'p')
    const vault = await opened({ encryptKey: 'a key of the operator, long enough' })
    assert.deepEqual([vault.open(sealed, 'p'), vault.isCurrent(sealed)], ['words', false])
  })

  test('with an outside database none is made: processes there share no folder', async () => {
    assert.equal((await opened({ databaseUrl: 'postgres://db/tutti' })).isOpen, false)
    assert.deepEqual(await readdir(dataDir), [])
  })

  test('lost while the database holds what it sealed, the start says so and makes no new one', async () => {
    await openKeys({ pool: db.pool, vault: await opened(), keyLifeSec: 60, tokenLifeSecMax: 60 })
    await rm(join(dataDir, KEY_FILE))
    await assert.rejects(opened(), refusedWith('encrypt_key_missing'))
    assert.deepEqual(await readdir(dataDir), [])
  })

  test('cut short it is no key', async () => {
    await writeFile(join(dataDir, KEY_FILE), 'abc')
    await assert.rejects(opened(), refusedWith('encrypt_key_unreadable'))
  })
})
