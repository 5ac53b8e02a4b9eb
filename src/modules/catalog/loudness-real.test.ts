/** Loudness as FFmpeg measures it: of songs, and of their album as one piece of music. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import analysis from '#modules/analysis/index.ts'
import identity from '#modules/identity/index.ts'
import { skipWithoutFfmpeg } from '#test/fixtures/audio.ts'
import catalog from './index.ts'
import type { Song } from './schema.ts'

const skip = skipWithoutFfmpeg()
const run = promisify(execFile)
/** Music-like noise whose level goes up and down: loud and quiet songs, one with a long silence, one that peaks between samples. */
const SOUNDS = [
  `anoisesrc=c=pink:r=44100:a=0.5:seed=1,volume='0.3+0.25*sin(2*PI*t/7)':eval=frame`,
  `anoisesrc=c=brown:r=44100:a=0.8:seed=2,volume='if(lt(mod(t,9),4),0.9,0.05)':eval=frame`,
  `anoisesrc=c=white:r=44100:a=0.2:seed=3,volume='if(lt(t,8),0.02,0.6)':eval=frame`,
  `sine=f=11025:r=44100,volume=6`,
]
const SECONDS = 20
/** Filters of oversampling differ by this on white noise, and where a tone begins at once. */
const PEAK_WITHIN_DB = 0.6

let folder = ''
let app: TestApp
const path = (i: number) => join(folder, 'Album', `${i}.flac`)
const ffmpeg = (...args: string[]) => run('ffmpeg', ['-hide_banner', '-nostats', '-y', ...args], { maxBuffer: 1e8 })

if (!skip) {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tutti-loud-'))
    await mkdir(join(folder, 'Album'))
    for (const [i, sound] of SOUNDS.entries()) {
      const tags = ['-metadata', `title=Song ${i}`, '-metadata', 'artist=Ann', '-metadata', 'album=Album']
      await ffmpeg('-f', 'lavfi', '-i', sound, '-t', `${SECONDS}`, '-ac', '2', '-sample_fmt', 's16', ...tags, path(i))
    }
    app = await startTestApp({ modules: [identity, catalog, analysis], config: { musicDirs: [folder] } })
  })
  after(async () => {
    await app?.stop()
    await rm(folder, { recursive: true, force: true })
  })
}

type Measured = { lufs: number; peak: number }
/** What the filter `ebur128` says of files one after the other. */
async function heard(...files: string[]): Promise<Measured> {
  const inputs = files.flatMap((file) => ['-i', file])
  const joined = `${files.map((_, i) => `[${i}:a]`).join('')}concat=n=${files.length}:v=0:a=1,ebur128=peak=true`
  const { stderr } = await ffmpeg(...inputs, '-filter_complex', joined, '-f', 'null', '-')
  const last = (pattern: RegExp) => Number([...stderr.matchAll(pattern)].at(-1)?.[1])
  return { lufs: last(/I:\s+(-?[\d.]+) LUFS/g), peak: last(/Peak:\s+(-?[\d.]+) dBFS/g) }
}
const near = (actual: number | null | undefined, wanted: number, within: number, what: string) =>
  assert.ok(Math.abs((actual ?? Number.NaN) - wanted) <= within, `${what}: ${actual}, FFmpeg says ${wanted}`)

test('songs and their album are as loud as FFmpeg says', { skip, timeout: 120_000 }, async () => {
  const admin = await app.as('admin')
  const songs = await app.eventually(
    async () => {
      const { items } = (await admin.get('/songs?sort=title')).body as { items: Song[] }
      return items.length === SOUNDS.length && items.every((s) => typeof s.loudness?.albumGainDb === 'number') && items
    },
    'the analysis',
    90_000,
  )
  for (const [i, { loudness, title }] of songs.entries()) {
    const { lufs, peak } = await heard(path(i))
    near(loudness?.trackGainDb, -18 - lufs, 0.15, `${title} gain`)
    near(loudness?.trackPeakDbtp, peak, PEAK_WITHIN_DB, `${title} peak`)
  }
  const album = await heard(...SOUNDS.map((_, i) => path(i)))
  near(songs[0]?.loudness?.albumGainDb, -18 - album.lufs, 0.3, 'album gain')
  near(songs[0]?.loudness?.albumPeakDbtp, album.peak, PEAK_WITHIN_DB, 'album peak')
  assert.equal(new Set(songs.map((s) => s.loudness?.albumGainDb)).size, 1)
})

test('the older measure, ReplayGain 1 of the filter `replaygain`, is within what the two differ by', {
  skip,
}, async () => {
  const { stderr } = await ffmpeg('-i', path(0), '-af', 'replaygain', '-f', 'null', '-')
  const gain = Number(/track_gain = ([+-][\d.]+) dB/.exec(stderr)?.[1])
  const { lufs } = await heard(path(0))
  near(-18 - lufs, gain, 3, 'against a level of 89 dB')
})
