/** Normalised streams as FFmpeg hears them: as loud as was promised, and nowhere above the peak. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import analysis from '#modules/analysis/index.ts'
import type { Song } from '#modules/catalog/schema.ts'
import streaming from '#modules/streaming/index.ts'
import { LIFT_DB_MAX, PEAK_MAX_DBTP } from './gain.ts'
import { ffmpeg, type Music, needsFfmpeg, startMusic } from '#modules/streaming/testing.ts'

const run = promisify(execFile)
/** Loud noise, quiet noise with a click that leaves little room, and quiet noise with much of it. */
const SOUNDS = {
  'loud.flac': 'anoisesrc=c=white:r=44100:a=0.6:seed=1',
  'click.flac': `anoisesrc=c=pink:r=44100:a=0.1:seed=2,volume='if(between(t,3,3.01),8,1)':eval=frame`,
  'quiet.flac': 'anoisesrc=c=pink:r=44100:a=0.2:seed=3',
}
const TITLES = Object.keys(SOUNDS) as (keyof typeof SOUNDS)[]
async function fill(folder: string): Promise<void> {
  for (const [name, sound] of Object.entries(SOUNDS)) {
    const tags = ['-metadata', `title=${name}`, '-metadata', 'artist=Ann', '-metadata', 'album=One']
    await ffmpeg('-f', 'lavfi', '-i', sound, '-t', '8', '-ac', '2', '-sample_fmt', 's16', ...tags, join(folder, name))
  }
}

let music: Music
let scratch = ''
if (!needsFfmpeg.skip) {
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'tutti-loud-'))
    music = await startMusic(fill, { modules: [streaming, analysis] })
  })
  after(async () => {
    await music?.[Symbol.asyncDispose]()
    await rm(scratch, { recursive: true, force: true })
  })
}

const songs = async (): Promise<Map<string, NonNullable<Song['loudness']>>> => {
  const admin = await music.app.as('admin')
  const items = await music.app.eventually(
    async () => {
      const { items: found } = (await admin.get('/songs')).body as { items: Song[] }
      return found.every((s) => typeof s.loudness?.albumGainDb === 'number') && found
    },
    'the analysis',
    60_000,
  )
  return new Map(items.map((s) => [s.title, s.loudness as NonNullable<Song['loudness']>]))
}
async function heard(title: string, query: string): Promise<{ lufs: number; peak: number }> {
  const answer = await music.fetch(title, `/stream?${query}`)
  assert.equal(answer.status, 200)
  const file = join(scratch, 'heard')
  await writeFile(file, Buffer.from(await answer.arrayBuffer()))
  const { stderr } = await run('ffmpeg', [
    '-hide_banner',
    '-nostats',
    '-i',
    file,
    '-af',
    'ebur128=peak=true',
    '-f',
    'null',
    '-',
  ])
  const last = (pattern: RegExp) => Number([...stderr.matchAll(pattern)].at(-1)?.[1])
  return { lufs: last(/I:\s+(-?[\d.]+) LUFS/g), peak: last(/Peak:\s+(-?[\d.]+) dBFS/g) }
}

test('by track: at −18 LUFS, or as near as the peak allows; never above it', needsFfmpeg, async () => {
  const known = await songs()
  for (const title of TITLES) {
    const { trackGainDb, trackPeakDbtp } = known.get(title) as NonNullable<Song['loudness']>
    const { lufs, peak } = await heard(title, 'format=wav&normalize=track')
    const gain = Math.min(trackGainDb, PEAK_MAX_DBTP - (trackPeakDbtp ?? 0), LIFT_DB_MAX)
    assert.ok(
      Math.abs(lufs - (gain - 18 - trackGainDb)) < 0.25,
      `${title}: ${lufs} LUFS, gain ${gain} of ${trackGainDb}`,
    )
    assert.ok(lufs <= -18 + 0.15, `${title}: ${lufs} LUFS is above the target`)
    assert.ok(peak <= PEAK_MAX_DBTP + 0.6, `${title}: ${peak} dBTP`)
  }
})

test('by album: songs keep what they are to each other', needsFfmpeg, async () => {
  const original = await Promise.all(TITLES.slice(0, 1).map((t) => heard(t, '')))
  const loud = await heard('loud.flac', 'format=wav&normalize=album')
  const quiet = await heard('quiet.flac', 'format=wav&normalize=album')
  const plain = await heard('quiet.flac', '')
  const moved = loud.lufs - (original[0]?.lufs ?? Number.NaN)
  assert.ok(Math.abs(quiet.lufs - plain.lufs - moved) < 0.25, `${moved} and ${quiet.lufs - plain.lufs}`)
  assert.ok(moved < -1, 'a loud album is turned down')
})
