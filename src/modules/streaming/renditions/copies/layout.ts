import { createHash } from 'node:crypto'
import type { PacketTable } from '#kernel/media/index.ts'
import { GRID_SEC, GRIDS_PER_PIECE, type Layout } from '../layout.ts'
import { COPY_PROFILES, type CopyTarget } from './kinds.ts'
import { bytesBetween } from './table.ts'

const DIGEST_LENGTH = 16
/** More would not fit into the descriptor; no encoder of stereo writes more than a few. */
const CONFIG_BYTES_MAX = 64
const CHANNELS_MAX = 2

/** Names the packets by their sizes and what a decoder is told of them. */
export const digestOf = (table: PacketTable): string =>
  createHash('sha256')
    .update(JSON.stringify([table.codec, table.sampleRateHz, table.packetSamples, table.delaySamples, table.samples]))
    .update(table.config)
    .update(table.sizes)
    .digest('hex')
    .slice(0, DIGEST_LENGTH)

/** As RFC 6381 names them: of AAC by the object type that its config begins with. */
const codecsOf = ({ codec, config }: PacketTable): string =>
  codec === 'aac' ? `mp4a.40.${(config[0] ?? 0) >> 3}` : codec === 'flac' ? 'fLaC' : 'opus'

/** Copies are for players of stereo, and for files whose packets say so themselves. */
export const isCopied = ({ channels, config }: PacketTable): boolean =>
  channels <= CHANNELS_MAX && config.length <= CONFIG_BYTES_MAX

/** The packets of a file as a rendition: in pieces no longer than those of others. */
export function copyLayout(target: CopyTarget, table: PacketTable, digest: string): Layout {
  const { sampleRateHz, packetSamples, delaySamples, samples, packets } = table
  const profile = COPY_PROFILES[target]
  const pieceSamples = GRID_SEC * GRIDS_PER_PIECE[profile.codec] * sampleRateHz
  const packetsPerPiece = Math.max(1, Math.floor(pieceSamples / packetSamples))
  const bitsPerSec = Math.round((bytesBetween(table, 0, packets) * 8 * sampleRateHz) / samples)
  const config = Buffer.from(table.config).toString('hex')
  return {
    profile,
    sampleRateHz,
    sourceRateHz: sampleRateHz,
    channels: table.channels === 1 ? 1 : 2,
    bits: 16,
    samples,
    packetSamples,
    delaySamples,
    packets,
    packetsPerPiece,
    pieces: Math.ceil(packets / packetsPerPiece),
    packetBytes: undefined,
    copy: { codecs: codecsOf(table), bitsPerSec, config, digest },
  }
}
