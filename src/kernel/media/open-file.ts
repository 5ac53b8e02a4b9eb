import { closeSync, constants, openSync, statSync } from 'node:fs'
import type { FilePath } from './types.ts'

const pathOf = (path: FilePath | Uint8Array): FilePath => (typeof path === 'string' ? path : Buffer.from(path))
export const NOT_REGULAR = 'not_regular'

/** A device is not even opened: some do something then. Throws what `stat` and `open` do, or `NOT_REGULAR`. */
export function openFile(path: FilePath | Uint8Array): number {
  if (!statSync(pathOf(path)).isFile()) throw Object.assign(new Error('not a regular file'), { code: NOT_REGULAR })
  return openSync(pathOf(path), constants.O_RDONLY | constants.O_NONBLOCK)
}

/** Lends an open file to `work`. Throws what opening does. */
export function withFile<T>(path: FilePath | Uint8Array, work: (fd: number) => T): T {
  const fd = openFile(path)
  try {
    return work(fd)
  } finally {
    closeSync(fd)
  }
}
