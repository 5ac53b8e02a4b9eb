import type { Readable } from 'node:stream'
import { createLocalBlobs } from './local.ts'

export type BlobEntry = { key: string; sizeBytes: number; modifiedAt: Date }
/** `sha256` in hex. */
export type BlobInfo = BlobEntry & { sha256: string }

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
  /** A local file (to be) for programs that need one, to read only; undefined when blobs are not on this machine. */
  localPath(key: string): string | undefined
  check(): Promise<{ ok: boolean; detail?: string }>
}

/** Blobs in a folder of this machine, made when it is missing; sweeps what killed processes left there. */
export const createBlobs = (o: { dir: string }): Promise<Blobs> => createLocalBlobs(o.dir)
