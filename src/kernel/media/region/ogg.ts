import { ascii, type ByteReader, view } from './reader.ts'
import type { AudioRegion } from './types.ts'

const PAGE_HEAD_BYTES = 27
export const PAGE_MAX_BYTES = PAGE_HEAD_BYTES + 255 + 255 * 255
/** Pages that headers and an embedded picture may fill (about 64 MB). */
const HEADER_PAGES_MAX = 1024
const LAST_PAGE = 4
/** Read from the back of the file to find the last pages. */
const TAIL_BYTES = 256 * 1024
const NO_GRANULE = 0xffff_ffff_ffff_ffffn

export type Page = {
  start: number
  bodyStart: number
  end: number
  granule: bigint
  flags: number
  serial: number
  lacing: Uint8Array
}

/** The page at `at` of `bytes`, positions relative to it; undefined when there is none. Its end may lie beyond. */
export function pageAt(bytes: Uint8Array, at: number): Page | undefined {
  if (ascii(bytes, at, 4) !== 'OggS' || bytes.length < at + PAGE_HEAD_BYTES) return undefined
  const data = view(bytes)
  const lacing = bytes.subarray(at + PAGE_HEAD_BYTES, at + PAGE_HEAD_BYTES + (bytes[at + 26] ?? 0))
  const bodyStart = at + PAGE_HEAD_BYTES + (bytes[at + 26] ?? 0)
  const end = bodyStart + lacing.reduce((sum, size) => sum + size, 0)
  const granule = data.getBigUint64(at + 6, true)
  return {
    start: at,
    bodyStart,
    end,
    granule,
    flags: bytes[at + 5] ?? 0,
    serial: data.getUint32(at + 14, true),
    lacing,
  }
}

/** Header packets of a codec, from its first packet. */
function headerPackets(first: Uint8Array): number {
  if (ascii(first, 0, 8) === 'OpusHead') return 2
  if (first[0] === 0x7f && ascii(first, 1, 4) === 'FLAC') return 1 + (((first[7] ?? 0) << 8) | (first[8] ?? 0))
  if (ascii(first, 0, 8) === 'Speex   ') return 2
  return 3 // Vorbis: identification, comment, set-up
}

/** Position of the first page that holds audio: headers always end their page. */
function audioStart(file: ByteReader): number {
  let at = 0
  let packetsLeft = Number.POSITIVE_INFINITY
  for (let count = 0; count < HEADER_PAGES_MAX && packetsLeft > 0; count++) {
    const bytes = file.read(at, PAGE_MAX_BYTES)
    const page = pageAt(bytes, 0)
    if (!page) return file.sizeBytes
    if (count === 0) packetsLeft = headerPackets(bytes.subarray(page.bodyStart))
    packetsLeft -= page.lacing.filter((size) => size < 255).length
    at += page.end
  }
  return Math.min(at, file.sizeBytes)
}

/** Consecutive whole pages in `bytes`, from the first that is followed by another or ends the bytes. */
function* pagesIn(bytes: Uint8Array): Generator<Page> {
  for (let at = 0; at + PAGE_HEAD_BYTES <= bytes.length; ) {
    const page = pageAt(bytes, at)
    if (page && page.end <= bytes.length) {
      yield page
      at = page.end
    } else at++
  }
}

const lastOf = (pages: Page[]): Page | undefined => pages.findLast((page) => page.granule !== NO_GRANULE)

/** Samples at the start of Opus that a player drops (RFC 7845, section 5.1); 0 for other codecs. */
function opusPreSkip(file: ByteReader): number {
  const first = file.read(PAGE_HEAD_BYTES + 1, 12)
  return ascii(first, 0, 8) === 'OpusHead' ? view(first).getUint16(10, true) : 0
}

/** Audio pages after the headers. Cut when the last page is not whole or not marked as the last. */
export function oggRegion(file: ByteReader): AudioRegion {
  const start = audioStart(file)
  const from = Math.max(start, file.sizeBytes - TAIL_BYTES)
  const pages = [...pagesIn(file.read(from, file.sizeBytes - from))]
  const last = pages.at(-1)
  const isCut = last === undefined || (last.flags & LAST_PAGE) === 0
  const granule = lastOf(pages)?.granule
  const region: AudioRegion = { container: 'ogg', start, end: file.sizeBytes, isCut }
  if (granule === undefined) return region
  return { ...region, lengthSamples: Math.max(0, Number(granule) - opusPreSkip(file)) }
}

/** Payload bytes (packets without page headers) of the pages in `bytes`. */
const payloadOf = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat(Array.from(pagesIn(bytes), (page) => bytes.subarray(page.bodyStart, page.end)))

/**
 * What names the audio of an Ogg file: the first and the last `windowBytes` of its packets. Page headers hold numbers
 * and checksums that a tagger rewrites, and a muxer may cut pages elsewhere, so only packet bytes count.
 */
export function oggWindows(file: ByteReader, region: AudioRegion, windowBytes: number): Uint8Array[] {
  const span = Math.max(TAIL_BYTES, windowBytes * 4)
  const head = payloadOf(file.read(region.start, Math.min(span, region.end - region.start)))
  const from = Math.max(region.start, region.end - span)
  const tail = payloadOf(file.read(from, region.end - from))
  return [head.subarray(0, windowBytes), tail.subarray(Math.max(0, tail.length - windowBytes))]
}
