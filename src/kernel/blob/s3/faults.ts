import { AppError, messageOf, unavailable } from '#kernel/errors.ts'
import type { S3 } from './client.ts'

type SdkFault = { name?: string; code?: string; $metadata?: { httpStatusCode?: number; requestId?: string } }

const RETRY_AFTER_SEC = 5
const NOT_THERE = new Set(['NoSuchKey', 'NotFound', 'NoSuchVersion'])
/** The same from a store on a file system, for a key inside of another blob. */
const INSIDE_A_BLOB = 'ObjectParentIsFile'

export const nameOf = (thrown: unknown): string => (thrown as SdkFault | undefined)?.name ?? ''
export const statusOf = (thrown: unknown): number | undefined =>
  (thrown as SdkFault | undefined)?.$metadata?.httpStatusCode

/** No such object; that the bucket is missing is another matter. */
export const isNotThere = (thrown: unknown): boolean =>
  NOT_THERE.has(nameOf(thrown)) || (statusOf(thrown) === 404 && nameOf(thrown) !== 'NoSuchBucket')
export const isOutside = (thrown: unknown): boolean => nameOf(thrown) === 'InvalidRange' || statusOf(thrown) === 416

export const storageAway = () =>
  unavailable(
    'storage_unavailable',
    'The storage that keeps the files of this server does not answer right now: try again shortly.',
    RETRY_AFTER_SEC,
  )
const full = () =>
  new AppError(507, 'storage_full', 'The storage that keeps the blobs is full: free some space on it and try again.')
const taken = () =>
  new AppError(409, 'blob_key_taken', 'One blob cannot lie inside another: a key must not go on after another’s.')

/**
 * What a failed call means to the caller. INVARIANT: nothing of the SDK's error goes further than its name, status and
 * request id: it knows the headers that were sent, signature among them.
 */
export function s3Fault(s3: Pick<S3, 'log' | 'bucket'>, what: string, thrown: unknown): unknown {
  if (thrown instanceof AppError) return thrown
  const [name, status] = [nameOf(thrown), statusOf(thrown)]
  if (status === 507 || name === 'QuotaExceeded' || name === 'XMinioStorageFull') return full()
  if (name.includes(INSIDE_A_BLOB) || name === 'ExistingObjectIsDirectory') return taken()
  s3.log.warn({ what, bucket: s3.bucket, ...describe(thrown) }, 'the storage (S3) failed')
  return storageAway()
}

/** One line for the operator. */
export function reasonOf(thrown: unknown): string {
  const { name, status } = describe(thrown)
  if (name === 'NoSuchBucket' || status === 404) return 'there is no such bucket'
  if (status === 403 || status === 401) return `the store refuses the key or the bucket (${name})`
  if (status === 301 || status === 400) return `the store refuses the request (${name}): is S3_REGION right?`
  return status === undefined ? `no answer (${messageOf(thrown).slice(0, 200)})` : `${name}, status ${status}`
}

function describe(thrown: unknown) {
  const { code, $metadata } = (thrown ?? {}) as SdkFault
  return { name: nameOf(thrown), code, status: statusOf(thrown), requestId: $metadata?.requestId }
}
