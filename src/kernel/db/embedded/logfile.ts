import {
  closeSync,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { asStartError } from './errors.ts'

/** Above this the log becomes `postgres.log.1`, so both together stay below about twice this. */
export const LOG_BYTES_MAX = 4 * 1024 * 1024
const TAIL_BYTES_MAX = 4096
const TAIL_LINES_MAX = 8

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

export type PostgresLog = {
  /** For the postmaster's stdout and stderr; close it once the child has it. */
  handle: number
  /** The last lines written since the log was opened, as one line. */
  tail: () => string
}

/** Opens the log for appending, after moving a large one aside. @throws StartError */
export function openLog(file: string): PostgresLog {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    if (sizeOf(file) > LOG_BYTES_MAX) renameSync(file, `${file}.1`)
    const handle = openSync(file, 'a', 0o600)
    const { size } = fstatSync(handle)
    return { handle, tail: () => tailOf(file, size) }
  } catch (thrown) {
    throw asStartError(thrown, dirname(file))
  }
}

/** The postmaster holds the file open in append mode, so it can be emptied under it: its next line begins at 0. */
export function boundLog(file: string): void {
  if (sizeOf(file) <= LOG_BYTES_MAX) return
  copyFileSync(file, `${file}.1`)
  truncateSync(file)
}

/** The last lines of the file that stand after `fromByte`, joined by " · "; empty when there are none. */
export function tailOf(file: string, fromByte: number): string {
  const size = sizeOf(file)
  const begin = Math.max(size < fromByte ? 0 : fromByte, size - TAIL_BYTES_MAX)
  if (size <= begin) return ''
  const handle = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(size - begin)
    const read = readSync(handle, buffer, 0, buffer.length, begin)
    return buffer.toString('utf8', 0, read).trim().split('\n').slice(-TAIL_LINES_MAX).join(' · ')
  } finally {
    closeSync(handle)
  }
}
