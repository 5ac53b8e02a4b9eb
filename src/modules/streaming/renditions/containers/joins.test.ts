/**
 * Pieces of encoders that each began elsewhere, joined, are compared with the music sample by sample: as long, at the
 * same place, and no worse where they join than one encoder made them there.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createMedia, type Media } from '#kernel/media/index.ts'
import { tempFolder } from '#test/fixtures/audio.ts'
import { type Profile, profileOf } from '../../profiles.ts'
import type { Layout } from '../layout.ts'
import { errorsOf, lagOf, loudestNear, median } from './alike.ts'
import {
  decoded,
  heard,
  joined,
  layoutFor,
  makeTune,
  needsFfmpeg,
  nameOf,
  played,
  type Shape,
  type Source,
  type Tune,
  whole,
  writeTune,
} from './testing.ts'

/** Three pieces (five of HLS), the last of them short. */
const TUNE_SEC = 8.437
const SECONDS_AT_BORDERS = [0.02, 3.84]
/** How much worse than around it a join may be; one packet too many or too few makes it ten times worse. */
const WORSE_MAX = 1.2
/** A click is softened, but not moved. */
const CLICK_MOVED_SAMPLES_MAX = 3

const CD: Shape = { sampleRateHz: 44_100, channels: 2, bits: 16 }
const STUDIO: Shape = { sampleRateHz: 96_000, channels: 2, bits: 24 }
const STEREO: Shape = { sampleRateHz: 48_000, channels: 2, bits: 16 }
const MONO: Shape = { ...STEREO, channels: 1 }

const LOSSY: [Profile, Shape][] = [
  [profileOf('mp3', 64), MONO],
  [profileOf('mp3', 128), STEREO],
  [profileOf('opus', 64), MONO],
  [profileOf('opus', 128), STEREO],
  [profileOf('aac', 64), MONO],
  [profileOf('aac', 128), STEREO],
  [profileOf('aac', 256), STEREO],
]
const LOSSLESS: [Profile, Shape][] = [
  [profileOf('flac', undefined), CD],
  [profileOf('flac', undefined), STUDIO],
  [profileOf('flac', undefined), MONO],
  [profileOf('wav', undefined), CD],
  [profileOf('wav', undefined), { ...STUDIO, channels: 1 }],
]

type Sounds = { readonly music: Float32Array; readonly whole: Float32Array }
/** How much farther from the music a sound is where pieces join than around that, beside that of one encoder. */
function worstJoin(sound: Float32Array, { music, whole }: Sounds, layout: Layout): number {
  const there = errorsOf(whole, music, layout)
  const worse = errorsOf(sound, music, layout).map((windows, piece) =>
    windows.map((error, i) => error / (there[piece]?.[i] as number)),
  )
  const joins = worse.slice(1).map((windows, before) => {
    const around = Math.max(median(worse[before] as number[]), median(windows))
    return (windows[0] as number) / around
  })
  return Math.max(...joins)
}

void describe('pieces, joined', needsFfmpeg, () => {
  let media: Media
  let folder: Awaited<ReturnType<typeof tempFolder>>
  before(async () => {
    ;[media, folder] = await Promise.all([createMedia({ driver: 'native' }), tempFolder()])
  })
  after(async () => {
    await media?.close()
    await folder?.remove()
  })
  async function sourceOf(shape: Shape): Promise<{ tune: Tune; source: Source }> {
    const tune = makeTune(shape, TUNE_SEC)
    const path = nameOf(folder.path, shape.sampleRateHz, shape.channels, `${shape.bits}.wav`)
    return { tune, source: await writeTune(media, path, tune, ['-c:a', `pcm_s${shape.bits}le`]) }
  }

  for (const [profile, shape] of LOSSY)
    void describe(`${profile.name}, ${shape.channels} channels`, () => {
      const { channels } = shape
      let tune: Tune
      let layout: Layout
      let files: { whole: Buffer; joined: Buffer }
      let sounds: { music: Float32Array; whole: Float32Array; joined: Float32Array }
      before(async () => {
        const made = await sourceOf(shape)
        tune = made.tune
        layout = layoutFor(profile, made.source)
        files = { whole: await whole(media, made.source, layout), joined: await joined(media, made.source, layout) }
        const path = nameOf(folder.path, profile.name, channels)
        sounds = {
          music: played(tune),
          whole: await heard(path, files.whole, layout),
          joined: await heard(path, files.joined, layout),
        }
      })

      it('is exactly as long as the music, and not late', () => {
        assert.equal(sounds.joined.length, sounds.music.length)
        assert.equal(lagOf(sounds.joined, sounds.music, channels), 0)
      })
      it('has every click at its place', () => {
        const calm = played(makeTune(shape, TUNE_SEC, 0))
        for (const click of tune.clicks) {
          const off = Math.abs(loudestNear(sounds.joined, calm, click, channels) - click)
          assert.ok(off <= CLICK_MOVED_SAMPLES_MAX, `the click at ${click} is off by ${off}`)
        }
      })
      it('is no worse where pieces join than around it', () => {
        const worst = worstJoin(sounds.joined, sounds, layout)
        assert.ok(worst <= WORSE_MAX, `${worst} times as bad`)
      })
      if (profile.codec === 'mp3')
        it('is the same file, however it is cut into runs; one frame left out and one doubled is heard', async () => {
          assert.ok(files.joined.equals(files.whole))
          const frameBytes = layout.packetBytes as number
          // Behind the Info frame.
          const join = frameBytes * (1 + layout.packetsPerPiece)
          const faulty = Buffer.from(files.whole)
          faulty.copyWithin(join, join + frameBytes, join + 2 * frameBytes)
          const sound = await heard(nameOf(folder.path, 'faulty'), faulty, layout)
          assert.ok(worstJoin(sound, sounds, layout) > 2 * WORSE_MAX)
        })
    })

  for (const [profile, shape] of LOSSLESS)
    it(`${profile.name} at ${shape.sampleRateHz} Hz, ${shape.bits} bits, ${shape.channels} channels is the music, bit by bit`, async () => {
      const { tune, source } = await sourceOf(shape)
      const layout = layoutFor(profile, source)
      const file = await joined(media, source, layout)
      assert.ok(file.equals(await whole(media, source, layout)), 'the same file, however it is cut into runs')
      const path = nameOf(folder.path, profile.name, shape.sampleRateHz)
      const format = `s${shape.bits}le`
      await heard(path, file, layout)
      assert.ok((await decoded(path, ['-c:a', `pcm_${format}`, '-f', format])).equals(tune.pcm))
    })

  for (const [profile, shape] of [...LOSSY.slice(1, 6), ...LOSSLESS])
    it(`${profile.name} at ${shape.sampleRateHz} Hz is exactly as long as music of a packet, and as music of a piece`, async () => {
      for (const seconds of SECONDS_AT_BORDERS) {
        const path = nameOf(folder.path, profile.name, seconds)
        const source = await writeTune(media, `${path}.wav`, makeTune(shape, seconds))
        const layout = layoutFor(profile, source)
        const sound = await heard(path, await joined(media, source, layout), layout)
        assert.equal(sound.length, Math.round(seconds * shape.sampleRateHz) * layout.channels)
      }
    })
})
