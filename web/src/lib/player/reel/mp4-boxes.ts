import { textAt, viewOf } from './boxes.ts'
import { type Bytes, type ByteSource, unfit } from './types.ts'

/** Index of the longest song that is taken: ten hours in packets of 20 ms. */
const MOOV_BYTES_MAX = 32 * 1024 * 1024
const TOP_BOXES_MAX = 64

export type Box = { type: string; body: Bytes }

/** The boxes in some bytes, one after the other. */
export function boxesIn(bytes: Bytes): Box[] {
  const found: Box[] = []
  const v = viewOf(bytes)
  for (let at = 0; at + 8 <= bytes.length; ) {
    const short = v.getUint32(at)
    const isLong = short === 1
    const size = isLong ? Number(v.getBigUint64(at + 8)) : short === 0 ? bytes.length - at : short
    if (size < 8 || at + size > bytes.length) break
    found.push({ type: textAt(bytes, at + 4, 4), body: bytes.subarray(at + (isLong ? 16 : 8), at + size) })
    at += size
  }
  return found
}

/** The first box at a path of types, from `bytes` down. */
export function boxAt(bytes: Bytes, ...path: string[]): Bytes | undefined {
  let here: Bytes | undefined = bytes
  for (const type of path) here = here && boxesIn(here).find((b) => b.type === type)?.body
  return here
}

/** The movie header of a file: at its beginning or behind the sound. */
export async function readMoov(source: ByteSource, head: Bytes, signal: AbortSignal): Promise<Bytes> {
  let at = 0
  for (let i = 0; i < TOP_BOXES_MAX && at + 8 <= source.sizeBytes; i++) {
    const b = at + 16 <= head.length ? head.slice(at, at + 16) : await source.read(at, at + 16, signal)
    const v = viewOf(b)
    const short = v.getUint32(0)
    const size = short === 1 && b.length >= 16 ? Number(v.getBigUint64(8)) : short || source.sizeBytes - at
    const type = textAt(b, 4, 4)
    if (size < 8) break
    if (type === 'moof') throw unfit('an MP4 in fragments')
    if (type === 'moov') {
      if (size > MOOV_BYTES_MAX) throw unfit('an MP4 with too large an index')
      const whole = at + size <= head.length ? head.slice(at, at + size) : await source.read(at, at + size, signal)
      return whole.subarray(8)
    }
    at += size
  }
  throw unfit('an MP4 without an index')
}
