/**
 * Visual frames: what a screen needs to draw a track at 60 fps without any signal processing of its own. The file is
 * immutable, little-endian, fixed stride: byte of frame n = 64 + 40 · n, so a browser may read any part by range.
 * Frame n shows the moment n / fps seconds after the first sample of the decoded audio (+ encoder delay, see below).
 *
 * Header, 64 bytes:
 * | at | type  | what |
 * |----|-------|------|
 * |  0 | 4×u8  | magic `TVF1` |
 * |  4 | u16   | header size, 64 |
 * |  6 | u16   | stride, 40 |
 * |  8 | u32   | frame count |
 * | 12 | u16   | frames per second, 60 |
 * | 14 | u16   | bands, 32 |
 * | 16 | u32   | sample rate of the analysis, Hz |
 * | 20 | u32   | hop, samples between frames (735) |
 * | 24 | f32   | scale: decibels per step of a band or loudness byte |
 * | 28 | f32   | reference: dBFS (display-weighted) that byte 255 of a band means |
 * | 32 | i32   | encoder-delay offset: samples a player's clock starts before the decoded audio; 0 when decoded gapless |
 * | 36 | u32   | analyser version |
 * | 40 | 16×u8 | track hash (first 16 bytes of the content hash; zeros when unknown) |
 * | 56 | f32   | duration, seconds |
 * | 60 | u32   | CRC-32 (IEEE) of bytes 0..59 and of all frames |
 *
 * Frame, 40 bytes:
 * | at | what |
 * |----|------|
 * |  0 | 32 bands, 40 Hz..16 kHz, even in log frequency, decibels: 255 is the loudest this track gets, 0 is 60 dB below |
 * | 32 | loudness of the moment, 0..255 in the same steps (255 = 0 dBFS mean square of a full-scale square) |
 * | 33 | spectral centroid, log scale 50 Hz..12.8 kHz (32 steps an octave) |
 * | 34 | flux: strength of change, 255 = the track's strong onsets |
 * | 35 | onset mask: bit 0 kick, 1 snare, 2 hat, 3 beat, 4 downbeat |
 * | 36 | beat phase: 0 on a beat, 255 just before the next |
 * | 37 | bar phase: 0 on a downbeat, 255 just before the next |
 * | 38 | section number, from 0, modulo 256 |
 * | 39 | peak: largest sample magnitude within the frame ×255 |
 */
import { crc32 } from './crc32.ts'

export const FRAME_HEADER_BYTES = 64
export const FRAME_STRIDE_BYTES = 40
export const FRAMES_PER_SEC = 60
export const FRAME_BANDS = 32
export const FRAME_AT = {
  loudness: 32,
  centroid: 33,
  flux: 34,
  mask: 35,
  beatPhase: 36,
  barPhase: 37,
  section: 38,
  peak: 39,
}
export const ONSET = { kick: 1, snare: 2, hat: 4, beat: 8, downbeat: 16 } as const

const MAGIC = 0x31_46_56_54 // 'TVF1', read as a little-endian word
const CRC_AT = 60

export type FrameHeader = {
  frameCount: number
  framesPerSec: number
  strideBytes: number
  headerBytes: number
  bands: number
  sampleRate: number
  hopSamples: number
  scaleDb: number
  referenceDb: number
  encoderDelaySamples: number
  analyserVersion: number
  /** 16 bytes. */
  trackHash: Uint8Array
  durationSec: number
  crc: number
}

/** One moment; every value 0..1 except the section number. */
export type Frame = {
  /** A view into the file: 32 bytes, ready for a texture upload. */
  bands: Uint8Array
  loudness: number
  centroid: number
  flux: number
  kick: boolean
  snare: boolean
  hat: boolean
  beat: boolean
  downbeat: boolean
  beatPhase: number
  barPhase: number
  section: number
  peak: number
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** CRC over everything but the CRC field itself. */
const seal = (bytes: Uint8Array) => crc32(bytes.subarray(FRAME_HEADER_BYTES), crc32(bytes.subarray(0, CRC_AT)))

export type FrameHeaderInput = Omit<
  FrameHeader,
  'crc' | 'frameCount' | 'framesPerSec' | 'strideBytes' | 'headerBytes' | 'bands'
>

/** Writes the header into the room before the frames (a whole number of them), in place, and seals the file. */
export const sealFrames = (bytes: Uint8Array, header: FrameHeaderInput): Uint8Array => {
  const view = viewOf(bytes)
  view.setUint32(0, MAGIC, true)
  view.setUint16(4, FRAME_HEADER_BYTES, true)
  view.setUint16(6, FRAME_STRIDE_BYTES, true)
  view.setUint32(8, (bytes.length - FRAME_HEADER_BYTES) / FRAME_STRIDE_BYTES, true)
  view.setUint16(12, FRAMES_PER_SEC, true)
  view.setUint16(14, FRAME_BANDS, true)
  view.setUint32(16, header.sampleRate, true)
  view.setUint32(20, header.hopSamples, true)
  view.setFloat32(24, header.scaleDb, true)
  view.setFloat32(28, header.referenceDb, true)
  view.setInt32(32, header.encoderDelaySamples, true)
  view.setUint32(36, header.analyserVersion, true)
  bytes.set(header.trackHash.subarray(0, 16), 40)
  view.setFloat32(56, header.durationSec, true)
  view.setUint32(CRC_AT, seal(bytes), true)
  return bytes
}

/** Puts a header before `body` (a whole number of frames) and seals it. */
export const encodeFrames = (body: Uint8Array, header: FrameHeaderInput): Uint8Array => {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.length)
  bytes.set(body, FRAME_HEADER_BYTES)
  return sealFrames(bytes, header)
}

/**
 * Reads the header. `bytes` may be only the first 64 of the file.
 * Throws a RangeError when it is no frame file of this layout.
 */
export const readFrameHeader = (bytes: Uint8Array): FrameHeader => {
  const view = viewOf(bytes)
  if (bytes.length < FRAME_HEADER_BYTES || view.getUint32(0, true) !== MAGIC)
    throw new RangeError('Not a visual frame file: it does not begin with a whole TVF1 header.')
  return {
    headerBytes: view.getUint16(4, true),
    strideBytes: view.getUint16(6, true),
    frameCount: view.getUint32(8, true),
    framesPerSec: view.getUint16(12, true),
    bands: view.getUint16(14, true),
    sampleRate: view.getUint32(16, true),
    hopSamples: view.getUint32(20, true),
    scaleDb: view.getFloat32(24, true),
    referenceDb: view.getFloat32(28, true),
    encoderDelaySamples: view.getInt32(32, true),
    analyserVersion: view.getUint32(36, true),
    trackHash: bytes.slice(40, 56),
    durationSec: view.getFloat32(56, true),
    crc: view.getUint32(CRC_AT, true),
  }
}

/** True when header and frames are what was written (the whole file is needed). */
export const framesIntact = (bytes: Uint8Array): boolean => readFrameHeader(bytes).crc === seal(bytes)

/** Sets what only the caller knows about the track, in place, and seals anew. */
export const stampFrames = (bytes: Uint8Array, facts: { trackHash?: Uint8Array; encoderDelaySamples?: number }) => {
  if (facts.trackHash) bytes.set(facts.trackHash.subarray(0, 16), 40)
  if (facts.encoderDelaySamples !== undefined) viewOf(bytes).setInt32(32, facts.encoderDelaySamples, true)
  viewOf(bytes).setUint32(CRC_AT, seal(bytes), true)
}

/**
 * Frame `index` of a whole file, clamped to the first and last; undefined when there is none.
 * For a part read by range, pass `headerBytes = 0` and an index within the part.
 */
export const readFrame = (bytes: Uint8Array, index: number, headerBytes = FRAME_HEADER_BYTES): Frame | undefined => {
  const count = Math.floor((bytes.length - headerBytes) / FRAME_STRIDE_BYTES)
  if (count <= 0) return undefined
  const at = headerBytes + FRAME_STRIDE_BYTES * Math.max(0, Math.min(count - 1, Math.floor(index)))
  const share = (offset: number) => bytes[at + offset]! / 255
  const mask = bytes[at + FRAME_AT.mask]!
  return {
    bands: bytes.subarray(at, at + FRAME_BANDS),
    loudness: share(FRAME_AT.loudness),
    centroid: share(FRAME_AT.centroid),
    flux: share(FRAME_AT.flux),
    kick: (mask & ONSET.kick) !== 0,
    snare: (mask & ONSET.snare) !== 0,
    hat: (mask & ONSET.hat) !== 0,
    beat: (mask & ONSET.beat) !== 0,
    downbeat: (mask & ONSET.downbeat) !== 0,
    beatPhase: bytes[at + FRAME_AT.beatPhase]! / 256,
    barPhase: bytes[at + FRAME_AT.barPhase]! / 256,
    section: bytes[at + FRAME_AT.section]!,
    peak: share(FRAME_AT.peak),
  }
}
