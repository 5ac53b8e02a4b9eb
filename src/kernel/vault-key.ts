import { randomBytes } from 'node:crypto'
import { link, open, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Pool } from 'pg'
import { syncFolder } from '#kernel/blob/write.ts'
import type { Config } from '#kernel/config/index.ts'
import { asStartError, errnoOf, StartError } from '#kernel/db/embedded/errors.ts'
import type { Log } from '#kernel/log.ts'
import { createVault, type Vault } from './vault.ts'

export const KEY_FILE = 'encrypt.key'
const KEY_BYTES = 32
const KEY_LENGTH_MIN = 32
const KEY_MODE = 0o600

type Deps = {
  config: Pick<Config, 'dataDir' | 'databaseUrl' | 'encryptKey' | 'encryptKeysPrevious'>
  pool: Pool
  log: Log
}

/**
 * The vault of this installation: `ENCRYPT_KEY`, else with the embedded database a key that is made once and kept in the
 * data folder. Processes that share an outside database share no folder, so there a key must be given.
 */
export async function openVault({ config, pool, log }: Deps): Promise<Vault> {
  const path = join(config.dataDir, KEY_FILE)
  const kept = await readKey(path)
  // Who sets ENCRYPT_KEY later, or moves to an outside database, keeps what the kept key has sealed.
  const previous = kept === undefined ? config.encryptKeysPrevious : [...config.encryptKeysPrevious, kept]
  if (config.encryptKey || config.databaseUrl) return createVault({ current: config.encryptKey, previous })
  return createVault({
    current: kept ?? (await makeKey(path, { pool, log })),
    previous: config.encryptKeysPrevious,
  })
}

async function readKey(path: string): Promise<string | undefined> {
  try {
    const key = (await readFile(path, 'utf8')).trim()
    if (key.length >= KEY_LENGTH_MIN) return key
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined
    throw unreadable(path)
  }
  throw unreadable(path)
}

const unreadable = (path: string) =>
  new StartError(
    'encrypt_key_unreadable',
    `${path} cannot be read or is no key: put it back from a backup, or let this user read it.`,
  )

/** A kill at any moment leaves the whole key or none; of two processes that start at once one makes it. */
async function makeKey(path: string, { pool, log }: Pick<Deps, 'pool' | 'log'>): Promise<string> {
  const { rowCount } = await pool.query(`select from kernel.signing_keys where private_jwk like 'sealed:%' limit 1`)
  if (rowCount)
    throw new StartError(
      'encrypt_key_missing',
      `The database holds sealed secrets, and ${path}, the key to them, is gone: put it back from a backup, or set ENCRYPT_KEY.`,
    )
  const made = randomBytes(KEY_BYTES).toString('base64url')
  const temp = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`
  try {
    await writeSynced(temp, `${made}\n`)
    await link(temp, path)
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EEXIST') throw asStartError(thrown, dirname(path))
    return (await readKey(path)) ?? made
  } finally {
    await rm(temp, { force: true })
  }
  await syncFolder(dirname(path))
  log.warn(`made ${path}, which opens the secrets in the database: a backup without it cannot read them`)
  return made
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', KEY_MODE)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}
