/** 500 listeners of originals at 320 kbit/s: delay of the event loop, memory, and whether anybody waited. */
import { fileURLToPath } from 'node:url'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startTutti } from '../bytes/parts.ts'

const run = promisify(execFile)
const LISTENERS = 500
const SECONDS = Number(process.argv[2] ?? 20)
/** About 64 MiB: more than the system holds for a connection, so that each listener sets the pace. */
const LENGTH_SEC = 1520
const LOOP_P99_MS_MAX = 30
const GROWTH_BYTES_MAX = 16 * 1024 ** 2
const CLIENT = fileURLToPath(new URL('./client.ts', import.meta.url))
type Heard = { bytes: number; starvedAtFirst: number; starved: number }
const MIB = 1024 ** 2

const tutti = await startTutti([LENGTH_SEC], [])
const url = `${tutti.url}/api/v1/songs/${tutti.ids[0]}/stream`
const idle = await tutti.used()
const listening = run(process.execPath, [CLIENT, url, tutti.token, `${LISTENERS}`, `${SECONDS}`])
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
// The first seconds fill what the system holds for each connection; then they listen.
await sleep((SECONDS * 1000) / 3)
const begun = await tutti.used()
await sleep((SECONDS * 1000) / 2)
const steady = await tutti.used()
const { stdout } = await listening
const { bytes, starved, starvedAtFirst } = JSON.parse(stdout) as Heard
await tutti.stop()

const line = (name: string, u: typeof idle) =>
  `  ${name.padEnd(10)} loop p99 ${u.loopP99Ms.toFixed(1)} ms, max ${u.loopMaxMs.toFixed(0)} ms, resident ${(u.rssBytes / MIB).toFixed(0)} MiB, CPU ${u.cpuSec.toFixed(2)} s`
console.log(`${LISTENERS} listeners, ${(bytes / 1e6).toFixed(0)} MB heard`)
console.log(`  nothing to hear: ${starvedAtFirst} times while they came, ${starved} times later`)
console.log(line('before', idle))
console.log(line('beginning', begun))
console.log(line('listening', steady))
console.log(
  `marks: p99 ≤ ${LOOP_P99_MS_MAX} ms, growth while listening ≤ ${GROWTH_BYTES_MAX / MIB} MiB, nobody starved`,
)
const isFlat = steady.rssBytes - begun.rssBytes <= GROWTH_BYTES_MAX
process.exitCode = steady.loopP99Ms <= LOOP_P99_MS_MAX && isFlat && starved === 0 ? 0 : 1
