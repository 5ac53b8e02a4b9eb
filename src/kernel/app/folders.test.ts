import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { runsAsRoot } from '#kernel/db/embedded/account.ts'
import { startTestApp } from '#kernel/testing.ts'
import { door } from '#kernel/testing-sample.ts'

/** Other users of the machine may read nothing; PostgreSQL, which never runs as root, may then still pass. */
const PASSABLE = runsAsRoot() ? 0o711 : 0o700
const modeOf = async (path: string) => (await stat(path)).mode & 0o777

describe('folders that are made', () => {
  let parent: string
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'tutti-folders-'))
    await chmod(parent, 0o711)
  })
  after(() => rm(parent, { recursive: true, force: true }))

  test('with the embedded database are for this user alone, and so is the key that it makes', async () => {
    const dataDir = join(parent, 'embedded')
    await using t = await startTestApp({ modules: [door], keep: { dataDir, databaseUrl: '' } })
    assert.equal(await modeOf(dataDir), PASSABLE)
    for (const name of ['blobs', 'logs']) assert.equal(await modeOf(join(dataDir, name)), 0o700, name)
    assert.equal(await modeOf(join(dataDir, 'encrypt.key')), 0o600)
    const { vault, db } = t.app.ports
    assert.equal(vault.open(vault.seal('words', 'here'), 'here'), 'words')
    const { rows } = await db.pool.query<{ private_jwk: string }>('select private_jwk from kernel.signing_keys')
    assert.ok(rows.length > 0 && rows.every((r) => vault.isCurrent(r.private_jwk)), 'signing keys are sealed')
  })

  test('with an outside database as well, and no key is made there', async () => {
    await using one = await startTestApp({ modules: [door] })
    const dataDir = join(parent, 'outside')
    await using t = await startTestApp({ modules: [door], keep: { dataDir, databaseUrl: one.databaseUrl } })
    assert.equal(await modeOf(dataDir), 0o700)
    assert.equal(await modeOf(join(dataDir, 'blobs')), 0o700)
    assert.ok(!(await readdir(dataDir)).includes('encrypt.key'))
    assert.equal(t.app.ports.vault.isOpen, false)
  })
})
