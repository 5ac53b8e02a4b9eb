import { Readable } from 'node:stream'
import type { Blobs } from '#kernel/blob/index.ts'
import { fileBody } from '#kernel/http/bytes/file-body.ts'
import { createOpenFiles } from '#kernel/http/bytes/open-files.ts'
import type { Representation } from '#kernel/http/bytes/send.ts'
import type { Offload } from './offload/offload.ts'
import { fileMissing, orMissing, type SongFile } from './visible.ts'

/** The answer depends on who asks, and the file may change at any time: keep it, but ask each time. */
export const PRIVATE = 'private, no-cache'

export type OriginalDeps = { readonly blobs: Blobs; readonly offload: Offload }

export const safeTag = (text: string): string => text.replaceAll(/[^\w.-]/g, '_')

type Bytes = { readonly sizeBytes: number; readonly modifiedAt: Date }
const described = (file: SongFile, { sizeBytes, modifiedAt }: Bytes) => ({
  sizeBytes,
  modifiedAt,
  etag: `"${safeTag(file.contentId)}-${sizeBytes.toString(36)}-${modifiedAt.getTime().toString(36)}"`,
  contentType: file.mimeType,
  cacheControl: PRIVATE,
  headers: { 'tutti-rendition': 'original' },
})

/**
 * The file as it was scanned or uploaded; `disposition` names it for a disk. Throws 404 `file_missing`, and 503 where
 * a store elsewhere does not answer.
 */
export async function originalOf(d: OriginalDeps, file: SongFile, disposition?: string): Promise<Representation> {
  const found =
    d.blobs.isRemote && file.blobKey !== null
      ? await remoteOf(d, file, file.blobKey, disposition)
      : await localOf(d, file)
  return disposition === undefined
    ? found
    : { ...found, headers: { ...found.headers, 'content-disposition': disposition } }
}

async function remoteOf(
  { blobs, offload }: OriginalDeps,
  file: SongFile,
  blobKey: string,
  disposition: string | undefined,
): Promise<Representation> {
  const blob = await blobs.stat(blobKey)
  if (!blob) throw fileMissing()
  const handOver = offload.blob(blobKey, { contentType: file.mimeType, disposition })
  return {
    ...described(file, blob),
    ...(handOver && { handOver }),
    open: (range) => (range.start < range.end ? blobs.read(blobKey, range) : Readable.from([])),
  }
}

const files = createOpenFiles()

async function localOf({ offload }: OriginalDeps, file: SongFile): Promise<Representation> {
  const path = Buffer.from(file.pathBase64, 'base64')
  const opened = await files.open(path).catch(orMissing)
  const { handle, done } = opened
  const handOver = offload.file(path)
  return {
    ...described(file, opened),
    ...(handOver && { handOver }),
    release: done,
    open: ({ start, end }) => fileBody({ handle, start, end, done }),
  }
}
