import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Account, runsAsRoot } from './account.ts'
import type { Binaries } from './binaries.ts'
import { asStartError, diskFull, StartError, type StartLog } from './errors.ts'
import { runTool } from './process.ts'
import { HOST_RULES, SUPERUSER, settingsText, userMap } from './settings.ts'

const INITDB_TIMEOUT_MS = 120_000
export const NO_SPACE = /No space left on device|Disk quota exceeded/
const OUTPUT_CHARS_QUOTED = 600

/** First of PostgreSQL with its own, system-independent collation. */
const BUILTIN_COLLATION_MAJOR = 17

/**
 * Sorting is by code point and the same on every machine (the built-in C.UTF-8), so no system upgrade can corrupt an
 * index. LC_CTYPE must still know UTF-8: with plain C, pg_trgm drops every letter that is not ASCII. The name of such a
 * locale differs between systems; the first that exists is taken.
 */
const CTYPES = ['C.UTF-8', 'en_US.UTF-8', 'UTF-8'] as const

const localeArguments = (major: number, ctype: string): string[] =>
  major >= BUILTIN_COLLATION_MAJOR
    ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', `--lc-ctype=${ctype}`]
    : ['--locale-provider=libc', '--locale=C', `--lc-ctype=${ctype}`]

export const hasCluster = (cluster: string): boolean => existsSync(join(cluster, 'PG_VERSION'))

/** @throws StartError `database_wrong_version` */
export function checkVersion(cluster: string, major: number): void {
  const found = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim()
  if (found === String(major)) return
  throw new StartError(
    'database_wrong_version',
    `The database in ${cluster} was made by PostgreSQL ${found}, and the programs at hand are PostgreSQL ${major}: set PG_BIN to the "bin" folder of a PostgreSQL ${found}, or move that folder away and restore a backup.`,
  )
}

function own(path: string, account: Account): void {
  if (runsAsRoot()) chownSync(path, account.uid, account.gid)
}

/** Writes only what differs: a warm start on a full disk writes nothing here. */
function keepFile(path: string, text: string, account: Account): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  own(`${path}.new`, account)
  renameSync(`${path}.new`, path)
}

/** The files of a cluster that belong to Tutti and are renewed by each start. */
export function writeSettings(cluster: string, major: number, account: Account, extra: Record<string, string>): void {
  try {
    keepFile(join(cluster, 'tutti.conf'), settingsText(major, extra), account)
    keepFile(join(cluster, 'pg_hba.conf'), HOST_RULES, account)
    keepFile(join(cluster, 'pg_ident.conf'), userMap(account.name), account)
  } catch (thrown) {
    throw asStartError(thrown, cluster)
  }
}

async function initdb(folder: string, binaries: Binaries, account: Account): Promise<void> {
  let output = ''
  for (const ctype of CTYPES) {
    const args = ['-D', folder, '-U', SUPERUSER, '--encoding=UTF8', '--auth=peer', '--no-instructions']
    const tail = [...localeArguments(binaries.major, ctype), '--lc-messages=C', '--text-search-config=simple']
    const result = await runTool(binaries.initdb, [...args, ...tail], account, INITDB_TIMEOUT_MS)
    if (result.exitCode === 0) return
    output = result.output
    if (!/invalid locale name/.test(output)) break
  }
  if (NO_SPACE.test(output)) throw diskFull(dirname(folder), output)
  throw new StartError(
    'database_not_created',
    `PostgreSQL could not create a database in ${dirname(folder)}; it said: ${output.slice(-OUTPUT_CHARS_QUOTED).trim()}`,
    output,
  )
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

const REMOVE_TRIES_MAX = 50
const REMOVE_RETRY_MS = 100

/**
 * The initdb of a killed first start works on until its pipe to us breaks, and `rm` gives up without a word on a folder
 * that is being written to: so look, and try again. What
 * cannot be removed at all is left: no later start uses its name.
 */
async function removeTree(folder: string): Promise<void> {
  for (let tries = 0; existsSync(folder) && tries < REMOVE_TRIES_MAX; tries++) {
    if (tries > 0) await sleep(REMOVE_RETRY_MS)
    await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
}

/** What a killed first start left behind; it never had the cluster's name. */
async function removeHalfMade(cluster: string): Promise<void> {
  const prefix = `${basename(cluster)}.new-`
  for (const name of readdirSync(dirname(cluster)).filter((name) => name.startsWith(prefix))) {
    await removeTree(join(dirname(cluster), name))
  }
}

const refuseStranger = (cluster: string): void => {
  if (!existsSync(cluster) || readdirSync(cluster).length === 0) return
  throw new StartError(
    'database_not_recognised',
    `${cluster} holds files but no PostgreSQL database (PG_VERSION is missing): move it away to begin with an empty database, or restore it from a backup.`,
  )
}

/**
 * Makes the cluster in a folder beside its place and renames it, so that a kill at any moment leaves either a whole
 * cluster or none. @throws StartError `disk_full`, `database_not_created`, `database_not_recognised`
 */
export async function createCluster(cluster: string, binaries: Binaries, account: Account, log: StartLog) {
  log('info', `First start: creating the database in ${cluster}.`)
  refuseStranger(cluster)
  const half = `${cluster}.new-${randomBytes(4).toString('hex')}`
  try {
    await removeHalfMade(cluster)
    mkdirSync(half, { mode: 0o700 })
    own(half, account)
    await initdb(half, binaries, account)
    appendFileSync(join(half, 'postgresql.conf'), "\ninclude 'tutti.conf'\n# Your own settings go here.\n")
    rmSync(cluster, { recursive: true, force: true })
    renameSync(half, cluster)
    syncFolder(dirname(cluster))
  } catch (thrown) {
    await removeTree(half)
    throw asStartError(thrown, cluster)
  }
}
