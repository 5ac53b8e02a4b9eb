import { type Layout, packetsIn } from '../layout.ts'
import type { Container, PartPlace } from '../types.ts'
import { checkPackets, checkPiece, join } from './check.ts'

const PCM = 1
const EXTENSIBLE = 0xfffe
/** Which channels there are: the middle, or left and right. */
const SPEAKERS = { 1: 0x4, 2: 0x3 } as const
/** The rest of the GUID of a format, after its number. */
const GUID_REST = Buffer.from('000000001000800000aa00389b71', 'hex')
const UINT32_MAX = 0xffff_ffff
/** `WAVE` and the heads of the `fmt ` and `data` chunks. */
const FRAME_BYTES = 4 + 8 + 8
const DS64_BYTES = 28
/** Blocks of at most 4608 samples. */
const PACKETS_PER_PART = 4

const frameBytes = (layout: Layout): number => layout.channels * (layout.bits / 8)
const dataBytes = (layout: Layout): number => layout.samples * frameBytes(layout)
/** Chunks of RIFF end on an even byte. */
const padBytes = (layout: Layout): number => dataBytes(layout) % 2

/** PCM behind a RIFF header; above 4 GiB the header is one of RF64 (EBU 3306), whose sizes have 64 bits. */
export const wav: Container = {
  contentType: 'audio/wav',
  header(layout) {
    const format = formatOf(layout)
    const data = dataBytes(layout)
    const riffBytes = FRAME_BYTES + format.length + data + padBytes(layout)
    if (riffBytes <= UINT32_MAX)
      return Buffer.concat([
        chunk('RIFF', riffBytes),
        text('WAVE'),
        chunk('fmt ', format.length),
        format,
        chunk('data', data),
      ])
    const ds64 = Buffer.alloc(DS64_BYTES)
    ds64.writeBigUInt64LE(BigInt(riffBytes + 8 + DS64_BYTES), 0)
    ds64.writeBigUInt64LE(BigInt(data), 8)
    ds64.writeBigUInt64LE(BigInt(layout.samples), 16)
    const head = [chunk('RF64', UINT32_MAX), text('WAVE'), chunk('ds64', DS64_BYTES), ds64]
    return Buffer.concat([...head, chunk('fmt ', format.length), format, chunk('data', UINT32_MAX)])
  },
  pieceBytes(layout, piece) {
    checkPiece(layout, piece)
    const first = piece * layout.packetsPerPiece * layout.packetSamples
    const samples = Math.min(packetsIn(layout, piece) * layout.packetSamples, layout.samples - first)
    return samples * frameBytes(layout) + (piece === layout.pieces - 1 ? padBytes(layout) : 0)
  },
  pack(layout, piece, packets) {
    checkPackets(layout, piece, packets)
    return join([withPad(layout, { piece, from: 0 }, packets)], wav.pieceBytes(layout, piece) as number)
  },
  parts: { packets: PACKETS_PER_PART, bytes: withPad },
}

function withPad(layout: Layout, { piece, from }: PartPlace, packets: readonly Buffer[]): Buffer {
  const isEnd = piece === layout.pieces - 1 && from + packets.length === packetsIn(layout, piece)
  return Buffer.concat(isEnd ? [...packets, Buffer.alloc(padBytes(layout))] : packets)
}

const text = (name: string): Buffer => Buffer.from(name, 'latin1')

function chunk(name: string, sizeBytes: number): Buffer {
  const head = Buffer.alloc(8, name, 'latin1')
  head.writeUInt32LE(sizeBytes, 4)
  return head
}

/** 24 bits want the long form, which says how many bits of the container are used. */
function formatOf(layout: Layout): Buffer {
  const isLong = layout.bits > 16
  const format = Buffer.alloc(isLong ? 40 : 16)
  format.writeUInt16LE(isLong ? EXTENSIBLE : PCM, 0)
  format.writeUInt16LE(layout.channels, 2)
  format.writeUInt32LE(layout.sampleRateHz, 4)
  format.writeUInt32LE(layout.sampleRateHz * frameBytes(layout), 8)
  format.writeUInt16LE(frameBytes(layout), 12)
  format.writeUInt16LE(layout.bits, 14)
  if (!isLong) return format
  format.writeUInt16LE(22, 16)
  format.writeUInt16LE(layout.bits, 18)
  format.writeUInt32LE(SPEAKERS[layout.channels], 20)
  format.writeUInt16LE(PCM, 24)
  GUID_REST.copy(format, 26)
  return format
}
