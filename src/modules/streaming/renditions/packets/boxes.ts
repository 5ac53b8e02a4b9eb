/** One box of an ISO media file within a buffer that holds it wholly: its payload lies from `start` to `end`. */
export type Box = { readonly type: string; readonly start: number; readonly end: number }

export const BOX_HEADER_BYTES = 8
const LARGE_HEADER_BYTES = 16
/** More boxes side by side than any file of one track has. */
const BOXES_MAX = 1024

export type BoxHeader = { readonly type: string; readonly headerBytes: number; readonly sizeBytes: number }

/** The header at `at`; undefined when more bytes are needed. Throws where a box has no size of its own. */
export function boxHeader(bytes: Buffer, at: number): BoxHeader | undefined {
  if (bytes.length < at + BOX_HEADER_BYTES) return undefined
  const short = bytes.readUInt32BE(at)
  const type = bytes.toString('latin1', at + 4, at + 8)
  const headerBytes = short === 1 ? LARGE_HEADER_BYTES : BOX_HEADER_BYTES
  if (bytes.length < at + headerBytes) return undefined
  const sizeBytes = short === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : short
  if (sizeBytes < headerBytes || !Number.isSafeInteger(sizeBytes)) throw new Error(`a ${type} box has no proper size`)
  return { type, headerBytes, sizeBytes }
}

/** The boxes side by side from `start` to `end`. Throws when they do not fill that exactly. */
export function boxesIn(bytes: Buffer, start: number, end: number): Box[] {
  const boxes: Box[] = []
  for (let at = start; at < end; ) {
    const header = boxHeader(bytes.subarray(0, end), at)
    if (!header || at + header.sizeBytes > end || boxes.length >= BOXES_MAX) throw new Error('a box is cut off')
    boxes.push({ type: header.type, start: at + header.headerBytes, end: at + header.sizeBytes })
    at += header.sizeBytes
  }
  return boxes
}

/** The box at the end of a path of types (`['mvex', 'trex']`), each the first of its kind. */
export function boxAt(bytes: Buffer, within: { start: number; end: number }, path: readonly string[]): Box | undefined {
  let found: { start: number; end: number } | undefined = within
  for (const type of path) found = found && boxesIn(bytes, found.start, found.end).find((box) => box.type === type)
  return found as Box | undefined
}
