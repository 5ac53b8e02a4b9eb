/** Event-loop delay and answer times of the server while songs are analysed, and the speed of the analysis. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findFfmpeg } from '#kernel/media/find-ffmpeg.ts'
import analysis from '#modules/analysis/index.ts'
import { createPool } from '#modules/analysis/worker/pool.ts'
import streaming from '#modules/streaming/index.ts'
import { quantile, startWorld, type World } from './world.ts'

const DELAY_P99_MS_MAX = 20
const REALTIME_PER_CORE_MIN = 100
const SONGS = Number(process.argv[2] ?? 10)
const ASK_EVERY_MS = 20
const run = promisify(execFile)

/** Asks for a list of songs again and again until `isOver`; answers the times. */
async function askMeanwhile({ music }: World, isOver: () => boolean): Promise<number[]> {
  const admin = await music.app.as('admin')
  const times: number[] = []
  while (!isOver()) {
    const startedAt = performance.now()
    await admin.get('/songs?limit=20')
    times.push(performance.now() - startedAt)
    await sleep(ASK_EVERY_MS)
  }
  return times
}

async function allAnalysed({ music }: World): Promise<void> {
  const admin = await music.app.as('admin')
  await music.app.eventually(
    async () => {
      const { body } = await admin.get('/analysis/queue')
      await sleep(200)
      return body['completed'] + body['failed'] >= SONGS
    },
    'the analysis',
    30 * 60_000,
  )
}

type Totals = { seconds: number; took: number; songs: number }
const totals = async ({ music }: World): Promise<Totals> => {
  const { rows } = await music.app.app.ports.db.pool.query<Totals>(
    'select sum(duration_sec)::float8 as seconds, sum(took_ms)::float8 / 1000 as took, count(*)::int as songs from analysis.features',
  )
  return rows[0] as Totals
}

/** What bare FFmpeg needs to decode the same files, one after the other. */
async function decodeOnly({ music }: World): Promise<number> {
  const startedAt = performance.now()
  await run('sh', [
    '-c',
    'for f in "$1"/*; do ffmpeg -v error -nostdin -i "$f" -vn -f f32le - > /dev/null; done',
    'sh',
    music.folder,
  ])
  return (performance.now() - startedAt) / 1000
}

const TICKS_PER_SEC = 100

/** CPU seconds of this process, its threads and the children it has seen end; wall time where there is no /proc. */
async function cpuSec(): Promise<number> {
  const stat = await readFile('/proc/self/stat', 'utf8').catch(() => undefined)
  if (stat === undefined) return performance.now() / 1000
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SEC
}

/** Seconds of music in a second of one core, decode and engine together, once a worker is warm: other load does not count. */
async function perCore({ music }: World): Promise<number> {
  const settings = await findFfmpeg({})
  const pool = createPool(1)
  const files = (await readdir(music.folder)).map((name) => Buffer.from(join(music.folder, name)))
  const analyse = (path: Buffer) => pool.run({ settings, path, channels: 2, durationSec: 0 })
  await analyse(files[0] as Buffer)
  const before = await cpuSec()
  let seconds = 0
  for (const file of files) seconds += (await analyse(file)).durationSec
  const spent = (await cpuSec()) - before
  await pool.close()
  return seconds / spent
}

const world = await startWorld(SONGS, { modules: [analysis, streaming] })
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const startedAt = performance.now()
let isOver = false
const asking = askMeanwhile(world, () => isOver)
await allAnalysed(world)
isOver = true
const times = await asking
delay.disable()
const wallSec = (performance.now() - startedAt) / 1000
const found = await totals(world)
const decodeSec = await decodeOnly(world)
const speed = await perCore(world)
await world.stop()

const p99 = delay.percentile(99) / 1e6
console.log(
  `${found.songs} songs, ${(found.seconds / 60).toFixed(1)} min of ${world.isReal ? 'real' : 'generated'} music, ${wallSec.toFixed(1)} s`,
)
console.log(
  `analysis, decode included     ${speed.toFixed(0)}× realtime per core, by CPU time (mark: ≥ ${REALTIME_PER_CORE_MIN}×)`,
)
console.log(
  `                              ${(found.seconds / found.took).toFixed(0)}× realtime by the clock, at the lowest priority beside the server and this bench`,
)
console.log(`bare FFmpeg decode            ${(found.seconds / decodeSec).toFixed(0)}× realtime`)
console.log(
  `event-loop delay              p50 ${(delay.percentile(50) / 1e6).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${(delay.max / 1e6).toFixed(1)} ms (mark: p99 ≤ ${DELAY_P99_MS_MAX} ms; 1 ms of it is the probe)`,
)
console.log(
  `GET /songs meanwhile          p50 ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms, ${times.length} requests`,
)
process.exitCode = p99 <= DELAY_P99_MS_MAX && speed >= REALTIME_PER_CORE_MIN ? 0 : 1
