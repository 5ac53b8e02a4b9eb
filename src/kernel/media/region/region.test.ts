import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import {
  type Format,
  id3v2,
  makeFile,
  mp3Silence,
  retag,
  skipWithoutFfmpeg,
  tempFolder,
  wavTone,
} from '#test/fixtures/audio.ts'
import { audioRegion, contentHash } from './index.ts'
import { mpegFrame } from './mpeg.ts'
import { memoryReader } from './reader.ts'

const hashOf = (bytes: Uint8Array): string => {
  const file = memoryReader(bytes)
  const region = audioRegion(file)
  assert.ok(region)
  return contentHash(file, region)
}
const regionOf = (bytes: Uint8Array) => audioRegion(memoryReader(bytes))
const id3v1 = Buffer.concat([Buffer.from('TAG'), Buffer.alloc(125)])

test('MP3: tags on either side do not change the identity, the audio does', () => {
  const audio = mp3Silence({ sec: 10, seed: 7 })
  const plain = hashOf(audio)
  assert.equal(hashOf(Buffer.concat([id3v2({ TIT2: 'x'.repeat(5000) }), audio])), plain)
  assert.equal(hashOf(Buffer.concat([id3v2({ TIT2: 'a' }), id3v2({ TIT2: 'b' }, { version: 3 }), audio, id3v1])), plain)
  assert.notEqual(hashOf(mp3Silence({ sec: 10, seed: 8 })), plain)
  assert.notEqual(hashOf(mp3Silence({ sec: 11, seed: 7 })), plain)
})

test('what only looks like frames is not MP3: the jump table of a program, a header before the end of noise', () => {
  const jump = Buffer.from('ff25c2ef00006801000000e9d0ffffff', 'hex')
  assert.equal(regionOf(Buffer.concat([Buffer.alloc(4096, 1), ...Array.from({ length: 200 }, () => jump)])), undefined)
  const frame = mp3Silence({ sec: 0.02 }).subarray(0, 417)
  assert.equal(regionOf(Buffer.concat([Buffer.alloc(5000, 1), frame])), undefined)
  assert.equal(regionOf(Buffer.concat([frame, frame]))?.container, 'mp3', 'two frames and nothing else')
  const other = Buffer.from(frame)
  other[2] = (other[2] as number) | 0x04 // 48 kHz: no player would take them for one stream
  assert.equal(regionOf(Buffer.concat([Buffer.alloc(500, 1), frame, other, frame, other, frame, other])), undefined)
})

test('MP3 is found behind junk, and noise or text is not MP3', () => {
  const audio = mp3Silence({ sec: 1 })
  assert.equal(regionOf(Buffer.concat([Buffer.alloc(5000, 1), audio]))?.start, 5000)
  assert.equal(regionOf(Buffer.from('just a text, '.repeat(500))), undefined)
  assert.equal(regionOf(Buffer.alloc(100_000)), undefined)
  assert.equal(regionOf(Buffer.alloc(100_000, 0xff)), undefined)
  assert.equal(regionOf(new Uint8Array(0)), undefined)
})

test('MPEG frame headers: sizes of the tables of the standard', () => {
  assert.equal(mpegFrame(Uint8Array.of(0xff, 0xfb, 0x90, 0), 0)?.bytes, 417)
  assert.equal(mpegFrame(Uint8Array.of(0xff, 0xfb, 0x92, 0), 0)?.bytes, 418)
  assert.equal(mpegFrame(Uint8Array.of(0xff, 0xf3, 0x40, 0), 0)?.samples, 576)
  assert.equal(mpegFrame(Uint8Array.of(0xff, 0xfb, 0xf0, 0), 0), undefined)
})

test('WAV: the data chunk, wherever it lies; a cut one is told', () => {
  const wav = wavTone({ sec: 1 })
  const list = Buffer.from('LIST\x04\x00\x00\x00INFO', 'latin1')
  const moved = Buffer.concat([wav.subarray(0, 36), list, wav.subarray(36)])
  assert.equal(hashOf(moved), hashOf(wav))
  assert.deepEqual(regionOf(wav), { container: 'wav', start: 44, end: wav.length, isCut: false })
  assert.equal(regionOf(wav.subarray(0, 30_000))?.isCut, true)
})

test('no bytes at all make the finders throw, hang or leave the file', () => {
  const magic = fc.constantFrom(
    'OggS',
    'fLaC',
    'RIFF\0\0\0\0WAVE',
    'FORM\0\0\0\0AIFF',
    '\0\0\0\x08ftyp',
    'ID3\x04\0\0\0\0\x7f\x7f',
    '0&\xb2u\x8ef\xcf\x11',
    'wvpk',
    '\xff\xfb\x90\x00',
    '',
  )
  fc.assert(
    fc.property(magic, fc.uint8Array({ maxLength: 400 }), (head, rest) => {
      const file = memoryReader(Buffer.concat([Buffer.from(head, 'latin1'), rest]))
      const region = audioRegion(file)
      if (!region) return
      assert.ok(region.start >= 0 && region.start <= region.end && region.end <= file.sizeBytes)
      assert.match(contentHash(file, region), /^[0-9a-f]{32}$/)
    }),
    { numRuns: 400 },
  )
})

describe('with FFmpeg', { skip: skipWithoutFfmpeg() }, () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>
  before(async () => {
    folder = await tempFolder()
  })
  after(() => folder.remove())
  const formats: Format[] = ['mp3', 'flac', 'ogg', 'opus', 'm4a', 'alac', 'wav', 'aiff', 'wma', 'wv', 'aac']

  for (const format of formats)
    test(`${format}: other tags keep the identity, other audio changes it, a cut is told`, () => {
      const made = makeFile(folder.path, format, { sec: 5, tags: { title: 'One', artist: 'A' } })
      const other = makeFile(folder.path, format, {
        sec: 5,
        hz: 330,
        name: `other-${format}.${made.split('.').at(-1)}`,
      })
      const tagged = join(folder.path, `tagged-${format}.${made.split('.').at(-1)}`)
      retag(made, tagged, { title: 'Quite another, and much longer, title', comment: 'x'.repeat(3000) })
      const bytes = readFileSync(made)
      if (format !== 'aac') assert.notDeepEqual(readFileSync(tagged), bytes)
      assert.equal(hashOf(readFileSync(tagged)), hashOf(bytes))
      assert.notEqual(hashOf(readFileSync(other)), hashOf(bytes))
      assert.equal(regionOf(bytes)?.isCut, false)
      const cut = regionOf(bytes.subarray(0, bytes.length / 2))
      // Raw AAC and WavPack frames do not say how many there should be.
      if (format !== 'aac' && format !== 'wv') assert.equal(cut?.isCut, true)
    })
})
