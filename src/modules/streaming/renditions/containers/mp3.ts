import { type Layout, packetsIn } from '../layout.ts'
import { mp3Header } from '../packets/mp3.ts'
import type { Container } from '../types.ts'
import { checkPackets, checkPiece, join } from './check.ts'

/** Decoders add this to the encoder's delay of a tag on their own. */
const DECODER_DELAY_SAMPLES = 529
const SIDE_INFO_BYTES = { 1: 17, 2: 32 } as const
const HEADER_BYTES = 4
const TOC_ENTRIES = 100
/** Frames, bytes, table of contents and quality are there. */
const ALL_FIELDS = 0x0f
/** Of 100, as LAME writes it for its middle setting. */
const QUALITY = 50
const TAG_VERSION_0_CBR = 0x01
const LAME_BYTES = 36
const UINT32_MAX = 0xffff_ffff
/** 0.48 s. */
const FRAMES_PER_PART = 20

const framesBytes = (layout: Layout, packets: number): number => packets * (layout.packetBytes as number)

/**
 * Frames one after the other behind an "Info" frame: silence with a LAME tag, from which players learn how long the
 * music is, and what to throw away at both ends. It says nothing of loudness: what is sent is as it was asked for.
 */
export const mp3: Container = {
  contentType: 'audio/mpeg',
  header(layout) {
    const frame = Buffer.alloc(framesBytes(layout, 1))
    mp3Header(layout).copy(frame)
    const tagAt = writeInfo(frame, HEADER_BYTES + SIDE_INFO_BYTES[layout.channels], layout)
    writeLame(frame, tagAt, layout)
    return frame
  },
  pieceBytes(layout, piece) {
    checkPiece(layout, piece)
    return framesBytes(layout, packetsIn(layout, piece))
  },
  pack(layout, piece, packets) {
    checkPackets(layout, piece, packets)
    return join(packets, framesBytes(layout, packets.length))
  },
  parts: {
    packets: FRAMES_PER_PART,
    bytes: (layout, _, packets) => join(packets, framesBytes(layout, packets.length)),
  },
}

/** The Info frame is among the bytes, but not among the frames. */
const totalBytes = (layout: Layout): number => framesBytes(layout, layout.packets + 1)

/** Answers where it ends. */
function writeInfo(frame: Buffer, start: number, layout: Layout): number {
  frame.write('Info', start, 'latin1')
  frame.writeUInt32BE(ALL_FIELDS, start + 4)
  frame.writeUInt32BE(layout.packets, start + 8)
  frame.writeUInt32BE(Math.min(totalBytes(layout), UINT32_MAX), start + 12)
  const toc = start + 16
  for (let i = 0; i < TOC_ENTRIES; i++) {
    const at = framesBytes(layout, 1 + (layout.packets * i) / TOC_ENTRIES)
    frame[toc + i] = Math.min(255, Math.floor((256 * at) / totalBytes(layout)))
  }
  frame.writeUInt32BE(QUALITY, toc + TOC_ENTRIES)
  return toc + TOC_ENTRIES + 4
}

function writeLame(frame: Buffer, start: number, layout: Layout): void {
  const delay = layout.delaySamples - DECODER_DELAY_SAMPLES
  const padding = layout.packets * layout.packetSamples - layout.samples - delay
  frame.write('LAME3.100', start, 'latin1')
  frame[start + 9] = TAG_VERSION_0_CBR
  frame[start + 20] = Math.min(255, layout.profile.kbps as number)
  frame.writeUIntBE(delay * 0x1000 + padding, start + 21, 3)
  frame.writeUInt32BE(Math.min(totalBytes(layout), UINT32_MAX), start + 28)
  const crcAt = start + LAME_BYTES - 2
  frame.writeUInt16BE(crc16(frame.subarray(0, crcAt)), crcAt)
}

/** CRC-16/ARC, as LAME signs its tag. */
export function crc16(bytes: Buffer): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1
  }
  return crc
}
