import type { Profile } from '../profiles.ts'

/**
 * How a rendition lies in time and in bytes: known before anything of it is made.
 *
 * An encoder turns samples into *packets* that each stand for the same number of samples. *Pieces* are runs of packets
 * that are made, kept and sent as one. Everything begins on a grid of 0.96 s, because that is a whole number of packets
 * of every codec (40 of MP3, 48 of Opus, 45 of AAC at 48 kHz) and a whole number of samples at every common rate: an
 * encoder that starts at any line of the grid makes the packets that one from the beginning would have made there.
 */
export const GRID_SEC = 0.96
/**
 * Grid lines from one piece to the next. What HLS sends is of no use to a player before a whole piece is there, so there
 * they are short (1.92 s): who jumps hears it sooner. Of all else the beginning is sent while the rest is made.
 */
export const GRIDS_PER_PIECE: Readonly<Record<Profile['codec'], number>> = { mp3: 4, opus: 4, wav: 4, aac: 2, flac: 2 }
/** Everything lossy is made at this rate; lossless music whose own rate does not fit the grid, too. */
export const LOSSY_RATE_HZ = 48_000
/** 20 ms. */
const OPUS_PACKET_SAMPLES = 960
const MP3_PACKET_SAMPLES = 1152
const AAC_PACKET_SAMPLES = 1024
/** FLAC's streamable subset allows no larger blocks up to 48 kHz. */
const FLAC_PACKET_SAMPLES_MAX = 4608
/** 576 of LAME, 529 of every decoder. */
const MP3_DELAY_SAMPLES = 1105
const OPUS_DELAY_SAMPLES = 312
const AAC_DELAY_SAMPLES = 1024

/**
 * Grid lines before a piece at which its encoder begins, so that it has settled when the piece comes; what it makes of
 * them is thrown away. LAME needs two frames to make the very same ones, Opus about fifteen; AAC's windows are the same
 * after three, but its share of bits takes a second or two. Lossless packets know nothing of each other.
 */
export const RUN_UP_GRIDS: Readonly<Record<Profile['codec'], number>> = { mp3: 1, opus: 1, aac: 2, flac: 0, wav: 0 }

/** What is known of the music itself; `samples` are what a decoder gives at `sampleRateHz`, delay and padding left out. */
export type SourceLength = {
  readonly sampleRateHz: number
  readonly samples: number
  readonly channels: number
  /** Of lossless music; undefined where nothing is said. */
  readonly bits: number | undefined
}
export type Layout = {
  readonly profile: Profile
  readonly sampleRateHz: number
  /** Of the music that it is made of; some headers tell. */
  readonly sourceRateHz: number
  readonly channels: 1 | 2
  /** Of lossless renditions. */
  readonly bits: 16 | 24
  /** Samples of music, at `sampleRateHz`. */
  readonly samples: number
  readonly packetSamples: number
  /** Samples that a decoder gives before the music begins (the encoder's delay and its own) and has to throw away. */
  readonly delaySamples: number
  /** Enough for the delay and all of the music; the last one is filled up with silence (of PCM it is shorter). */
  readonly packets: number
  readonly packetsPerPiece: number
  readonly pieces: number
  /** Bytes of every packet, where all have the same: MP3, Opus and PCM. */
  readonly packetBytes: number | undefined
  /** Of packets that were not made here, but are those of the song's file. */
  readonly copy?: CopiedPackets
}
/** What only the file says of its packets. */
export type CopiedPackets = {
  /** As `CODECS` of HLS and DASH names them (RFC 6381). */
  readonly codecs: string
  readonly bitsPerSec: number
  /** What a decoder has to be told, in hexadecimal. */
  readonly config: string
  /** Another for other packets. */
  readonly digest: string
}

const gridSamples = (rateHz: number): number => Math.round(GRID_SEC * rateHz)
/** Whether an eighth of a grid line (0.12 s) is a whole number of samples. */
const fitsGrid = (rateHz: number): boolean => (rateHz * 12) % 100 === 0

/** The largest block within the limit of which a grid line is a whole number. */
function losslessPacket(rateHz: number): number {
  const grid = gridSamples(rateHz)
  for (let count = Math.ceil(grid / FLAC_PACKET_SAMPLES_MAX); ; count++) if (grid % count === 0) return grid / count
}

/** Lays out `profile` of a piece of music. Pure; `source.samples` ≥ 1. */
export function layoutOf(profile: Profile, source: SourceLength): Layout {
  const isLossless = profile.codec === 'wav' || profile.codec === 'flac'
  const sampleRateHz = isLossless && fitsGrid(source.sampleRateHz) ? source.sampleRateHz : LOSSY_RATE_HZ
  const channels = source.channels === 1 ? 1 : 2
  const bits = isLossless && (source.bits ?? 16) > 16 ? 24 : 16
  const samples = Math.ceil((source.samples * sampleRateHz) / source.sampleRateHz)
  const { packetSamples, delaySamples } = packetOf(profile.codec, sampleRateHz)
  const packets = Math.ceil((samples + delaySamples) / packetSamples)
  const packetsPerPiece = (gridSamples(sampleRateHz) * GRIDS_PER_PIECE[profile.codec]) / packetSamples
  const pieces = Math.ceil(packets / packetsPerPiece)
  const packetBytes = bytesOf(profile, packetSamples, channels * (bits / 8))
  const sourceRateHz = source.sampleRateHz
  const fixed = { profile, sampleRateHz, sourceRateHz, channels, bits, samples, packetSamples, delaySamples } as const
  return { ...fixed, packets, packetsPerPiece, pieces, packetBytes }
}

function packetOf(codec: Profile['codec'], rateHz: number): { packetSamples: number; delaySamples: number } {
  if (codec === 'mp3') return { packetSamples: MP3_PACKET_SAMPLES, delaySamples: MP3_DELAY_SAMPLES }
  if (codec === 'opus') return { packetSamples: OPUS_PACKET_SAMPLES, delaySamples: OPUS_DELAY_SAMPLES }
  if (codec === 'aac') return { packetSamples: AAC_PACKET_SAMPLES, delaySamples: AAC_DELAY_SAMPLES }
  return { packetSamples: losslessPacket(rateHz), delaySamples: 0 }
}

/** At a constant bit rate and 48 kHz these divide without remainder. */
function bytesOf({ codec, kbps }: Profile, packetSamples: number, frameBytes: number): number | undefined {
  if (codec === 'wav') return packetSamples * frameBytes
  if (codec === 'aac' || codec === 'flac' || kbps === undefined) return undefined
  return (packetSamples * kbps * 1000) / 8 / LOSSY_RATE_HZ
}

/** Packets of one piece: `packetsPerPiece`, fewer in the last. */
export const packetsIn = (layout: Layout, piece: number): number =>
  Math.min(layout.packetsPerPiece, layout.packets - piece * layout.packetsPerPiece)

/** Samples that one packet stands for: `packetSamples`, fewer in the last, which ends with the music. */
export const samplesIn = (layout: Layout, packet: number): number =>
  Math.min(layout.packetSamples, layout.samples + layout.delaySamples - packet * layout.packetSamples)

/**
 * Samples with which to feed an encoder that begins at `packet`, so that it writes all packets to the last: lossless
 * music ends with its last sample, others fill their last packet with silence.
 */
export const samplesToFeed = (layout: Layout, packet: number): number =>
  (layout.delaySamples === 0 ? layout.samples : layout.packets * layout.packetSamples) - packet * layout.packetSamples

/** Seconds of a piece that is not the last: 3.84, or 1.92 for HLS. */
export const pieceSec = ({ profile }: Layout): number => GRID_SEC * GRIDS_PER_PIECE[profile.codec]

/** Seconds at which a piece begins to sound. */
export const pieceStartSec = (layout: Layout, piece: number): number =>
  Math.max(0, piece * pieceSec(layout) - layout.delaySamples / layout.sampleRateHz)
