import { type Layout, samplesIn } from '../layout.ts'
import type { Container } from '../types.ts'
import { ascii, box, fullBox, u16, u32, u64, zeros } from './box.ts'
import { checkPackets, checkPiece } from './check.ts'
import { blockSamples, renumbered } from './flac-frame.ts'
import { sampleEntry } from './sample-entry.ts'

const TRACK = 1
/** 1.0 in the fixed-point forms of the headers. */
const ONE_16_16 = 0x0001_0000
const ONE_8_8 = 0x0100
const MATRIX = [ONE_16_16, 0, 0, 0, ONE_16_16, 0, 0, 0, 0x4000_0000]
const UNDETERMINED_LANGUAGE = 0x55c4
/** Every packet can be decoded first: it depends on no other sample. */
const SYNC_SAMPLE = 0x0200_0000
const TFHD_FLAGS = 0x02_0000 | 0x08 | 0x20
const TRUN = { dataOffset: 0x1, duration: 0x100, size: 0x200 }
const TRACK_ENABLED_IN_MOVIE = 0x3
const SELF_CONTAINED = 0x1
/** What Opus decodes before a place so that it sounds right there: 80 ms. */
const OPUS_ROLL_PACKETS = 4
const MDAT_HEAD_BYTES = 8

/**
 * Fragmented MP4 (CMAF, ISO/IEC 23000-19; RFC 8216): an init segment, then a segment for each piece, which can be made
 * alone and in any order. The edit list takes the encoder's delay off the beginning, so the music begins at 0; the last
 * packet is as short as the music wants.
 */
export const fmp4: Container = {
  contentType: 'audio/mp4',
  header: (layout) => Buffer.concat([fileType(layout), movie(layout)]),
  pieceBytes(layout, piece) {
    checkPiece(layout, piece)
    return undefined
  },
  pack(layout, piece, packets) {
    checkPackets(layout, piece, packets)
    const samples = layout.profile.codec === 'flac' ? flacFrames(layout, piece, packets) : packets
    const head = fragment(layout, piece, samples, 0)
    return Buffer.concat([SEGMENT_TYPE, fragment(layout, piece, samples, head.length), box('mdat', ...samples)])
  },
  parts: undefined,
}

function fileType(layout: Layout): Buffer {
  const profile = layout.profile.codec === 'aac' ? ['caac'] : []
  return box('ftyp', ...['iso6', '\0\0\0\0', 'iso6', 'cmfc', 'mp41', ...profile].map(ascii))
}
const SEGMENT_TYPE = box('styp', ...['msdh', '\0\0\0\0', 'msdh', 'cmfs', 'iso6'].map(ascii))

/** Durations of headers are 0, as HLS wants; how long all fragments are stands in `mehd`. */
function movie(layout: Layout): Buffer {
  const mehd = fullBox('mehd', { version: 1 }, u64(layout.samples))
  const trex = fullBox('trex', {}, u32(TRACK, 1, layout.packetSamples, 0, SYNC_SAMPLE))
  const head = [u32(0, 0, layout.sampleRateHz, 0, ONE_16_16), u16(ONE_8_8), zeros(10), u32(...MATRIX), zeros(24)]
  return box('moov', fullBox('mvhd', {}, ...head, u32(TRACK + 1)), track(layout), box('mvex', mehd, trex))
}

function track(layout: Layout): Buffer {
  const head = [u32(0, 0, TRACK, 0, 0), zeros(8), u16(0, 0, ONE_8_8, 0), u32(...MATRIX), u32(0, 0)]
  const tkhd = fullBox('tkhd', { flags: TRACK_ENABLED_IN_MOVIE }, ...head)
  const mdhd = fullBox('mdhd', {}, u32(0, 0, layout.sampleRateHz, 0), u16(UNDETERMINED_LANGUAGE, 0))
  const hdlr = fullBox('hdlr', {}, u32(0), ascii('soun'), zeros(12), ascii('Sound\0'))
  const url = fullBox('url ', { flags: SELF_CONTAINED })
  const dinf = box('dinf', fullBox('dref', {}, u32(1), url))
  const minf = box('minf', fullBox('smhd', {}, u32(0)), dinf, sampleTable(layout))
  return box('trak', tkhd, ...edits(layout), box('mdia', mdhd, hdlr, minf))
}

/** One edit without an end: what follows the delay. */
function edits({ delaySamples }: Layout): Buffer[] {
  if (delaySamples === 0) return []
  return [box('edts', fullBox('elst', {}, u32(1, 0, delaySamples, ONE_16_16)))]
}

/** Empty but for the sample entry: all samples are in fragments. */
function sampleTable(layout: Layout): Buffer {
  const stsd = fullBox('stsd', {}, u32(1), sampleEntry(layout))
  const empty = ['stts', 'stsc', 'stco'].map((type) => fullBox(type, {}, u32(0)))
  const [stts, stsc, stco] = empty as [Buffer, Buffer, Buffer]
  return box('stbl', stsd, stts, stsc, fullBox('stsz', {}, u32(0, 0)), stco)
}

/** `moof`; its length does not depend on `ownBytes`, which is that length. */
function fragment(layout: Layout, piece: number, samples: readonly Buffer[], ownBytes: number): Buffer {
  const first = piece * layout.packetsPerPiece
  const tfhd = fullBox('tfhd', { flags: TFHD_FLAGS }, u32(TRACK, layout.packetSamples, SYNC_SAMPLE))
  const tfdt = fullBox('tfdt', { version: 1 }, u64(first * layout.packetSamples))
  const run = trun(layout, first, samples, ownBytes + MDAT_HEAD_BYTES)
  const groups = layout.profile.codec === 'opus' ? rollGroup(samples.length) : []
  return box('moof', fullBox('mfhd', {}, u32(piece + 1)), box('traf', tfhd, tfdt, ...groups, run))
}

/** Durations stand there only where one differs. */
function trun(layout: Layout, first: number, samples: readonly Buffer[], dataOffset: number): Buffer {
  const isCut = samplesIn(layout, first + samples.length - 1) !== layout.packetSamples
  const entries = samples.flatMap(({ length }, i) => (isCut ? [samplesIn(layout, first + i), length] : [length]))
  const flags = TRUN.dataOffset | TRUN.size | (isCut ? TRUN.duration : 0)
  return fullBox('trun', { flags }, u32(samples.length, dataOffset, ...entries))
}

/** The mapping of Opus wants all samples in a group that says how far before a place to begin. */
function rollGroup(samples: number): Buffer[] {
  const LOCAL_GROUP_1 = 0x1_0001
  const sgpd = fullBox('sgpd', { version: 1 }, ascii('roll'), u32(2, 1), u16(0x1_0000 - OPUS_ROLL_PACKETS))
  return [sgpd, fullBox('sbgp', {}, ascii('roll'), u32(1, samples, LOCAL_GROUP_1))]
}

function flacFrames(layout: Layout, piece: number, packets: readonly Buffer[]): Buffer[] {
  const first = piece * layout.packetsPerPiece
  return packets.map((frame, i) => {
    const whole = renumbered(frame, first + i)
    if (blockSamples(whole) !== samplesIn(layout, first + i))
      throw new Error('the encoder wrote a FLAC frame of another length than was agreed')
    return whole
  })
}
