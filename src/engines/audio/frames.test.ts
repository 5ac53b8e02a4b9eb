import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from './crc32.ts'
import {
  encodeFrames,
  FRAME_AT,
  FRAME_STRIDE_BYTES,
  framesIntact,
  ONSET,
  readFrame,
  readFrameHeader,
  stampFrames,
} from './frames.ts'
import { resampleWaveform } from './levels.ts'

const header = {
  sampleRate: 44_100,
  hopSamples: 735,
  scaleDb: 0.25,
  referenceDb: -12.5,
  encoderDelaySamples: -1105,
  analyserVersion: 7,
  trackHash: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
  durationSec: 0.05,
}

const body = () => {
  const bytes = new Uint8Array(3 * FRAME_STRIDE_BYTES)
  const second = bytes.subarray(FRAME_STRIDE_BYTES)
  for (let band = 0; band < 32; band++) second[band] = 8 * band
  second[FRAME_AT.loudness] = 255
  second[FRAME_AT.mask] = ONSET.kick | ONSET.beat
  second[FRAME_AT.beatPhase] = 64
  second[FRAME_AT.barPhase] = 128
  second[FRAME_AT.section] = 3
  second[FRAME_AT.peak] = 51
  return bytes
}

describe('frames', () => {
  test('header and frames come back as they were written', () => {
    const file = encodeFrames(body(), header)
    assert.equal(file.length, 64 + 3 * 40)
    const { crc, ...read } = readFrameHeader(file.slice(0, 64))
    assert.deepEqual(read, {
      ...header,
      durationSec: Math.fround(0.05),
      headerBytes: 64,
      strideBytes: 40,
      frameCount: 3,
      framesPerSec: 60,
      bands: 32,
    })
    assert.ok(crc > 0 && framesIntact(file))
    const frame = readFrame(file, 1)!
    assert.deepEqual(
      Array.from(frame.bands),
      Array.from({ length: 32 }, (_, band) => 8 * band),
    )
    const { bands: _, ...rest } = frame
    assert.deepEqual(rest, {
      loudness: 1,
      centroid: 0,
      flux: 0,
      kick: true,
      snare: false,
      hat: false,
      beat: true,
      downbeat: false,
      beatPhase: 0.25,
      barPhase: 0.5,
      section: 3,
      peak: 0.2,
    })
  })

  test('the layout is the published one: fixed bytes at fixed places, little-endian', () => {
    const file = encodeFrames(body(), header)
    assert.equal(new TextDecoder().decode(file.subarray(0, 4)), 'TVF1')
    assert.deepEqual(Array.from(file.subarray(4, 16)), [64, 0, 40, 0, 3, 0, 0, 0, 60, 0, 32, 0])
    assert.deepEqual(Array.from(file.subarray(16, 24)), [0x44, 0xac, 0, 0, 0xdf, 2, 0, 0])
    assert.equal(file[64 + 40 + 35], 9)
  })

  test('any changed byte is noticed', () => {
    for (const at of [13, 41, 70, 183]) {
      const file = encodeFrames(body(), header)
      file[at]! ^= 4
      assert.equal(framesIntact(file), false)
    }
  })

  test('stamping hash and delay keeps the file intact', () => {
    const file = encodeFrames(body(), header)
    stampFrames(file, { trackHash: new Uint8Array(16).fill(9), encoderDelaySamples: 529 })
    assert.ok(framesIntact(file))
    assert.equal(readFrameHeader(file).encoderDelaySamples, 529)
    assert.ok(readFrameHeader(file).trackHash.every((byte) => byte === 9))
  })

  test('indices are clamped; parts read by range have no header; no frame, no answer', () => {
    const file = encodeFrames(body(), header)
    assert.deepEqual(readFrame(file, 99), readFrame(file, 2))
    assert.equal(readFrame(file.subarray(64 + 40), 0, 0)!.section, 3)
    assert.equal(readFrame(encodeFrames(new Uint8Array(0), header), 0), undefined)
    assert.throws(() => readFrameHeader(new Uint8Array(64)), /Not a visual frame file/)
    assert.throws(() => readFrameHeader(file.subarray(0, 20)), /Not a visual frame file/)
  })

  test('CRC-32 is that of zip and PNG, in parts too', () => {
    const bytes = new TextEncoder().encode('123456789')
    assert.equal(crc32(bytes), 0xcb_f4_39_26)
    assert.equal(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4))), 0xcb_f4_39_26)
  })

  test('fewer waveform points keep every extreme', () => {
    const fine = Int8Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? -(i % 120) : i % 127))
    const coarse = resampleWaveform(fine, 37)
    assert.equal(coarse.length, 74)
    assert.equal(Math.min(...coarse), Math.min(...fine))
    assert.equal(Math.max(...coarse), Math.max(...fine))
    assert.equal(resampleWaveform(fine, 5000), fine)
  })
})
