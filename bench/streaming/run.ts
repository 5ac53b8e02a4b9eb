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
/** A 3 h VBR file, made of one tune again and again, and the place that is asked for in it. */
const LONG = { tuneSec: 180, times: 60, seekSec: 2 * 3600 + 50 * 60 } as const
const LONG_NAME = 'long.mp3'
const SHORT_NAME = 'short.mp3'
/** Music with so much noise that it takes some 240 kbit/s: more than what is asked for, so that it is transcoded. */
const NOISY_VBR = '-filter_complex anoisesrc=a=0.5:r=44100[n];[0][n]amix=duration=first -ac 2 -q:a 0'.split(' ')
/** An encoder whose listener has left makes less than this: who jumps so far meets nothing that is there. */
const JUMP_SEC = 110

const { values } = parseArgs({
  options: { songs: { type: 'string', default: '10' }, wasm: { type: 'boolean', default: false } },
})
const driver = values.wasm ? 'wasm' : 'native'
const run = promisify(execFile)

/** VBR that says nowhere how long it is. */
async function makeLong(folder: string): Promise<void> {
  const short = await makeTune(folder, { name: SHORT_NAME, seconds: LONG.tuneSec, args: NOISY_VBR })
  const copy = ['-v', 'error', '-nostdin', '-stream_loop', String(LONG.times - 1), '-i', short, '-c', 'copy']
  await run('ffmpeg', [...copy, '-metadata', 'title=long', join(folder, LONG_NAME)])
}

async function songsOf({ music }: World): Promise<Song[]> {
  const { body } = await (await music.app.as('admin')).get('/songs?limit=100')
  const { rows } = await music.app.app.ports.db.pool.query<{ id: string; path: string }>(
    'select song_id as id, path_text as path from catalog.library_files',
  )
  const paths = new Map(rows.map(({ id, path }) => [id, path]))
  return (body['items'] as Omit<Song, 'path'>[]).map((song) => ({ ...song, path: paths.get(song.id) ?? '' }))
}

type Ask = { readonly song: Song; readonly query: string; readonly kbps: number; readonly sec: number }
const MP3_LOW = { query: '?format=mp3&quality=low', kbps: 64 }
const MP3_MEDIUM = { query: '?format=mp3&quality=medium', kbps: 128 }
const opus = (quality: string, kbps: number) => ({ query: `?format=opus&quality=${quality}`, kbps })
/** Opus has no WebAssembly encoder. */
const OPUS = driver === 'wasm' ? [] : [opus('low', 64), opus('medium', 128), opus('high', 256)]
const MP3_HIGH = '?format=mp3&quality=high'

/** Places of a song so far from each other that each needs an encoder of its own. */
function jumps(song: Song, profile: { query: string; kbps: number }): Ask[] {
  const count = Math.floor(song.durationMs / 1000 / JUMP_SEC)
  return Array.from({ length: count }, (_, i) => ({ song, ...profile, sec: (i + 0.5) * JUMP_SEC }))
}
const jump = (world: World, { song, query, kbps, sec }: Ask) =>
  firstByte(world, song.id, query, `bytes=${Math.floor(sec * kbps * 125)}-`)

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
  const songs = all.filter((song) => song.durationMs < 3_600_000 && song.title !== SHORT_NAME)
  const asks = songs.flatMap((song) => [MP3_LOW, ...OPUS].map(({ query }) => ({ song, query })))
  const first = await times(asks, ({ song, query }) => firstByte(world, song.id, query))
  tell(`first byte of ${asks.length} first transcodes (${driver})`, first, {
    share: 0.99,
    msMax: FIRST_BYTE_MS_MAX[driver],
  })
  if (driver === 'native') tell('first byte of the bare command', await times(songs, (s) => bareFirstByte(s.path)))

  const [half, others] = [songs.slice(0, songs.length / 2), songs.slice(songs.length / 2)]
  const mark = driver === 'native' ? { share: 0.95, msMax: SEEK_MS_MAX } : undefined
  const seeks = half.flatMap((song) => jumps(song, MP3_MEDIUM))
  tell(`${seeks.length} seeks into first transcodes`, await times(seeks, (ask) => jump(world, ask)), mark)
  if (long) {
    const there = [MP3_LOW, MP3_MEDIUM, ...OPUS.slice(0, 2)].flatMap((profile) =>
      [-2, -1, 0, 1, 2].map((i) => ({ song: long, ...profile, sec: LONG.seekSec + i * JUMP_SEC })),
    )
    tell(`${there.length} seeks around 2 h 50 of 3 h of VBR`, await times(there, (ask) => jump(world, ask)), mark)
  }
  if (driver === 'wasm') return
  const [one, ...rest] = others
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
    const { most, seconds } = await herd(world, one.id, { query: MP3_HIGH, listeners: LISTENERS })
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
