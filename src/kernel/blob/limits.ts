/** One blob; `sizeMaxBytes` of a call may only lower it. */
export const BLOB_MAX_BYTES = 16 * 1024 ** 3
/** What `bytes` reads into memory; beyond it `read` streams. */
export const IN_MEMORY_MAX_BYTES = 256 * 1024 ** 2
