/** Time to the first answered request, and memory of the whole product at rest. `--cold` also clones and installs. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { familyOf, memoryOf, postmasterOf } from './memory.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** As `npm start` calls it. */
const SERVER = ['--max-semi-space-size=8', 'src/main.ts', '--port', '0', '--data']
const STARTS = 5
const IDLE_SEC = 20
const COLD_SEC_MAX = 900
const STOP_LOOKS_MAX = 100
/** After the last answer the database is still to be stopped. */
const DATABASE_STOP_MS = 1500
const MARKS = { warmMs: 2500, coldSec: 120, idleMb: 300 } as const

const { values: flags } = parseArgs({
  options: { cold: { type: 'boolean' }, starts: { type: 'string', default: String(STARTS) } },
})

type Started = { child: ChildProcess; url: string; readyMs: number; answeredMs: number }

/** From the start of the process to its answer to the first request anybody could send. */
async function start(file: string, args: string[], cwd = ROOT): Promise<Started> {
  const beganMs = performance.now()
  // A group of its own: npm does not pass signals on to what it runs.
  const child = spawn(file, args, { cwd, env: environment(), stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const found = /^Tutti is ready at (\S+)/.exec(line)?.[1]
      if (found) resolve(found)
    })
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it was ready`)))
  })
  const readyMs = performance.now() - beganMs
  const answer = await fetch(`${url}/api/v1/auth/setup`)
  if (!answer.ok) throw new Error(`the first request was answered with ${answer.status}`)
  return { child, url, readyMs, answeredMs: performance.now() - beganMs }
}

/** Nothing of this shell may change what is measured. */
function environment(): NodeJS.ProcessEnv {
  const left = { ...process.env }
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'TUTTI_MUSIC', 'TUTTI_DATA', 'NODE_OPTIONS']) delete left[name]
  return { ...left, LOG_LEVEL: 'warn' }
}

async function stop({ child, url }: Started): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  process.kill(-(child.pid ?? 0), 'SIGTERM')
  await gone
  // npm is gone before what it started.
  for (let i = 0; i < STOP_LOOKS_MAX && (await answers(url)); i++) await new Promise((r) => setTimeout(r, 100))
  await new Promise((r) => setTimeout(r, DATABASE_STOP_MS))
}
const answers = (url: string) =>
  fetch(`${url}/health/live`).then(
    () => true,
    () => false,
  )

const report = (what: string, figure: string, mark: string, holds: boolean): boolean => {
  console.log(`${holds ? '✓' : '✗'} ${what.padEnd(58)} ${figure.padStart(10)}   mark: ≤ ${mark}`)
  return holds
}

async function warm(data: string): Promise<boolean> {
  const args = [...SERVER, data]
  const first = await start(process.execPath, args)
  console.log(
    `  ${'first start in an empty folder, the database is made'.padEnd(58)} ${Math.round(first.answeredMs)} ms`,
  )
  await stop(first)
  const times: number[] = []
  for (let i = 0; i < Number(flags.starts); i++) {
    const started = await start(process.execPath, args)
    times.push(started.answeredMs)
    await stop(started)
  }
  times.sort((a, b) => a - b)
  const median = times[Math.floor(times.length / 2)] as number
  console.log(`  ${'warm starts'.padEnd(58)} ${times.map((t) => Math.round(t)).join(', ')} ms`)
  return report(
    'warm start to the first answer, median',
    `${Math.round(median)} ms`,
    `${MARKS.warmMs} ms`,
    median <= MARKS.warmMs,
  )
}

async function idle(data: string): Promise<boolean> {
  const started = await start(process.execPath, [...SERVER, data])
  await new Promise((resolve) => setTimeout(resolve, IDLE_SEC * 1000))
  const postgres = familyOf(postmasterOf(data))
  const own = familyOf(started.child.pid ?? 0).filter((pid) => !postgres.includes(pid))
  const [nodeMb, postgresMb] = [memoryOf(own), memoryOf(postgres)]
  console.log(`  ${`Node (${own.length} processes)`.padEnd(58)} ${nodeMb.toFixed(0)} MB`)
  console.log(`  ${`PostgreSQL (${postgres.length} processes)`.padEnd(58)} ${postgresMb.toFixed(0)} MB`)
  await stop(started)
  const all = nodeMb + postgresMb
  return report(
    `memory at rest after ${IDLE_SEC} s (PSS)`,
    `${all.toFixed(0)} MB`,
    `${MARKS.idleMb} MB`,
    all <= MARKS.idleMb,
  )
}

/** What a newcomer does: clone, `npm start`, the first page. */
async function cold(): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-cold-'))
  chmodSync(dir, 0o711)
  const timer = setTimeout(() => process.exit(1), COLD_SEC_MAX * 1000)
  try {
    const beganMs = performance.now()
    const clone = spawnSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, join(dir, 'tutti')], {
      stdio: 'inherit',
    })
    if (clone.status !== 0) throw new Error('the clone failed')
    const started = await start('npm', ['start', '--silent', '--', '--port', '0'], join(dir, 'tutti'))
    const page = await fetch(started.url, { headers: { accept: 'text/html' } })
    const sec = (performance.now() - beganMs) / 1000
    await stop(started)
    if (!page.ok) console.log(`✗ the page was answered with ${page.status}`)
    return report(
      'fresh clone to the first page',
      `${sec.toFixed(1)} s`,
      `${MARKS.coldSec} s`,
      page.ok && sec <= MARKS.coldSec,
    )
  } finally {
    clearTimeout(timer)
    rmSync(dir, { recursive: true, force: true })
  }
}

const folder = mkdtempSync(join(tmpdir(), 'tutti-startup-'))
// As root the database is another user's, who must be able to pass.
chmodSync(folder, 0o711)
try {
  const data = join(folder, 'data')
  const held = [await warm(data), await idle(data)]
  if (flags.cold) held.push(await cold())
  process.exitCode = held.every(Boolean) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
