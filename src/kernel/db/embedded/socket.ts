import { createHash } from 'node:crypto'
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Account, blockingPart, runsAsRoot } from './account.ts'
import { StartError } from './errors.ts'
import { PORT } from './settings.ts'

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, the final NUL included. */
const SOCKET_PATH_BYTES_MAX = 103
const NAMES_TRIED_MAX = 8

const fits = (folder: string): boolean =>
  Buffer.byteLength(join(folder, `.s.PGSQL.${PORT}.lock`)) <= SOCKET_PATH_BYTES_MAX

/** XDG_RUNTIME_DIR comes late because it vanishes when its user logs out, and a server may outlive that. */
const parents = (home: string): string[] =>
  [tmpdir(), '/tmp', process.env['XDG_RUNTIME_DIR'], home].filter(
    (path) => path !== undefined && existsSync(path),
  ) as string[]

/** In a folder that everybody may write to, somebody else's folder of our name is left alone. */
const isFree = (path: string, account: Account): boolean => {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found === undefined || (found.isDirectory() && (found.uid === account.uid || found.uid === process.getuid?.()))
}

function tryToMake(path: string, account: Account): boolean {
  if (!fits(path) || !isFree(path, account)) return false
  try {
    rmSync(path, { recursive: true, force: true })
    // Not recursive: fails when somebody made it since, instead of taking theirs.
    mkdirSync(path, { mode: 0o700 })
    chmodSync(path, 0o700)
    if (runsAsRoot()) chownSync(path, account.uid, account.gid)
    return true
  } catch {
    return false
  }
}

/**
 * A fresh private folder (0700, owned by the account) for the socket, with a path short enough for `sun_path` however
 * long the data folder's path is. The name is a hash of the cluster's path: the same at each start.
 * @throws StartError `no_socket_folder`
 */
export function makeSocketDir(cluster: string, home: string, account: Account): string {
  const hash = createHash('sha256').update(cluster).digest('hex').slice(0, 12)
  for (const parent of parents(home).map((path) => realpathSync(path))) {
    if (runsAsRoot() && blockingPart(parent, account)) continue
    for (let i = 0; i < NAMES_TRIED_MAX; i++) {
      const path = join(parent, i === 0 ? `tutti-${hash}` : `tutti-${hash}-${i}`)
      if (tryToMake(path, account)) return path
    }
  }
  throw new StartError(
    'no_socket_folder',
    `No folder for PostgreSQL's socket: ${parents(home).join(', ')} are not writable or have too long a path; set TMPDIR to a short, writable folder.`,
  )
}
