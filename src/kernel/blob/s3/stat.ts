import { createHash } from 'node:crypto'
import { blobNotFound } from '../errors.ts'
import type { BlobInfo } from '../index.ts'
import type { S3 } from './client.ts'
import { isNotThere, s3Fault } from './faults.ts'
import { wholeSeconds } from './list.ts'
import { readObject } from './read.ts'

/** Hashes of objects that came without one, by their ETag. */
const HASHES_MAX = 10_000
const SHA256 = /^[0-9a-f]{64}$/

/**
 * What an object is. Its hash stands in its metadata; one that was brought into the bucket by another program has none
 * there, and is read once for it.
 */
export function createStat(s3: S3) {
  const made = new Map<string, string>()

  async function hashOf(key: string, etag: string): Promise<string> {
    const known = made.get(etag)
    if (known) return known
    const hash = createHash('sha256')
    for await (const chunk of readObject(s3, key, undefined)) hash.update(chunk as Buffer)
    const sha256 = hash.digest('hex')
    for (const oldest of made.keys()) if (made.size >= HASHES_MAX) made.delete(oldest)
    made.set(etag, sha256)
    return sha256
  }
  async function of(key: string): Promise<BlobInfo | undefined> {
    try {
      const found = await s3.client.send(new s3.sdk.HeadObjectCommand({ Bucket: s3.bucket, Key: key }))
      const told = found.Metadata?.['sha256'] ?? ''
      return {
        key,
        sizeBytes: found.ContentLength ?? 0,
        modifiedAt: wholeSeconds(found.LastModified),
        sha256: SHA256.test(told) ? told : await hashOf(key, `${key} ${found.ETag}`),
      }
    } catch (thrown) {
      if (isNotThere(thrown)) return undefined
      throw s3Fault(s3, 'stat', thrown)
    }
  }
  return {
    of,
    /** Throws 404. */
    async known(key: string): Promise<BlobInfo> {
      const found = await of(key)
      if (!found) throw blobNotFound()
      return found
    },
  }
}
