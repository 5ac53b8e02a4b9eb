import type { Splitter } from '../types.ts'
import { BOX_HEADER_BYTES, type BoxHeader, boxHeader } from './boxes.ts'
import { type Defaults, defaultsOf, type Place, placesOf } from './fragments.ts'
import { createGather, type Gather } from './gather.ts'

/** `moov` and `moof` of one track; a fragment of a second has a few hundred bytes. */
const BOX_BYTES_MAX = 1 << 20
/** Sound of one fragment; a second at 192 kHz and 24 bits has 1.1 MiB. */
const MDAT_BYTES_MAX = 16 << 20
const LARGE_HEADER_BYTES = 16

type State = { startByte: number; skipBytes: number; defaults: Defaults; places: Place[] }

/** Samples out of a fragmented MP4 of one track; everything but `moov`, `moof` and `mdat` is passed over. */
export function mp4Splitter(): Splitter {
  const gather = createGather()
  const state: State = { startByte: 0, skipBytes: 0, defaults: { sizeBytes: 0 }, places: [] }
  return (chunk) => {
    gather.push(chunk)
    const packets: Buffer[] = []
    while (step(gather, state, packets));
    return packets
  }
}

/** Handles one box, or the rest of one that is passed over; false when more bytes are needed. */
function step(gather: Gather, state: State, packets: Buffer[]): boolean {
  if (state.skipBytes > 0) {
    const droppedBytes = gather.drop(state.skipBytes)
    state.skipBytes -= droppedBytes
    state.startByte += droppedBytes
    return droppedBytes > 0
  }
  const header = headerOf(gather)
  if (!header) return false
  const bytesMax = { moov: BOX_BYTES_MAX, moof: BOX_BYTES_MAX, mdat: MDAT_BYTES_MAX }[header.type]
  if (bytesMax === undefined) {
    state.skipBytes = header.sizeBytes
    return true
  }
  if (header.sizeBytes > bytesMax) throw new Error(`a ${header.type} box is larger than any that an encoder writes`)
  const box = gather.take(header.sizeBytes)
  if (!box) return false
  handle(header, box, state, packets)
  state.startByte += header.sizeBytes
  return true
}

const headerOf = (gather: Gather): BoxHeader | undefined => {
  const short = gather.peek(BOX_HEADER_BYTES)
  return short && (boxHeader(short, 0) ?? largeHeaderOf(gather))
}
const largeHeaderOf = (gather: Gather): BoxHeader | undefined => {
  const long = gather.peek(LARGE_HEADER_BYTES)
  return long && boxHeader(long, 0)
}

function handle(header: BoxHeader, box: Buffer, state: State, packets: Buffer[]): void {
  const payload = box.subarray(header.headerBytes)
  if (header.type === 'moov') state.defaults = defaultsOf(payload)
  else if (header.type === 'moof') state.places = placesOf(payload, state.startByte, state.defaults)
  else {
    for (const { offset, sizeBytes } of state.places) {
      const at = offset - state.startByte
      if (at < header.headerBytes || at + sizeBytes > box.length) throw new Error('a sample lies outside its fragment')
      packets.push(box.subarray(at, at + sizeBytes))
    }
    state.places = []
  }
}
