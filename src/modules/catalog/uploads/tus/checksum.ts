import { createHash, type Hash } from 'node:crypto'
import { AppError, badRequest } from '#kernel/errors.ts'

const ALGORITHMS = ['sha1', 'sha256', 'md5']

/** What the body of one request must be: the header `Upload-Checksum`. */
export type Expected = { hash: Hash; digest: string }

/** Throws 400 `bad_upload_checksum`. */
export function readChecksum(header: string | undefined): Expected | undefined {
  if (header === undefined) return undefined
  const [algorithm = '', digest = ''] = header.split(' ')
  if (!ALGORITHMS.includes(algorithm) || digest === '')
    throw badRequest(
      'bad_upload_checksum',
      `Upload-Checksum is "algorithm base64", the algorithm one of ${ALGORITHMS.join(', ')}.`,
    )
  return { hash: createHash(algorithm), digest }
}

/** Throws 460 `checksum_mismatch`, as the protocol has it. */
export function assertChecksum({ hash, digest }: Expected): void {
  if (hash.digest('base64') !== digest)
    throw new AppError(
      460,
      'checksum_mismatch',
      'The bytes are not those that Upload-Checksum tells of: send them again.',
    )
}
