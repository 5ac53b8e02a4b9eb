import { type Page, pageAt } from '#kernel/media/region/ogg.ts'
import { ascii, type ByteReader } from '#kernel/media/region/reader.ts'
import type { PacketTable } from '#kernel/media/types.ts'
import { flacShape, isFirstFrame, STREAMINFO_BYTES } from './streaminfo.ts'
import { stretchList } from './list.ts'

const PAGE_HEAD_MAX_BYTES = 27 + 255
const CONTINUED = 1
/** Before STREAMINFO: a byte and a name, the version, the number of other headers, `fLaC`, the head of a block. */
const STREAMINFO_AT = 17
const HEADERS_AT = 7
const FRAME_HEAD_BYTES = 16
const NO_GRANULE = 0xffff_ffff_ffff_ffffn
/** Of a day of music, one page for each frame. */
const PAGES_MAX = 2_000_000

/** Frames of FLAC out of Ogg. Undefined where there is more than one stream, or anything between its pages. */
export function oggFlacPackets(file: ByteReader): PacketTable | undefined {
  const first = file.read(28, STREAMINFO_AT + STREAMINFO_BYTES)
  if (ascii(first, 0, 5) !== '\x7fFLAC') return undefined
  const found = framesIn(file, 1 + (((first[HEADERS_AT] ?? 0) << 8) | (first[HEADERS_AT + 1] ?? 0)))
  if (!found) return undefined
  const frames = found.list.done()
  const shape = flacShape(first.subarray(STREAMINFO_AT), found.samples)
  if (!shape || frames.packets < 1 || !isFirstFrame(file.read(frames.offsets[0] as number, FRAME_HEAD_BYTES)))
    return undefined
  return { codec: 'flac', ...shape, delaySamples: 0, ...frames }
}

function framesIn(file: ByteReader, headers: number) {
  const list = stretchList()
  let headersLeft = headers
  let serial: number | undefined
  let samples = 0
  let isOpen = false
  for (let at = 0, pages = 0; at < file.sizeBytes; pages++) {
    const page = pageAt(file.read(at, PAGE_HEAD_MAX_BYTES), 0)
    serial ??= page?.serial
    const isNext = page && page.serial === serial && ((page.flags & CONTINUED) !== 0) === isOpen
    if (!isNext || at + page.end > file.sizeBytes || pages >= PAGES_MAX) return undefined
    for (const { offset, size, isEnd } of partsOf(page, at)) {
      // FFmpeg ends with a packet that holds nothing.
      if (size === 0 && isEnd && !isOpen) continue
      if (headersLeft === 0 && !list.add(offset, size)) return undefined
      isOpen = !isEnd
      if (!isEnd) continue
      if (headersLeft > 0) headersLeft--
      else list.end()
    }
    if (page.granule !== NO_GRANULE) samples = Number(page.granule)
    at += page.end
  }
  return isOpen || headersLeft > 0 ? undefined : { list, samples }
}

/** The packets of a page, and the part of one that goes on in the next. */
function* partsOf({ lacing, bodyStart }: Page, pageStart: number) {
  let offset = pageStart + bodyStart
  let size = 0
  for (const [i, segment] of lacing.entries()) {
    size += segment
    const isEnd = segment < 255
    if (!isEnd && i < lacing.length - 1) continue
    yield { offset, size, isEnd }
    offset += size
    size = 0
  }
}
