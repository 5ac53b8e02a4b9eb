import { randomBytes } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { type Account, accountUnderRoot, blockingPart, nameOfUid, ownAccount, runsAsRoot } from './account.ts'
import { asStartError, notAFolder, StartError, type StartLog } from './errors.ts'

/**
 * Where the cluster lives. Normally `<data folder>/postgres`.
 * As root the postmaster runs as another user, and a clone under /root (mode 0700) is out of that user's reach. A
 * newcomer should not have to know that, and opening /root to everybody would be worse, so the cluster then goes to
 * `/var/lib/tutti/<name>-<random>`, and `<data folder>/postgres.location` holds that path for every later start.
 */
export type Place = { dataDir: string; home: string; cluster: string; account: Account; binariesHome: string }

export const FALLBACK_ROOT = '/var/lib/tutti'
const POINTER = 'postgres.location'
/** In a fallback home: the data folder it belongs to, for people who wonder what it is. */
const BACK_POINTER = 'data-folder'

/** Passable but not listable: the account needs to reach its own folder in it and nothing else. */
const PASSABLE_MODE = 0o711

/** Creates what is missing of `folder`, each new part with `PASSABLE_MODE` whatever the umask is. */
function makePassable(folder: string): void {
  if (existsSync(folder)) return
  makePassable(dirname(folder))
  mkdirSync(folder)
  chmodSync(folder, PASSABLE_MODE)
}

/** The real path of the data folder, made when missing and proven writable. @throws StartError */
export function openDataFolder(dataDir: string): string {
  try {
    if (runsAsRoot()) makePassable(dataDir)
    else mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const folder = realpathSync(dataDir)
    if (!statSync(folder).isDirectory()) throw notAFolder(dataDir)
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    const probe = join(folder, `.write-${process.pid}`)
    writeFileSync(probe, '')
    rmSync(probe)
    return folder
  } catch (thrown) {
    throw asStartError(thrown, dataDir)
  }
}

const readPointer = (dataDir: string): string | undefined => {
  const file = join(dataDir, POINTER)
  if (!existsSync(file)) return undefined
  const home = readFileSync(file, 'utf8').trim()
  if (isAbsolute(home) && existsSync(home)) return realpathSync(home)
  throw new StartError(
    'database_missing',
    `${file} says that the database is in "${home}", which does not exist: bring that folder back, or delete ${file} to begin with an empty database.`,
  )
}

const ownerOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.uid

/** @throws StartError when the cluster belongs to somebody else */
function accountFor(cluster: string): Account {
  const ownerUid = ownerOf(cluster)
  if (runsAsRoot()) return accountUnderRoot(ownerUid)
  const account = ownAccount()
  if (ownerUid === undefined || ownerUid === account.uid) return account
  const owner = nameOfUid(ownerUid)
  throw new StartError(
    'data_folder_of_other_user',
    `The database in ${cluster} belongs to ${owner}, not to ${account.name}: start Tutti as before (root, if that was it), or set TUTTI_DATA to another folder.`,
  )
}

function earlierHomes(root: string, dataDir: string): string[] {
  return readdirSync(root)
    .map((name) => join(root, name))
    .filter((home) => {
      const note = join(home, BACK_POINTER)
      return existsSync(note) && readFileSync(note, 'utf8').trim() === dataDir
    })
}

function makeFallbackHome(root: string, dataDir: string, log: StartLog): string {
  makePassable(root)
  for (const earlier of earlierHomes(root, dataDir)) {
    log('warn', `An earlier database of ${dataDir} is still in ${earlier}; delete it when you do not need it.`)
  }
  const home = join(root, `${basename(dirname(dataDir)) || 'data'}-${randomBytes(4).toString('hex')}`)
  makePassable(home)
  const real = realpathSync(home)
  writeFileSync(join(real, BACK_POINTER), `${dataDir}\n`)
  const pointer = join(dataDir, POINTER)
  writeFileSync(`${pointer}.new`, `${real}\n`)
  renameSync(`${pointer}.new`, pointer)
  return real
}

const notPassable = (blocked: string, account: Account, cluster: string) =>
  new StartError(
    'data_folder_not_passable',
    `User ${account.name}, which runs PostgreSQL, may not pass ${blocked} on the way to ${cluster}: allow it with "chmod o+x ${blocked}".`,
  )

/** The cluster itself may be a symbolic link to another disk. */
const realIfThere = (path: string): string => (existsSync(path) ? realpathSync(path) : path)

/**
 * Decides where the cluster lives and who owns it, from a data folder that is open and locked.
 * @throws StartError `database_missing`, `data_folder_of_other_user`, `data_folder_not_passable`, `no_unprivileged_user`
 */
export function findPlace(dataDir: string, fallbackRoot: string, log: StartLog): Place {
  const pointed = readPointer(dataDir)
  const cluster = realIfThere(join(pointed ?? dataDir, 'postgres'))
  const account = accountFor(cluster)
  const blocked = runsAsRoot() ? blockingPart(existsSync(cluster) ? cluster : dataDir, account) : undefined
  const inside = { dataDir, home: pointed ?? dataDir, cluster, account }
  if (blocked === undefined) return { ...inside, binariesHome: pointed ? fallbackRoot : dataDir }
  if (pointed || existsSync(cluster)) throw notPassable(blocked, account, cluster)
  const home = makeFallbackHome(fallbackRoot, dataDir, log)
  const stillBlocked = blockingPart(home, account)
  if (stillBlocked) throw notPassable(stillBlocked, account, home)
  log('warn', `User ${account.name} may not pass ${blocked}, so the database of ${dataDir} is kept in ${home}.`)
  return { dataDir, home, cluster: join(home, 'postgres'), account, binariesHome: fallbackRoot }
}
