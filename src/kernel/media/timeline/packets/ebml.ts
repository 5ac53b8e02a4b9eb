import type { ByteReader } from '#kernel/media/region/reader.ts'

/** Elements of Matroska (RFC 9559) that matter here. */
export const ID = {
  segment: 0x18538067,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackType: 0x83,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  contentEncodings: 0x6d80,
  cluster: 0x1f43b675,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  discardPadding: 0x75a2,
} as const

/** Those that a live stream writes without a length: they end where the next of their kind, or of a higher one, begins. */
const TOP_LEVEL: ReadonlySet<number> = new Set([
  ID.cluster,
  ID.tracks,
  0x114d9b74,
  0x1549a966,
  0x1c53bb6b,
  0x1941a469,
  0x1043a770,
  0x1254c367,
])
const HEAD_MAX_BYTES = 12
/** Elements side by side in one parent. */
const ELEMENTS_MAX = 1_000_000

export type Element = {
  readonly id: number
  readonly start: number
  readonly end: number
  /** Its end lies behind that of its parent, or of the file. */
  readonly isCut: boolean
}

/** A number with its length in front (RFC 8794); undefined where none is. */
function lengthOf(bytes: Uint8Array, at: number): { length: number; value: number; isUnknown: boolean } | undefined {
  const first = bytes[at] ?? 0
  const length = Math.clz32(first) - 23
  if (length > 8 || at + length > bytes.length) return undefined
  let value = first & (0xff >> length)
  let isUnknown = value === 0xff >> length
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i] as number
    value = value * 256 + byte
    isUnknown &&= byte === 0xff
  }
  return { length, value, isUnknown }
}
export const readSize = lengthOf

function headAt(file: ByteReader, at: number, end: number) {
  const head = file.read(at, Math.min(HEAD_MAX_BYTES, end - at))
  const idBytes = Math.clz32(head[0] ?? 0) - 23
  const size = idBytes <= 4 ? lengthOf(head, idBytes) : undefined
  if (!size) return undefined
  let id = 0
  for (let i = 0; i < idBytes; i++) id = id * 256 + (head[i] as number)
  const start = at + idBytes + size.length
  return { id, start, end: size.isUnknown ? undefined : start + size.value }
}

/** The elements side by side from `from` to `to`; ends where something else stands. */
export function* elementsIn(file: ByteReader, from: number, to: number): Generator<Element> {
  for (let at = from, count = 0; at < to && count < ELEMENTS_MAX; count++) {
    const head = headAt(file, at, to)
    if (!head) return
    const end = head.end ?? openEnd(file, head.id, head.start, to)
    yield { id: head.id, start: head.start, end: Math.min(end, to), isCut: end > to }
    at = end
  }
}

/** Where an element without a length ends. */
function openEnd(file: ByteReader, id: number, from: number, to: number): number {
  if (id === ID.segment) return to
  for (let at = from, count = 0; at < to && count < ELEMENTS_MAX; count++) {
    const head = headAt(file, at, to)
    if (!head?.end || TOP_LEVEL.has(head.id)) return at
    at = head.end
  }
  return to
}

/** A whole number with a sign where DiscardPadding has one; 0 for what is not there. */
export function numberOf(file: ByteReader, element: Element | undefined): number {
  if (!element || element.end - element.start > 8) return 0
  const bytes = file.read(element.start, element.end - element.start)
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  const isNegative = element.id === ID.discardPadding && ((bytes[0] ?? 0) & 0x80) !== 0
  return isNegative ? value - 256 ** bytes.length : value
}
