import { createHash } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { blobTooLarge, writeFault } from '../errors.ts'
import { newTempPath } from '../temp.ts'
import { copyHashed, type Limits } from '../write.ts'
import type { S3 } from './client.ts'
import { nameOf } from './faults.ts'

/** At most 10 000 of them make one object: 16 GiB take 2048. */
export const PART_BYTES = 8 * 1024 ** 2
const PARTS_AT_ONCE = 3
/** The store's own type for what has no other: what it is stands in our database. */
const CONTENT_TYPE = 'application/octet-stream'

/** Bytes whose length and hash are known, and that can be sent again. */
export type Source = {
  readonly sizeBytes: number
  readonly sha256: string
  part(start: number, end: number): Promise<Uint8Array>
  drop(): Promise<void>
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function sourceOfBytes(bytes: Uint8Array, limits: Limits): Source {
  limits.signal?.throwIfAborted()
  if (bytes.byteLength > limits.sizeMaxBytes) throw blobTooLarge(limits.sizeMaxBytes)
  return {
    sizeBytes: bytes.byteLength,
    sha256: hashOf(bytes),
    part: async (start, end) => bytes.subarray(start, end),
    drop: async () => undefined,
  }
}

async function readPart(file: FileHandle, start: number, end: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(end - start)
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled)
    if (bytesRead === 0) throw new Error('a temporary file became shorter')
    filled += bytesRead
  }
  return bytes
}

/**
 * A stream goes through a file of this machine first: its hash and length stand in the head of the request, a part can
 * be sent again, and a source that fails has not touched the store.
 */
async function sourceOfStream(dir: string, bytes: Readable, limits: Limits): Promise<Source> {
  const path = newTempPath(dir)
  // A source may fail before the first look at it; the loop below still sees the fault.
  bytes.on('error', () => undefined)
  let file: FileHandle | undefined
  const drop = async () => {
    await file?.close()
    await rm(path, { force: true })
  }
  try {
    limits.signal?.throwIfAborted()
    file = await open(path, 'wx+')
    const opened = file
    const sha256 = await copyHashed(bytes, opened, limits)
    const { size } = await opened.stat()
    return { sizeBytes: size, sha256, part: (start, end) => readPart(opened, start, end), drop }
  } catch (thrown) {
    bytes.destroy()
    await drop()
    throw writeFault(thrown)
  }
}

/** Throws 413, 507, the signal's reason, what the source failed with. */
export const sourceOf = async (dir: string, bytes: Readable | Uint8Array, limits: Limits): Promise<Source> =>
  bytes instanceof Uint8Array ? sourceOfBytes(bytes, limits) : sourceOfStream(dir, bytes, limits)

/** Stores the whole at once, or in parts; readers see the old object until the last step. */
export async function store(s3: S3, key: string, source: Source, signal: AbortSignal | undefined): Promise<void> {
  const head = { Bucket: s3.bucket, Key: key, ContentType: CONTENT_TYPE, Metadata: { sha256: source.sha256 } }
  if (source.sizeBytes > PART_BYTES) return storeParts(s3, head, source, signal)
  const Body = await source.part(0, source.sizeBytes)
  await s3.client.send(
    new s3.sdk.PutObjectCommand({ ...head, Body, ContentLength: source.sizeBytes }),
    signal && { abortSignal: signal },
  )
}

type Head = { Bucket: string; Key: string; ContentType: string; Metadata: { sha256: string } }
type Part = { PartNumber: number; ETag: string | undefined }

async function storeParts(s3: S3, head: Head, source: Source, signal: AbortSignal | undefined): Promise<void> {
  const { sdk, client } = s3
  const { Bucket, Key } = head
  // Not broken off: of an upload that the store has begun already, nobody would know the name.
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(head))
  try {
    signal?.throwIfAborted()
    const Parts = await sendParts(s3, { Bucket, Key, UploadId }, source, signal)
    const complete = new sdk.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } })
    await client.send(complete).catch((thrown: unknown) => wasCompleted(s3, head, thrown))
  } catch (thrown) {
    // The parts cost room until the upload is ended; what cannot be ended now, the sweep of the next start finds.
    await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => undefined)
    throw thrown
  }
}

/** A second try of the last step finds no upload when the first one had worked and only its answer was lost. */
async function wasCompleted(s3: S3, head: Head, thrown: unknown): Promise<void> {
  if (nameOf(thrown) !== 'NoSuchUpload') throw thrown
  const found = await s3.client.send(new s3.sdk.HeadObjectCommand({ Bucket: head.Bucket, Key: head.Key }))
  if (found.Metadata?.['sha256'] !== head.Metadata.sha256) throw thrown
}

/** A few parts at once, each with its bytes in memory; the first fault stops the others before it is told. */
async function sendParts(
  s3: S3,
  upload: { Bucket: string; Key: string; UploadId: string | undefined },
  source: Source,
  signal: AbortSignal | undefined,
): Promise<Part[]> {
  const stopping = new AbortController()
  const ended = signal ? AbortSignal.any([signal, stopping.signal]) : stopping.signal
  const parts: Part[] = Array.from({ length: Math.ceil(source.sizeBytes / PART_BYTES) }, (_, i) => ({
    PartNumber: i + 1,
    ETag: undefined,
  }))
  const waiting = parts.values()
  const sendNext = async () => {
    for (const part of waiting) {
      ended.throwIfAborted()
      const start = (part.PartNumber - 1) * PART_BYTES
      const end = Math.min(start + PART_BYTES, source.sizeBytes)
      const Body = await source.part(start, end)
      const { PartNumber } = part
      const command = new s3.sdk.UploadPartCommand({ ...upload, PartNumber, Body, ContentLength: end - start })
      const sent = await s3.client.send(command, { abortSignal: ended })
      part.ETag = sent.ETag
    }
  }
  const sending = Array.from({ length: PARTS_AT_ONCE }, () => sendNext())
  await Promise.all(sending).catch(async (thrown: unknown) => {
    stopping.abort(thrown)
    await Promise.allSettled(sending)
    throw thrown
  })
  return parts
}
