import { statfs } from 'node:fs/promises'
import { AppError } from '#kernel/errors.ts'

/** Stays free on the disk of the data folder: the database lives there, too. */
const FREE_MIN_BYTES = 256 * 1024 ** 2
/** Bytes that come are put down without a look at the disk for so long at most. */
export const LOOK_EVERY_BYTES = 8 * 1024 ** 2

/** Throws 507 `storage_full` when so many bytes more would fill the disk of this folder. */
export async function assertRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize - bytes < FREE_MIN_BYTES)
    throw new AppError(507, 'storage_full', 'There is no room left for this on the server.')
}
