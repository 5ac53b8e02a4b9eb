import type { Readable } from 'node:stream'
import { createLocalBlobs } from './local.ts'
import type { S3BlobOptions } from './s3/index.ts'

export type { S3BlobOptions } from './s3/index.ts'

export type BlobEntry = { key: string; sizeBytes: number; modifiedAt: Date }
/** `sha256` in hex. */
export type BlobInfo = BlobEntry & { sha256: string }

/** What a link answers; it works for `expiresSec`, 7 days at most. */
export type Link = {
  readonly expiresSec: number
  readonly contentType?: string
  /** Value of `Content-Disposition`. */
  readonly disposition?: string
  readonly cacheControl?: string
}

/**
 * Bytes by key. `put` is atomic (temp file, fsync, rename): a reader sees the whole blob or none.
 * Keys are made of `a-z 0-9 . _ - /`, 200 characters at most; a key names its owner's room first:
 * `streaming/renditions/…`. No key goes on after another's whole key (`a/b` and `a/b/c` do not go together: 409).
 * Every call throws 400 `bad_blob_key` for another key.
 */
export type Blobs = {
  /**
   * Durable when it resolves. Leaves nothing behind when it fails: 413 `blob_too_large`, 507 `storage_full`, the
   * signal's reason, or what the source failed with. A source stream is consumed or destroyed.
   */
  put(key: string, bytes: Readable | Uint8Array, o?: { signal?: AbortSignal; sizeMaxBytes?: number }): Promise<BlobInfo>
  stat(key: string): Promise<BlobInfo | undefined>
  /**
   * `end` is exclusive; bytes beyond the blob's end are left out. Throws 416 for a range that is none.
   * The stream fails with 404 for an unknown key, before its first byte.
   */
  read(key: string, range?: { start: number; end: number }): Readable
  /** The whole blob in memory; 413 over 256 MiB. */
  bytes(key: string): Promise<Uint8Array | undefined>
  /** An unknown key is no fault. */
  delete(key: string): Promise<void>
  /** In the order of the keys' bytes; `prefix` may end within a name. What comes and goes meanwhile may be missing. */
  list(prefix: string): AsyncIterable<BlobEntry>
  /**
   * The file (to be) of a blob, for programs that need one, to read only. Where blobs are not on this machine it is a
   * copy that is there only while it is held.
   */
  localPath(key: string): string
  /**
   * Sees to it that a file that `localPath` named is there, until the answer is called; of any other path, nothing.
   * Throws 404, and where blobs are not on this machine 503 `storage_unavailable` and 507.
   */
  holdPath(path: string): Promise<() => void>
  /** Blobs are not on this machine: `localPath` names copies. */
  readonly isRemote: boolean
  /** An address by which anybody reads this one blob from where it lies; undefined when that is this machine. */
  presign(key: string, link: Link): Promise<string | undefined>
  check(): Promise<{ ok: boolean; detail?: string }>
  close(): Promise<void>
}

/**
 * Blobs in a folder of this machine, made when it is missing, or in an S3 bucket. Sweeps what killed processes left.
 * In a bucket times are whole seconds, and every call may throw 503 `storage_unavailable`.
 */
export async function createBlobs(o: { dir: string; s3?: S3BlobOptions | undefined }): Promise<Blobs> {
  if (!o.s3) return createLocalBlobs(o.dir)
  const { createS3Blobs } = await import('./s3/index.ts')
  return createS3Blobs(o.s3)
}
