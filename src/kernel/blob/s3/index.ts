import { AppError, messageOf } from '#kernel/errors.ts'
import { createCopies } from '../copies.ts'
import { blobTooLarge } from '../errors.ts'
import type { BlobInfo, Blobs } from '../index.ts'
import { checkKey, checkPrefix } from '../keys.ts'
import { BLOB_MAX_BYTES, IN_MEMORY_MAX_BYTES } from '../limits.ts'
import { checkRange } from '../read.ts'
import { connectS3, type S3, type S3Options } from './client.ts'
import { isNotThere, reasonOf, s3Fault } from './faults.ts'
import { listObjects, wholeSeconds } from './list.ts'
import { linkTo } from './links.ts'
import { sourceOf, store } from './put.ts'
import { readObject } from './read.ts'
import { createStat } from './stat.ts'
import { endForgottenUploads, standsInTheWay } from './tidy.ts'

export type { S3Options } from './client.ts'
export type S3BlobOptions = S3Options & { copiesDir: string; copiesMaxBytes: number }

const CHECK_TIMEOUT_MS = 5_000

/** Blobs as objects of an S3 bucket, key for key. Several processes may share it; each has its own local copies. */
export async function createS3Blobs(o: S3BlobOptions): Promise<Blobs> {
  const s3 = await connectS3(o)
  const stat = createStat(s3)
  const copies = await createCopies({
    dir: o.copiesDir,
    sizeMaxBytes: o.copiesMaxBytes,
    original: async (key) => {
      const { sizeBytes, sha256 } = await stat.known(key)
      return { sizeBytes, sha256, open: () => readObject(s3, key, undefined) }
    },
  })
  void greet(s3)
  return {
    async put(key, bytes, { signal, sizeMaxBytes = BLOB_MAX_BYTES } = {}) {
      checkKey(key)
      const limits = { signal, sizeMaxBytes: Math.min(sizeMaxBytes, BLOB_MAX_BYTES) }
      const source = await sourceOf(o.copiesDir, bytes, limits)
      try {
        await standsInTheWay(s3, key)
        await store(s3, key, source, signal)
        return await stored(s3, key, source)
      } catch (thrown) {
        signal?.throwIfAborted()
        throw s3Fault(s3, 'put', thrown)
      } finally {
        await source.drop()
      }
    },
    async stat(key) {
      checkKey(key)
      return stat.of(key)
    },
    read(key, range) {
      checkKey(key)
      if (range) checkRange(range)
      return readObject(s3, key, range)
    },
    async bytes(key) {
      checkKey(key)
      return readWhole(s3, key)
    },
    async delete(key) {
      checkKey(key)
      await remove(s3, key)
      await copies.remove(key)
    },
    list(prefix) {
      checkPrefix(prefix)
      return listObjects(s3, prefix)
    },
    localPath(key) {
      checkKey(key)
      return copies.pathOf(key)
    },
    async holdPath(path) {
      const key = copies.keyOf(path)
      return key === undefined ? () => undefined : copies.hold(key)
    },
    isRemote: true,
    async presign(key, link) {
      checkKey(key)
      return linkTo(s3, key, link)
    },
    check: () => check(s3),
    async close() {
      copies.close()
      s3.close()
    },
  }
}

/** What was stored, at the time that the store says; another may have replaced or deleted it since. */
async function stored(s3: S3, key: string, { sizeBytes, sha256 }: { sizeBytes: number; sha256: string }) {
  const found = await s3.client
    .send(new s3.sdk.HeadObjectCommand({ Bucket: s3.bucket, Key: key }))
    .catch(() => undefined)
  return { key, sizeBytes, sha256, modifiedAt: wholeSeconds(found?.LastModified ?? new Date()) } satisfies BlobInfo
}

async function readWhole(s3: S3, key: string): Promise<Uint8Array | undefined> {
  try {
    const answer = await s3.bodies.send(new s3.sdk.GetObjectCommand({ Bucket: s3.bucket, Key: key }))
    if ((answer.ContentLength ?? 0) <= IN_MEMORY_MAX_BYTES) return await answer.Body?.transformToByteArray()
    ;(answer.Body as { destroy?(): void } | undefined)?.destroy?.()
    throw blobTooLarge(IN_MEMORY_MAX_BYTES)
  } catch (thrown) {
    if (!(thrown instanceof AppError) && isNotThere(thrown)) return undefined
    throw s3Fault(s3, 'read', thrown)
  }
}

async function remove(s3: S3, key: string): Promise<void> {
  try {
    await s3.client.send(new s3.sdk.DeleteObjectCommand({ Bucket: s3.bucket, Key: key }))
  } catch (thrown) {
    if (!isNotThere(thrown)) throw s3Fault(s3, 'delete', thrown)
  }
}

/** A store that is away is no fault of the start: one that is started together with us may need longer. */
async function greet(s3: S3): Promise<void> {
  const { ok, detail } = await check(s3)
  if (ok) await endForgottenUploads(s3)
  else s3.log.warn({ detail }, 'the storage (S3) is not ready')
}

/** Well when the bucket answers to our key. */
async function check(s3: S3): Promise<{ ok: boolean; detail?: string }> {
  try {
    const abortSignal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
    await s3.client.send(new s3.sdk.HeadBucketCommand({ Bucket: s3.bucket }), { abortSignal })
    return { ok: true, detail: `bucket ${s3.bucket}` }
  } catch (thrown) {
    return { ok: false, detail: `bucket ${s3.bucket}: ${reasonOf(thrown) || messageOf(thrown)}` }
  }
}
