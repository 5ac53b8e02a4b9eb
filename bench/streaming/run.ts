/**
 * Transcodes: first byte, seeks into what is not made yet, CPU beside the bare FFmpeg command, one encoder for many.
 *   npm run bench -- streaming [--songs 10] [--wasm]
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { makeTune } from '#modules/streaming/testing.ts'
import { quantile, startWorld, type World } from '../load/world.ts'
import { bareFirstByte, firstByte, herd, sequential, type Song } from './measure.ts'

const FIRST_BYTE_MS_MAX = { native: 250, wasm: 600 } as const
const SEEK_MS_MAX = 300
const CPU_OF_BARE_MAX = 1.15
const LISTENERS = 20
const SEEKS = 40
/** A 3 h VBR file, made of one tune again and again, and the place that is asked for in it. */
const LONG = { tuneSec: 180, times: 60, seekSec: 2 * 3600 + 50 * 60 } as const
const LONG_NAME = 'long.mp3'
/** Bytes of a second of `quality=medium`. */
const BYTES_PER_SEC = 16_000

const { values } = parseArgs({
  options: { songs: { type: 'string', default: '10' }, wasm: { type: 'boolean', default: false } },
})
const driver = values.wasm ? 'wasm' : 'native'
const run = promisify(execFile)

/** VBR without anything that says how long it is. */
async function makeLong(folder: string): Promise<void> {
  const short = await makeTune(folder, { name: 'short.mp3', seconds: LONG.tuneSec, args: ['-q:a', '2'] })
  const copy = ['-v', 'error', '-nostdin', '-stream_loop', String(LONG.times - 1), '-i', short, '-c', 'copy']
  await run('ffmpeg', [...copy, '-metadata', 'title=long', join(folder, LONG_NAME)])
}

async function songsOf({ music }: World): Promise<Song[]> {
  const { body } = await (await music.app.as('admin')).get('/songs?limit=100')
  const { rows } = await music.app.app.ports.db.pool.query<{ id: string; path: string }>(
    'select song_id as id, path_text as path from catalog.library_files',
  )
  const paths = new Map(rows.map(({ id, path }) => [id, join(music.folder, path)]))
  return (body['items'] as Omit<Song, 'path'>[]).map((song) => ({ ...song, path: paths.get(song.id) ?? '' }))
}

const rangeAt = (sec: number): string => `bytes=${Math.floor(sec * BYTES_PER_SEC)}-`
/** The same places in every run. */
const places = (durationSec: number): number[] =>
  Array.from({ length: SEEKS }, (_, i) => ((i * 0.618_034) % 1) * (durationSec - 10))

async function times<T>(all: readonly T[], measure: (each: T) => Promise<number>): Promise<number[]> {
  const found: number[] = []
  for (const each of all) found.push(await measure(each))
  return found
}

let isGood = true
function tell(what: string, ms: readonly number[], mark?: { share: number; msMax: number }): void {
  const at = (share: number) => quantile(ms, share).toFixed(0)
  const isMet = !mark || quantile(ms, mark.share) <= mark.msMax
  isGood &&= isMet
  const wanted = mark ? `  ${isMet ? '✓' : '✗'} mark: p${mark.share * 100} ≤ ${mark.msMax} ms` : ''
  console.log(`${what.padEnd(52)} p50 ${at(0.5)}  p95 ${at(0.95)}  p99 ${at(0.99)} ms${wanted}`)
}

async function main(world: World): Promise<void> {
  const all = await songsOf(world)
  const long = all.find((song) => song.title === 'long')
  const songs = all.filter((song) => song.durationMs < 3_600_000 && song.title !== 'short.mp3')
  const firstAsks = songs.flatMap((song) => ['low', 'high'].map((quality) => ({ song, quality })))
  const first = await times(firstAsks, ({ song, quality }) => firstByte(world, song.id, `?quality=${quality}`))
  tell(`first byte of a first transcode (${driver})`, first, { share: 0.99, msMax: FIRST_BYTE_MS_MAX[driver] })
  if (driver === 'native') tell('first byte of the bare command', await times(songs, (s) => bareFirstByte(s.path)))

  const [middle] = songs.toSorted((a, b) => b.durationMs - a.durationMs)
  if (middle) {
    const seeks = await times(places(middle.durationMs / 1000), (sec) =>
      firstByte(world, middle.id, '?quality=medium', rangeAt(sec)),
    )
    tell('seek into a first transcode', seeks, driver === 'native' ? { share: 0.95, msMax: SEEK_MS_MAX } : undefined)
  }
  if (long) {
    const cold = await firstByte(world, long.id, '?quality=low', `bytes=${LONG.seekSec * 8000}-`)
    const seeks = await times(places(60), (sec) =>
      firstByte(world, long.id, '?quality=medium', rangeAt(LONG.seekSec + sec * 4)),
    )
    tell(
      'seek around 2 h 50 of 3 h of VBR',
      seeks,
      driver === 'native' ? { share: 0.95, msMax: SEEK_MS_MAX } : undefined,
    )
    console.log(`${'the very first one there'.padEnd(52)} ${cold.toFixed(0)} ms`)
  }
  if (driver === 'wasm') return
  const [one, ...rest] = songs
  const costs: Awaited<ReturnType<typeof sequential>>[] = []
  for (const song of rest) costs.push(await sequential(world, song))
  const sum = (of: (c: (typeof costs)[number]) => number) => costs.reduce((total, c) => total + of(c), 0)
  const ratio = sum((c) => c.ours) / sum((c) => c.bare)
  isGood &&= ratio <= CPU_OF_BARE_MAX
  const perGb = (cpu: number) => (cpu / (sum((c) => c.bytes) / 1e9)).toFixed(0)
  console.log(
    `first sequential transcodes: ${sum((c) => c.ours).toFixed(1)} CPU s, bare ${sum((c) => c.bare).toFixed(1)} (${perGb(sum((c) => c.ours))} and ${perGb(sum((c) => c.bare))} s/GB): ` +
      `${ratio.toFixed(2)} of the bare command  ${ratio <= CPU_OF_BARE_MAX ? '✓' : '✗'} mark: ≤ ${CPU_OF_BARE_MAX}`,
  )
  if (one) {
    const { most, seconds } = await herd(world, one.id, LISTENERS)
    isGood &&= most === 1
    console.log(
      `${LISTENERS} listeners of one first play: ${most} encoder at most, ${seconds.toFixed(1)} s for everybody`,
    )
  }
}

// Without FFmpeg on the path the product takes the WebAssembly one.
const forget = (): void => {
  if (driver === 'wasm') process.env['PATH'] = ''
}
const world = await startWorld(Number(values.songs), { also: makeLong, before: forget })
try {
  await main(world)
} finally {
  await world.stop()
}
process.exitCode = isGood ? 0 : 1
