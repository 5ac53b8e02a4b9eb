import { constants, createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { Representation } from '#kernel/http/bytes/send.ts'
import { orMissing, type SongFile } from './visible.ts'

/** Larger reads cost fewer turns of the event loop; a slow reader holds at most two of them. */
const READ_BYTES = 256 * 1024
/** The answer depends on who asks, and the file may change at any time: keep it, but ask each time. */
export const PRIVATE = 'private, no-cache'

export const safeTag = (text: string): string => text.replaceAll(/[^\w.-]/g, '_')

/** Opened without waiting, so that a pipe in a music folder cannot hold a request. */
async function openRegular(path: Buffer): Promise<{ handle: FileHandle; sizeBytes: number; modifiedAt: Date }> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'ENOENT' })
    return { handle, sizeBytes: stat.size, modifiedAt: stat.mtime }
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
}

/**
 * The file as it lies on the disk. One descriptor serves length, validators and bytes, so they belong together even
 * when the file is replaced meanwhile. Throws 404 `file_missing`.
 */
export async function originalOf(file: SongFile): Promise<Representation> {
  const opened = await openRegular(Buffer.from(file.pathBase64, 'base64')).catch(orMissing)
  const { handle, sizeBytes, modifiedAt } = opened
  const close = () => void handle.close().catch(() => {})
  return {
    sizeBytes,
    modifiedAt,
    etag: `"${safeTag(file.contentId)}-${sizeBytes.toString(36)}-${modifiedAt.getTime().toString(36)}"`,
    contentType: file.mimeType,
    cacheControl: PRIVATE,
    headers: { 'tutti-rendition': 'original' },
    release: close,
    open: ({ start, end }) => {
      if (start < end)
        return createReadStream('', { fd: handle, start, end: end - 1, highWaterMark: READ_BYTES, autoClose: true })
      close()
      return Readable.from([])
    },
  }
}
