import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type AppError, messageOf, unprocessable } from '#kernel/errors.ts'
import { FILE_MAX_BYTES } from './bounds.ts'
import { mediaTooLarge } from './faults.ts'
import type { FilePath } from './types.ts'

/** What a failed `open` means, in one sentence. */
export const unopened = (thrown: unknown): AppError => {
  const code = (thrown as { code?: string }).code
  if (code === 'ENOENT' || code === 'ENOTDIR') return unprocessable('media_not_found', 'The file is no longer there.')
  if (code === 'ELOOP') return unprocessable('media_unreadable', 'The path runs in a circle of symbolic links.')
  if (code === 'EACCES' || code === 'EPERM')
    return unprocessable('media_unreadable', 'The file may not be read by this server: check its permissions.')
  return unprocessable('media_unreadable', `The file could not be opened (${code ?? messageOf(thrown)}).`)
}

/**
 * Opens a regular file for a media process. Never blocks on a pipe or a device, and takes any name the file system
 * can hold. Throws `media_not_found`, `media_unreadable`, `media_empty` or `media_too_large`.
 */
export async function openInput(file: FilePath): Promise<FileHandle> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((thrown: unknown) => {
    throw unopened(thrown)
  })
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw unprocessable('media_unreadable', 'The path is not a regular file.')
    if (stat.size === 0) throw unprocessable('media_empty', 'The file is empty (zero bytes).')
    if (stat.size > FILE_MAX_BYTES)
      throw mediaTooLarge(`The file is larger than the ${FILE_MAX_BYTES / 1024 ** 3} GiB that are read.`)
    return handle
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
}
