import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { userInfo } from 'node:os'
import { StartError } from './errors.ts'

/** A system user: PostgreSQL refuses to run as root, so as root its processes run as one of these. */
export type Account = { name: string; uid: number; gid: number }

/** Tried in this order for a new database when Tutti runs as root. */
const UNPRIVILEGED_NAMES = ['nobody', 'postgres', 'daemon'] as const

export const runsAsRoot = (): boolean => process.getuid?.() === 0

/** macOS writes `nobody` as -2; `>>> 0` makes it the same unsigned number that `stat` reports. */
const parsePasswdLine = (line: string): Account[] => {
  const [name, , uid, gid] = line.split(':')
  if (!name || name.startsWith('#') || !uid || !gid) return []
  return [{ name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }]
}

const listAccounts = (): Account[] => readFileSync('/etc/passwd', 'utf8').split('\n').flatMap(parsePasswdLine)

/**
 * The account that PostgreSQL's processes run as when Tutti runs as root: the owner of an existing cluster,
 * so that a folder first used by a person keeps working under sudo, else the first unprivileged account.
 */
export function accountUnderRoot(ownerUid: number | undefined): Account {
  const accounts = listAccounts().filter((account) => account.uid !== 0)
  const owner = accounts.find((account) => account.uid === ownerUid)
  if (owner) return owner
  const found = UNPRIVILEGED_NAMES.flatMap((name) => accounts.filter((account) => account.name === name))[0]
  if (found) return found
  throw new StartError(
    'no_unprivileged_user',
    'PostgreSQL refuses to run as root and this system has no user "nobody": add one, start Tutti as another user, or set DATABASE_URL.',
  )
}

/** The account of this very process. PostgreSQL refuses a user id that has no name (containers with `--user 12345`). */
export function ownAccount(): Account {
  try {
    const { username, uid, gid } = userInfo()
    return { name: username, uid, gid }
  } catch (cause) {
    throw new StartError(
      'user_without_name',
      `PostgreSQL needs a named user, and user id ${process.getuid?.()} has no entry in /etc/passwd: add one, start Tutti as a named user, or set DATABASE_URL.`,
      cause,
    )
  }
}

export const nameOfUid = (uid: number): string =>
  listAccounts().find((account) => account.uid === uid)?.name ?? `user id ${uid}`

const mayPass = (path: string, account: Account): boolean => {
  const { mode, uid, gid } = statSync(path)
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
  return (mode & bit) !== 0
}

const withParents = (path: string): string[] => {
  const parent = dirname(path)
  return parent === path ? [path] : [...withParents(parent), path]
}

/**
 * The first part of an absolute, real path that `account` may not pass (a folder) or run (a file); undefined when it
 * reaches the end. Reads permission bits only: where an access list allows more, the answer errs on the safe side.
 */
export const blockingPart = (path: string, account: Account): string | undefined =>
  withParents(path).find((part) => !mayPass(part, account))
