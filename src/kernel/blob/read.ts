import { close, createReadStream, fstat, open, read } from 'node:fs'
import type { Readable } from 'node:stream'
import { AppError } from '#kernel/errors.ts'
import { blobNotFound, isMissing } from './errors.ts'

export type Range = { start: number; end: number }

/** @throws 416 `bad_range` */
export function checkRange({ start, end }: Range): void {
  if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start < end))
    throw new AppError(416, 'bad_range', 'A range is whole bytes from start up to, and without, end: 0 ≤ start < end.')
}

/** A stream of a plain file, or of the part of `range` that it has. It fails with 404 where there is none. */
export const readFileStream = (path: string, range: Range | undefined): Readable =>
  createReadStream(path, {
    ...(range && { start: range.start, end: range.end - 1 }),
    fs: { open: openPlainFile, read, close },
  })

type Opened = (fault: Error | null, fd?: number) => void

function openPlainFile(path: string, flags: string, mode: number, done: Opened): void {
  open(path, flags, mode, (fault, fd) => {
    if (fault) return done(isMissing(fault) ? blobNotFound() : fault)
    return fstat(fd, (fault, info) => {
      if (!fault && info.isFile()) return done(null, fd)
      return close(fd, () => done(fault ?? blobNotFound()))
    })
  })
}
