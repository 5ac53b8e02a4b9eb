import { ascii, type ByteReader, view } from './reader.ts'
import type { AudioRegion, Container } from './types.ts'

/** Boxes or chunks looked at on the top level of one file. */
const CHUNKS_MAX = 4096
const UNKNOWN_SIZE = 0xffff_ffff

const cut = (container: Container, file: ByteReader): AudioRegion => ({
  container,
  start: file.sizeBytes,
  end: file.sizeBytes,
  isCut: true,
})

/** A region from what a header promises, held inside the file. */
function promised(container: Container, file: ByteReader, start: number, length: number): AudioRegion {
  const end = start + length
  return {
    container,
    start: Math.min(start, file.sizeBytes),
    end: Math.min(end, file.sizeBytes),
    isCut: end > file.sizeBytes,
  }
}

/** The largest `mdat` of an MP4 file: where the tags (`moov`) lie, before or after, does not matter. */
export function mp4Region(file: ByteReader): AudioRegion {
  let best: AudioRegion | undefined
  let hasIndex = false
  for (let at = 0, count = 0; at < file.sizeBytes && count < CHUNKS_MAX; count++) {
    const head = file.read(at, 16)
    if (head.length < 8) break
    const short = view(head).getUint32(0)
    const isLong = short === 1 && head.length === 16
    const size = short === 0 ? file.sizeBytes - at : isLong ? Number(view(head).getBigUint64(8)) : short
    const headBytes = isLong ? 16 : 8
    if (size < headBytes) break
    const name = ascii(head, 4, 4)
    if (name === 'moov' || name === 'moof') hasIndex = true
    if (name === 'mdat') {
      const region = promised('mp4', file, at + headBytes, size - headBytes)
      if (!best || region.end - region.start > best.end - best.start) best = region
    }
    at += size
  }
  return best ? { ...best, isCut: best.isCut || !hasIndex } : cut('mp4', file)
}

type ChunkFile = { container: 'wav' | 'aiff'; audio: string; isLittle: boolean; skipBytes: number }
const WAV: ChunkFile = { container: 'wav', audio: 'data', isLittle: true, skipBytes: 0 }
/** SSND begins with an offset and a block size of 4 bytes each. */
const AIFF: ChunkFile = { container: 'aiff', audio: 'SSND', isLittle: false, skipBytes: 8 }

/** Data size of an RF64 file, which does not fit the chunk itself. */
const rf64DataBytes = (file: ByteReader): number | undefined => {
  const ds64 = file.read(12, 36)
  return ascii(ds64, 0, 4) === 'ds64' && ds64.length >= 24 ? Number(view(ds64).getBigUint64(16, true)) : undefined
}

function chunkRegion(file: ByteReader, kind: ChunkFile): AudioRegion {
  for (let at = 12, count = 0; at + 8 <= file.sizeBytes && count < CHUNKS_MAX; count++) {
    const head = file.read(at, 8)
    const size = view(head).getUint32(4, kind.isLittle)
    if (ascii(head, 0, 4) === kind.audio) {
      // A recorder that streams writes 0 or the largest number: the audio then runs to the end of the file.
      const isOpen = size === UNKNOWN_SIZE || size === 0
      const length = isOpen ? (rf64DataBytes(file) ?? file.sizeBytes - at - 8) : size
      return promised(kind.container, file, at + 8 + kind.skipBytes, length - kind.skipBytes)
    }
    at += 8 + size + (size & 1)
  }
  return cut(kind.container, file)
}
export const wavRegion = (file: ByteReader): AudioRegion => chunkRegion(file, WAV)
export const aiffRegion = (file: ByteReader): AudioRegion => chunkRegion(file, AIFF)

const ASF_DATA = '3626b2758e66cf11a6d900aa0062ce6c'
const ASF_DATA_HEAD_BYTES = 50

/** The packets of the data object of a WMA file. */
export function asfRegion(file: ByteReader): AudioRegion {
  for (let at = 0, count = 0; at + 24 <= file.sizeBytes && count < CHUNKS_MAX; count++) {
    const head = file.read(at, 24)
    const size = Number(view(head).getBigUint64(16, true))
    if (Buffer.from(head.subarray(0, 16)).toString('hex') === ASF_DATA) {
      const length = size > ASF_DATA_HEAD_BYTES ? size - ASF_DATA_HEAD_BYTES : file.sizeBytes - at - ASF_DATA_HEAD_BYTES
      return promised('asf', file, at + ASF_DATA_HEAD_BYTES, length)
    }
    if (size < 24) break
    at += size
  }
  return cut('asf', file)
}
