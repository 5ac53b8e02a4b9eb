import type { Readable } from 'node:stream'

export type BlobInfo = { key: string; sizeBytes: number; sha256: string; modifiedAt: Date }

/**
 * Bytes by key. `put` is atomic (temp file, fsync, rename): a reader sees the whole blob or none.
 * Keys are made of `a-z 0-9 . _ - /`; a key names its owner's room first: `streaming/renditions/…`.
 */
export type Blobs = {
  put(key: string, bytes: Readable | Uint8Array, o?: { signal?: AbortSignal; sizeMaxBytes?: number }): Promise<BlobInfo>
  stat(key: string): Promise<BlobInfo | undefined>
  /** `end` is exclusive. Throws 404 for an unknown key. */
  read(key: string, range?: { start: number; end: number }): Readable
  bytes(key: string): Promise<Uint8Array | undefined>
  delete(key: string): Promise<void>
  list(prefix: string): AsyncIterable<BlobInfo>
  /** A local file for programs that need one, or undefined when blobs are not on this machine. */
  localPath(key: string): string | undefined
  check(): Promise<{ ok: boolean; detail?: string }>
}
