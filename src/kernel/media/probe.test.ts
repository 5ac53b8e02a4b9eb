import assert from 'node:assert/strict'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  FORMATS,
  type Id3Tags,
  id3Picture,
  id3v2,
  invalidUtf8Path,
  makeFile,
  mp3Silence,
  png,
  skipWithoutFfmpeg,
  taggedMp3,
  tempFolder,
  type TextEncoding,
  wavTone,
  writeLibrary,
  writeLinkLoop,
  writeSparse,
} from '#test/fixtures/audio.ts'
import { createMedia, type Media, type ProbeOk } from './index.ts'

let folder: Awaited<ReturnType<typeof tempFolder>>
let media: Media
before(async () => {
  folder = await tempFolder()
  media = await createMedia({ driver: 'none' })
})
after(async () => {
  await media.close()
  await folder.remove()
})
let count = 0
const probeOk = async (bytes: Uint8Array, suffix = '.mp3'): Promise<ProbeOk> => {
  const path = join(folder.path, `${count++}${suffix}`)
  await writeFile(path, bytes)
  const result = await media.probe(path)
  assert.ok(result.ok, JSON.stringify(result))
  return result
}
const tagsOf = async (tags: Id3Tags, o: { version?: 3 | 4; encoding?: TextEncoding } = {}) =>
  (await probeOk(Buffer.concat([id3v2(tags, o), mp3Silence({ sec: 1 })]))).tags

test('ID3: all fields, cover, several values', async () => {
  const cover = png(20, 20)
  const result = await probeOk(
    taggedMp3(
      {
        TIT2: 'Title',
        TPE1: ['First', 'Second feat. Third'],
        TPE2: 'Band',
        TALB: 'Album',
        TRCK: '3/12',
        TPOS: '1/2',
        TDRC: '1999-04-30',
        TCON: ['Rock', 'Jazz'],
        TCOM: 'Composer',
        TBPM: '120',
        TKEY: 'Am',
        TSRC: 'DEABC0500001',
        TCMP: '1',
        TSOT: 'Title, The',
        USLT: Buffer.from('\x03eng\0[00:01.50]Sung\n[00:03.00]Again'),
        TXXX: Buffer.from('\x03replaygain_track_gain\0-6.5 dB'),
        APIC: id3Picture('image/png', cover),
      },
      { sec: 10 },
    ),
  )
  const { tags } = result
  assert.equal(tags.title, 'Title')
  assert.deepEqual(tags.artists, ['First', 'Second', 'Third'])
  assert.deepEqual(tags.albumArtists, ['Band'])
  assert.deepEqual([tags.track, tags.trackTotal, tags.disc, tags.discTotal], [3, 12, 1, 2])
  assert.deepEqual(
    [tags.year, tags.date, tags.bpm, tags.key, tags.isrc],
    [1999, '1999-04-30', 120, 'Am', 'DEABC0500001'],
  )
  assert.deepEqual(tags.genres, ['Rock', 'Jazz'])
  assert.deepEqual([tags.compilation, tags.sortTitle, tags.composers], [true, 'Title, The', ['Composer']])
  assert.equal(tags.replayGain.trackGainDb, -6.5)
  assert.deepEqual(tags.lyrics.synced, [
    { timeMs: 1500, text: 'Sung' },
    { timeMs: 3000, text: 'Again' },
  ])
  assert.equal(result.cover?.sizeBytes, cover.length)
  assert.equal(result.cover?.mime, 'image/png')
  const picture = await media.picture(join(folder.path, `${count - 1}.mp3`))
  assert.deepEqual(Buffer.from(picture?.bytes ?? []), cover)
  assert.deepEqual([result.codec, result.lossless, result.sampleRateHz, result.channels], ['mp3', false, 44_100, 2])
  assert.ok(Math.abs(result.durationMs - 10_000) < 50, `${result.durationMs}`)
  assert.equal(result.bitrateKbps, 128)
})

test('ID3v2.3 with slashes and the names that contain one', async () => {
  assert.deepEqual((await tagsOf({ TPE1: 'AC/DC' }, { version: 3, encoding: 'latin1' })).artists, ['AC/DC'])
  assert.deepEqual((await tagsOf({ TPE1: 'Jay-Z/Kanye West' }, { version: 3, encoding: 'latin1' })).artists, [
    'Jay-Z',
    'Kanye West',
  ])
})

/** A text frame that claims Latin-1, whatever its bytes are. */
const raw = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([0]), bytes])

test('encodings: UTF-16 with and without mark, UTF-8 and Windows-1251 marked as Latin-1, null characters', async () => {
  assert.equal((await tagsOf({ TIT2: 'Ünï 音' }, { encoding: 'utf16', version: 3 })).title, 'Ünï 音')
  assert.equal((await tagsOf({ TIT2: 'Ünï 音' }, { encoding: 'utf16be' })).title, 'Ünï 音')
  assert.equal((await tagsOf({ TIT2: raw(Buffer.from('Café 音')) }, { version: 3 })).title, 'Café 音')
  assert.equal(
    (await tagsOf({ TIT2: raw(Uint8Array.of(0xcf, 0xe5, 0xf1, 0xed, 0xff)) }, { version: 3 })).title,
    'Песня',
  )
  const noMark = Buffer.concat([Buffer.from([1]), Buffer.from('Plain', 'utf16le')])
  assert.equal((await tagsOf({ TIT2: noMark }, { version: 3 })).title, 'Plain')
  const { title } = await tagsOf({ TIT2: 'A\u0000\u0001B' })
  assert.ok(title && !title.includes('\0'))
})

test('bounds: a title and lyrics of megabytes', async () => {
  const tags = await tagsOf({ TIT2: 'x'.repeat(2_000_000), USLT: Buffer.from(`\x03eng\0${'la '.repeat(1_000_000)}`) })
  assert.equal(tags.title?.length, 500)
  assert.ok((tags.lyrics.plain?.length ?? 0) <= 64 * 1024)
})

test('content decides, not the name', async () => {
  assert.equal((await probeOk(wavTone({ sec: 1 }), '.mp3')).container, 'wav')
  assert.equal((await probeOk(mp3Silence({ sec: 1 }), '.flac')).container, 'mp3')
  assert.equal((await probeOk(mp3Silence({ sec: 1 }), '.txt')).container, 'mp3')
})

test('bad files: each gets its reason within a second, and good ones beside them are read', async () => {
  const at = (name: string) => join(folder.path, name)
  await writeFile(at('empty.mp3'), '')
  await writeFile(at('text.mp3'), 'nothing to hear '.repeat(3000))
  await writeFile(at('cover.mp3'), png(50, 50))
  await writeSparse(at('sparse.mp3'), 10 * 1024 ** 3)
  await writeSparse(at('sparse-small.mp3'), 2 * 1024 ** 3)
  await writeSparse(at('sparse-head.mp3'), 3 * 1024 ** 3, mp3Silence({ sec: 1 }))
  await writeFile(at('cut.wav'), wavTone({ sec: 5 }))
  await truncate(at('cut.wav'), 44)
  await writeFile(at('cut.flac'), Buffer.from('fLaC\0\0\0\x22', 'latin1'))
  await writeFile(
    at('loop55'),
    Buffer.concat([Buffer.from('3026b2758e66cf11a6d900aa0062ce6c', 'hex'), Buffer.alloc(39)]),
  )
  await writeFile(at('good\nname.mp3'), taggedMp3({ TIT2: 'Good' }))
  const cases: [string | Buffer, RegExp][] = [
    [at('empty.mp3'), /^empty$/],
    [at('text.mp3'), /^not_audio$/],
    [at('cover.mp3'), /^not_audio$/],
    [at('sparse.mp3'), /^too_large$/],
    [at('sparse-small.mp3'), /^not_audio$/],
    [at('sparse-head.mp3'), /^(ok|not_audio)$/],
    [at('cut.wav'), /^truncated$/],
    [at('cut.flac'), /^truncated$/],
    [at('loop55'), /^(truncated|unreadable|not_audio)$/],
    [at('missing.mp3'), /^not_found$/],
    [folder.path, /^not_a_file$/],
    [await writeLinkLoop(folder.path), /^not_a_file$/],
    [at('good\nname.mp3'), /^ok$/],
  ]
  if (process.platform === 'linux') {
    const odd = invalidUtf8Path(folder.path)
    await writeFile(odd, taggedMp3({ TIT2: 'Odd name' }))
    cases.push([odd, /^ok$/])
  }
  const started = performance.now()
  const results = await Promise.all(cases.map(([path]) => media.probe(path)))
  for (const [i, result] of results.entries()) {
    const [path, code] = cases[i] ?? ['', /./]
    assert.match(result.ok ? 'ok' : result.reasonCode, code, String(path))
    if (!result.ok) assert.match(result.reason, /^[A-Z].*\.$/s)
  }
  assert.ok(performance.now() - started < 5000)
})

test('damaged tags do not hide whole audio', async () => {
  const tag = id3v2({ APIC: Buffer.concat([Buffer.from([9]), Buffer.alloc(40, 0xff)]), TIT2: 'Lost or not' })
  tag.writeUInt32BE(0x7f_7f_7f_7f, 14) // the first frame claims to be far larger than its tag
  const result = await probeOk(Buffer.concat([tag, mp3Silence({ sec: 3, seed: 5 })]))
  assert.equal(result.contentHash, (await probeOk(mp3Silence({ sec: 3, seed: 5 }))).contentHash)
  assert.ok(Math.abs(result.durationMs - 3000) < 50)
})

test('a truncated file plays, with a warning', async () => {
  const wav = wavTone({ sec: 5 })
  const result = await probeOk(wav.subarray(0, wav.length / 2), '.wav')
  assert.equal(result.warnings[0]?.code, 'truncated')
})

test('a few hundred files at a time, each in its own answer', async () => {
  const paths = await writeLibrary(folder.path, 300)
  const results = await Promise.all(paths.map((path) => media.probe(path)))
  const titles = results.map((result) => result.ok && result.tags.title)
  assert.deepEqual(
    titles,
    paths.map((_, i) => `Track ${i}`),
  )
  assert.equal(new Set(results.map((result) => result.ok && result.contentHash)).size, 300)
})

describe('with FFmpeg', { skip: skipWithoutFfmpeg() }, () => {
  const TAGS = {
    title: 'Tïtle',
    artist: 'Somebody',
    album: 'Album',
    album_artist: 'Band',
    genre: 'Jazz',
    track: '2/9',
    date: '2001',
  }
  for (const format of FORMATS)
    test(`${format}: format and tags`, async () => {
      const coverPath = join(folder.path, 'cover.png')
      await writeFile(coverPath, png(30, 30))
      const hasCover = format === 'mp3' || format === 'flac' || format === 'm4a'
      const path = makeFile(folder.path, format, { sec: 2, tags: TAGS, ...(hasCover ? { coverPath } : {}) })
      const result = await media.probe(path)
      assert.ok(result.ok, JSON.stringify(result))
      assert.ok(Math.abs(result.durationMs - 2000) < 80, `${result.durationMs}`)
      assert.equal(result.channels, 2)
      assert.equal(result.sampleRateHz, format === 'opus' ? 48_000 : 44_100)
      assert.equal(result.lossless, ['flac', 'alac', 'wav', 'aiff', 'wv'].includes(format))
      assert.deepEqual(result.warnings, [])
      assert.equal(result.cover !== undefined, hasCover)
      if (format === 'aac') return
      assert.equal(result.tags.title, 'Tïtle')
      assert.deepEqual([result.tags.artists, result.tags.album], [['Somebody'], 'Album'])
      assert.deepEqual([result.tags.genres, result.tags.year], [['Jazz'], 2001])
    })
})
