import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gzip as gzipWithCallback } from 'node:zlib'
import type { Representation } from '#kernel/http/bytes/send.ts'
import { PRIVATE } from '../original.ts'

const gzip = promisify(gzipWithCallback)
/** Below this a compressed text is hardly shorter. */
const GZIP_BYTES_MIN = 200
const TAG_LENGTH = 24

/** Names these very bytes. */
export const tagOf = (bytes: Buffer): string =>
  `"${createHash('sha256').update(bytes).digest('base64url').slice(0, TAG_LENGTH)}"`

/** Bytes that are in memory already. */
export const inMemory = (
  bytes: Buffer,
  o: { contentType: string; cacheControl: string; headers?: Readonly<Record<string, string>> },
): Representation => ({
  ...o,
  sizeBytes: bytes.length,
  etag: tagOf(bytes),
  open: ({ start, end }) => Readable.from([bytes.subarray(start, end)]),
})

/** Whether an `Accept-Encoding` takes gzip: named, or by the wildcard, and not refused by `q=0`. */
function takesGzip(accepted: string | undefined): boolean {
  const offers = (accepted ?? '').toLowerCase().split(',')
  const find = (name: string) => offers.map((o) => o.trim().split(/\s*;\s*q=/)).find(([n]) => n === name)
  const [, q = '1'] = find('gzip') ?? find('*') ?? ['', '0']
  return Number.parseFloat(q) > 0
}

/** A playlist; compressed where the client takes that, as Apple's rules want it. */
export async function playlist(
  text: string,
  contentType: string,
  accepted: string | undefined,
): Promise<Representation> {
  const plain = Buffer.from(text)
  const isGzip = plain.length >= GZIP_BYTES_MIN && takesGzip(accepted)
  const headers = { vary: 'Accept-Encoding', ...(isGzip && { 'content-encoding': 'gzip' }) }
  return inMemory(isGzip ? await gzip(plain) : plain, { contentType, cacheControl: PRIVATE, headers })
}
