/** Bytes `start` (inclusive) to `end` (exclusive) of a representation. */
export type ByteRange = { readonly start: number; readonly end: number }

/** More parts than this in one header are taken for an attack (RFC 9110 §17.15) and answered with the whole. */
const PARTS_MAX = 32
const UNIT = /^bytes\s*=\s*(.*)$/i
const PART = /^(\d*)-(\d*)$/

/** One part as written; undefined when it is malformed, which makes the whole header count as absent. */
function readPart(text: string, sizeBytes: number): ByteRange | 'outside' | undefined {
  const [, first = '', last = ''] = PART.exec(text.trim()) ?? []
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes)
    return length > 0 ? { start: sizeBytes - length, end: sizeBytes } : 'outside'
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= sizeBytes) return 'outside'
  return { start, end: last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) }
}

/**
 * The part of `sizeBytes` bytes that a `Range` header asks for (RFC 9110 §14).
 * `whole` when there is no header, it cannot be understood (it must be ignored then), or it asks for several parts:
 * a server may always answer those with everything. `outside` when nothing that it asks for exists.
 */
export function readRange(header: string | undefined, sizeBytes: number): ByteRange | 'whole' | 'outside' {
  const list = UNIT.exec(header?.trim() ?? '')?.[1]
  if (list === undefined) return 'whole'
  const texts = list.split(',').filter((part) => part.trim() !== '')
  if (texts.length === 0 || texts.length > PARTS_MAX) return 'whole'
  const parts = texts.map((part) => readPart(part, sizeBytes))
  if (parts.includes(undefined)) return 'whole'
  const inside = parts.filter((part): part is ByteRange => typeof part === 'object')
  if (inside.length === 0) return 'outside'
  return inside.length === 1 ? (inside[0] as ByteRange) : 'whole'
}

/** `bytes 0-99/200` */
export const contentRange = (range: ByteRange, sizeBytes: number): string =>
  `bytes ${range.start}-${range.end - 1}/${sizeBytes}`
