import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StartError } from './errors.ts'

export type FolderLock = { release(): void }

const SQLITE_BUSY = 5

const errcodeOf = (thrown: unknown): unknown =>
  thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : undefined

/** Only for the sentence: the lock itself is what decides. */
const holderOf = (pidFile: string): string => {
  try {
    return ` (process ${readFileSync(pidFile, 'utf8').trim()})`
  } catch {
    return ''
  }
}

const refusal = (thrown: unknown, folder: string, pidFile: string): StartError =>
  errcodeOf(thrown) === SQLITE_BUSY
    ? new StartError(
        'data_folder_in_use',
        `Another Tutti${holderOf(pidFile)} already runs on ${folder}: stop it first, or set TUTTI_DATA to another folder for this one.`,
        thrown,
      )
    : new StartError(
        'data_folder_cannot_lock',
        `${folder} cannot be locked against a second Tutti: set TUTTI_DATA to a folder on a local disk.`,
        thrown,
      )

/**
 * One whole product per data folder. The operating system holds the lock and drops it when the process dies, however
 * it dies, so there is no stale lock and no reused process id to mistake; it also holds between containers that share
 * a volume. Node has no flock; SQLite's exclusive lock on an empty file is the same thing.
 * Invariant: nothing else in this process opens `tutti.lock`, because closing it would drop the POSIX lock.
 * @throws StartError `data_folder_in_use`, `data_folder_cannot_lock`
 */
export function lockFolder(folder: string): FolderLock {
  const pidFile = join(folder, 'tutti.pid')
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(join(folder, 'tutti.lock'))
    // No journal on disk: the lock must be had on a full disk too, so that the sentence about the disk can be said.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (thrown) {
    database?.close()
    throw refusal(thrown, folder, pidFile)
  }
  writePid(pidFile)
  return {
    release: () => {
      rmSync(pidFile, { force: true })
      database.close()
    },
  }
}

function writePid(pidFile: string): void {
  try {
    writeFileSync(pidFile, `${process.pid}\n`)
  } catch {
    // A full disk must not hide the sentence that says so later; the number is only a courtesy.
  }
}
