/** Every kind of file as every kind of rendition, against what FFmpeg hears in the file itself. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createMedia, type Media } from '#kernel/media/index.ts'
import { tempFolder } from '#test/fixtures/audio.ts'
import { profileOf } from '../../profiles.ts'
import { errorsOf, lagOf } from './alike.ts'
import {
  heard,
  joined,
  layoutFor,
  makeTune,
  nameOf,
  needsFfmpeg,
  rememberingEar,
  type Source,
  writeTune,
} from './testing.ts'

/** Two pieces. */
const TUNE_SEC = 5.511
/** How much worse a join may be than the worst place in the piece before. */
const WORSE_MAX = 1.2
/** Of the last bit of 16: what resampling rounds. */
const LOSSLESS_OFF_MAX = 1.5 / 32_768
/** How the end of a file sounds that is resampled depends on how the resampler is emptied. */
const RESAMPLER_TAIL = 64

const SOURCES: [string, string[], number][] = [
  ['vbr.mp3', ['-q:a', '3'], 44_100],
  ['cbr.mp3', ['-b:a', '160k'], 48_000],
  ['aac.m4a', ['-c:a', 'aac', '-b:a', '160k', '-aac_pns', '0'], 44_100],
  ['alac.m4a', ['-c:a', 'alac'], 44_100],
  ['flac.flac', [], 44_100],
  ['opus.opus', ['-c:a', 'libopus', '-b:a', '160k'], 48_000],
  ['vorbis.ogg', ['-c:a', 'libvorbis', '-q:a', '5'], 44_100],
  ['wav.wav', ['-c:a', 'pcm_s16le'], 44_100],
]
const PROFILES = [profileOf('mp3', 128), profileOf('opus', 128), profileOf('aac', 128)]
const LOSSLESS = [profileOf('flac', undefined), profileOf('wav', undefined)]

void describe('every kind of file as every kind of rendition', needsFfmpeg, () => {
  let media: Media
  let folder: Awaited<ReturnType<typeof tempFolder>>
  before(async () => {
    ;[media, folder] = await Promise.all([createMedia({ driver: 'native' }), tempFolder()])
  })
  after(async () => {
    await media?.close()
    await folder?.remove()
  })

  for (const [name, args, sampleRateHz] of SOURCES)
    void describe(name, () => {
      let source: Source
      const listenTo = rememberingEar()
      before(async () => {
        const tune = makeTune({ sampleRateHz, channels: 2, bits: 16 }, TUNE_SEC)
        source = await writeTune(media, nameOf(folder.path, name), tune, args)
      })

      for (const profile of PROFILES)
        it(`${profile.name}: as long, not late, and no worse where pieces join`, async () => {
          const layout = layoutFor(profile, source)
          const path = nameOf(folder.path, name, profile.name)
          const sound = await heard(path, await joined(media, source, layout), layout)
          const music = await listenTo(source.file, layout.sampleRateHz)
          assert.equal(sound.length, layout.samples * 2)
          assert.ok(Math.abs(music.length / 2 - layout.samples) <= 1, 'as long as FFmpeg says the music is')
          const secondAt = layout.packetsPerPiece * layout.packetSamples
          assert.deepEqual([lagOf(sound, music, 2), lagOf(sound, music, 2, secondAt)], [0, 0])
          const [first = [], [join = 0] = []] = errorsOf(sound, music, layout)
          // The first window is half before the music.
          const elsewhere = Math.max(...first.slice(1))
          assert.ok(join <= elsewhere * WORSE_MAX, `${join} where pieces join, ${elsewhere} in the first piece`)
        })

      for (const profile of LOSSLESS)
        it(`${profile.name}: the music, sample by sample`, async () => {
          const layout = layoutFor(profile, source)
          const path = nameOf(folder.path, name, profile.name)
          const sound = await heard(path, await joined(media, source, layout), layout)
          const music = await listenTo(source.file, layout.sampleRateHz)
          assert.equal(sound.length, layout.samples * 2)
          const end = Math.min(sound.length, music.length) - RESAMPLER_TAIL
          let most = 0
          for (let i = 0; i < end; i++) most = Math.max(most, Math.abs((sound[i] as number) - (music[i] as number)))
          assert.ok(most <= LOSSLESS_OFF_MAX, `${most * 32_768} of 16 bits off`)
        })
    })
})
