/**
 * FLAC frames carry their number. An encoder that began in the middle counts from there, so each frame is given the
 * number that it has in the whole, and its two checksums. A frame knows nothing else of its neighbours.
 */
const FIXED_BLOCKS = 0xfff8
const NUMBER_AT = 4
/** What UTF-8's scheme can write, stretched to seven bytes; frames need at most 31 bits. */
const NUMBER_MAX = 2 ** 31 - 1
const CRC_BYTES = 2
/** Header, number, checksums: less is no frame. */
const FRAME_BYTES_MIN = 8

export function renumbered(frame: Buffer, number: number): Buffer {
  if (frame.length < FRAME_BYTES_MIN || frame.readUInt16BE(0) !== FIXED_BLOCKS)
    throw new Error('the encoder wrote something that is no FLAC frame of fixed size')
  const restAt = NUMBER_AT + codedBytes(frame[NUMBER_AT] as number)
  const restBytes = optionalBytes(frame[2] as number)
  const bodyAt = restAt + restBytes + 1
  const coded = codedNumber(number)
  const head = Buffer.concat([frame.subarray(0, NUMBER_AT), coded, frame.subarray(restAt, restAt + restBytes)])
  const end = Buffer.alloc(CRC_BYTES)
  const signed = Buffer.concat([head, Buffer.from([crc8(head)]), frame.subarray(bodyAt, -CRC_BYTES), end])
  signed.writeUInt16BE(crc16(signed.subarray(0, -CRC_BYTES)), signed.length - CRC_BYTES)
  return signed
}

/** Samples of one frame, as its header says. */
export function blockSamples(frame: Buffer): number {
  const code = (frame[2] as number) >> 4
  const at = NUMBER_AT + codedBytes(frame[NUMBER_AT] as number)
  if (code === 6) return (frame[at] as number) + 1
  if (code === 7) return frame.readUInt16BE(at) + 1
  if (code === 1) return 192
  return code <= 5 ? 576 * 2 ** (code - 2) : 256 * 2 ** (code - 8)
}

/** Block size and sample rate stand in the header where no short code says them. */
function optionalBytes(codes: number): number {
  const block = codes >> 4
  const rate = codes & 0x0f
  return (block === 6 ? 1 : block === 7 ? 2 : 0) + (rate === 12 ? 1 : rate === 13 || rate === 14 ? 2 : 0)
}

function codedBytes(first: number): number {
  if (first < 0x80) return 1
  const bytes = Math.clz32(~(first << 24))
  if (bytes < 2 || bytes > 7) throw new Error('a FLAC frame has no proper number')
  return bytes
}

/** As UTF-8 would write it. */
function codedNumber(number: number): Buffer {
  if (!Number.isInteger(number) || number < 0 || number > NUMBER_MAX) throw new RangeError(`no frame number: ${number}`)
  if (number < 0x80) return Buffer.from([number])
  const bytes = Math.max(2, Math.ceil((32 - Math.clz32(number) - 1) / 5))
  const coded = Buffer.alloc(bytes)
  for (let i = bytes - 1, left = number; i >= 0; i--, left = Math.floor(left / 64)) coded[i] = 0x80 | (left & 0x3f)
  coded[0] = ((0xff00 >> bytes) & 0xff) | Math.floor(number / 64 ** (bytes - 1))
  return coded
}

function tableOf(polynomial: number, bits: 8 | 16): Uint16Array {
  const top = 1 << (bits - 1)
  const entry = (byte: number): number => {
    let crc = byte << (bits - 8)
    for (let bit = 0; bit < 8; bit++) crc = crc & top ? (crc << 1) ^ polynomial : crc << 1
    return crc & ((top << 1) - 1)
  }
  return Uint16Array.from({ length: 256 }, (_, byte) => entry(byte))
}
const CRC8 = tableOf(0x07, 8)
const CRC16 = tableOf(0x8005, 16)

export function crc8(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) crc = CRC8[crc ^ byte] as number
  return crc
}
export function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (let i = 0; i < bytes.length; i++)
    crc = ((crc << 8) & 0xffff) ^ (CRC16[(crc >> 8) ^ (bytes[i] as number)] as number)
  return crc
}
