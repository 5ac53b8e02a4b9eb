import { conflict } from '#kernel/errors.ts'
import { isKey } from '../keys.ts'
import type { S3 } from './client.ts'
import { isNotThere, reasonOf } from './faults.ts'

/** An upload in parts that was begun so long ago has lost its process. */
const FORGOTTEN_MS = 24 * 3_600_000

const keyTaken = () =>
  conflict('blob_key_taken', 'One blob cannot lie inside another: a key must not go on after another blob’s whole key.')

/** Keys of which `key` is a continuation: `a/b/c` -> `a`, `a/b`. */
const before = (key: string): string[] => {
  const names = key.split('/')
  return names.slice(1).map((_, i) => names.slice(0, i + 1).join('/'))
}

/**
 * A bucket would hold `a/b` and `a/b/c`; a folder cannot, and a store must be able to move from one to the other.
 * Throws 409 `blob_key_taken`.
 */
export async function standsInTheWay(s3: S3, key: string): Promise<void> {
  const { sdk, client, bucket: Bucket } = s3
  const isBlob = (Key: string) =>
    client.send(new sdk.HeadObjectCommand({ Bucket, Key })).then(
      () => true,
      (thrown: unknown) => {
        if (isNotThere(thrown)) return false
        throw thrown
      },
    )
  const isFolder = client
    .send(new sdk.ListObjectsV2Command({ Bucket, Prefix: `${key}/`, MaxKeys: 1 }))
    .then((page) => (page.Contents?.length ?? 0) > 0)
  const found = await Promise.all([isFolder, ...before(key).map(isBlob)])
  if (found.includes(true)) throw keyTaken()
}

/** Ends uploads in parts whose process was killed: nobody sees them, but they take room. Never fails. */
export async function endForgottenUploads(s3: S3, nowMs = Date.now()): Promise<void> {
  const { sdk, client, bucket: Bucket } = s3
  try {
    const { Uploads = [] } = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket }))
    for (const { Key = '', UploadId, Initiated } of Uploads)
      if (isKey(Key) && nowMs - (Initiated?.getTime() ?? nowMs) > FORGOTTEN_MS)
        await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
  } catch (thrown) {
    s3.log.warn({ bucket: Bucket, reason: reasonOf(thrown) }, 'forgotten uploads in the storage could not be ended')
  }
}
