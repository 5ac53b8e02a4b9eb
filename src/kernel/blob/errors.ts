import { AppError, conflict, notFound } from '#kernel/errors.ts'

export const blobNotFound = () => notFound('blob')
export const blobTooLarge = (sizeMaxBytes: number) =>
  new AppError(413, 'blob_too_large', `This is larger than the ${sizeMaxBytes} bytes that fit here.`)
const storageFull = () =>
  new AppError(507, 'storage_full', 'The disk that keeps the blobs is full: free some space on it and try again.')
const keyTaken = () =>
  conflict('blob_key_taken', 'One blob cannot lie inside another: a key must not go on after another blob’s whole key.')

const codeOf = (thrown: unknown) => (thrown as NodeJS.ErrnoException | undefined)?.code ?? ''
const isOneOf =
  (...codes: string[]) =>
  (thrown: unknown) =>
    codes.includes(codeOf(thrown))

/** Nothing is there: no such file, or a blob where the path needs a folder. */
export const isMissing = isOneOf('ENOENT', 'ENOTDIR')
const isFull = isOneOf('ENOSPC', 'EDQUOT')
const isTaken = isOneOf('EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY')

/** What a failed write means to the caller; anything else as it was. */
export function writeFault(thrown: unknown): unknown {
  if (isFull(thrown)) return storageFull()
  if (isTaken(thrown)) return keyTaken()
  return thrown
}
