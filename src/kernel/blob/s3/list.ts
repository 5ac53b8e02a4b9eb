import type { BlobEntry } from '../index.ts'
import { isKey } from '../keys.ts'
import type { S3 } from './client.ts'
import { s3Fault } from './faults.ts'

const PAGE = 1000
/** The store tells times of a single object in whole seconds, those of a list sometimes finer: both must agree. */
export const wholeSeconds = (at: Date | undefined): Date => new Date(Math.floor((at?.getTime() ?? 0) / 1000) * 1000)

/** Blobs whose key begins with `prefix`; what others put into the bucket under names that are no keys is passed by. */
export async function* listObjects(s3: S3, prefix: string): AsyncGenerator<BlobEntry> {
  let token: string | undefined
  do {
    const page = await s3.client
      .send(
        new s3.sdk.ListObjectsV2Command({
          Bucket: s3.bucket,
          Prefix: prefix,
          MaxKeys: PAGE,
          ...(token && { ContinuationToken: token }),
        }),
      )
      .catch((thrown: unknown) => {
        throw s3Fault(s3, 'list', thrown)
      })
    for (const { Key = '', Size = 0, LastModified } of page.Contents ?? [])
      if (isKey(Key)) yield { key: Key, sizeBytes: Size, modifiedAt: wholeSeconds(LastModified) }
    token = page.IsTruncated ? page.NextContinuationToken : undefined
  } while (token)
}
