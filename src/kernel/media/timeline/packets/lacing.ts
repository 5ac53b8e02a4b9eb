import type { ByteReader } from '#kernel/media/region/reader.ts'
import { readSize } from './ebml.ts'

const XIPH = 1
const FIXED = 2
/** Flags, the number of packets, and the sizes of all but the last of them. */
const HEAD_MAX_BYTES = 2 + 255 * 8

/** Sizes of the packets of a block whose flags stand at `at`; they end with it. Undefined when they do not fit into it. */
export function laced(file: ByteReader, at: number, end: number): number[] | undefined {
  const head = file.read(at, Math.min(HEAD_MAX_BYTES, end - at))
  const kind = ((head[0] ?? 0) >> 1) & 3
  if (kind === 0) return [end - at - 1]
  const packets = (head[1] ?? 0) + 1
  if (kind === FIXED) {
    const each = (end - at - 2) / packets
    return Number.isInteger(each) ? Array<number>(packets).fill(each) : undefined
  }
  const read = kind === XIPH ? xiphSizes(head, packets - 1) : ebmlSizes(head, packets - 1)
  const last = read && end - at - read.bytes - read.sizes.reduce((sum, size) => sum + size, 0)
  return read && last !== undefined && last > 0 ? [...read.sizes, last] : undefined
}

type Sizes = { readonly sizes: number[]; readonly bytes: number }

function xiphSizes(head: Uint8Array, count: number): Sizes | undefined {
  const sizes: number[] = []
  let at = 2
  for (let i = 0; i < count; i++) {
    let size = 0
    while (head[at] === 255) {
      size += 255
      at++
    }
    if (at >= head.length) return undefined
    sizes.push(size + (head[at++] as number))
  }
  return { sizes, bytes: at }
}

/** The first as it is, the others as how much they differ from the one before. */
function ebmlSizes(head: Uint8Array, count: number): Sizes | undefined {
  const sizes: number[] = []
  let at = 2
  for (let i = 0; i < count; i++) {
    const read = readSize(head, at)
    if (!read) return undefined
    const bias = 2 ** (7 * read.length - 1) - 1
    const size = i === 0 ? read.value : (sizes[i - 1] as number) + read.value - bias
    if (size < 1) return undefined
    sizes.push(size)
    at += read.length
  }
  return { sizes, bytes: at }
}
