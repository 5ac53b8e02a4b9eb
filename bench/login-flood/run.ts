/** Answer times of everything else, and of right sign-ins, while wrong passwords flood the sign-in. */
import { argon2, randomBytes } from 'node:crypto'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { COST } from '#modules/identity/accounts/passwords-cost.ts'
import { quantile, startWorld, type World } from '../load/world.ts'
import type { Found, Plan } from './client.ts'

const P99_MS_MAX = 100
const SECONDS = Number(process.argv[2] ?? 20)
const FLOOD_PER_SEC = 50
const SONGS = 3
const CLIENT = fileURLToPath(new URL('./client.ts', import.meta.url))
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024
const run = promisify(execFile)
const derive = promisify(argon2)

type Scenario = { readonly name: string; readonly plan: Pick<Plan, 'floodPerSec' | 'from'>; readonly isOurs: boolean }
const SCENARIOS: readonly Scenario[] = [
  { name: 'no flood', plan: { floodPerSec: 0, from: 'one address' }, isOurs: true },
  { name: 'one address', plan: { floodPerSec: FLOOD_PER_SEC, from: 'one address' }, isOurs: true },
  { name: 'many addresses', plan: { floodPerSec: FLOOD_PER_SEC, from: 'many addresses' }, isOurs: true },
  { name: 'unbounded', plan: { floodPerSec: 0, from: 'one address' }, isOurs: false },
]

/** What a server does that calls `crypto.argon2` for each of them: in the threads that files and names need too. */
async function unbounded(): Promise<void> {
  const startedAt = performance.now()
  const sent: Promise<unknown>[] = []
  const until = startedAt + SECONDS * 1000
  while (performance.now() < until) {
    const due = ((performance.now() - startedAt) / 1000) * FLOOD_PER_SEC
    while (sent.length < due)
      sent.push(derive('argon2id', { message: 'not the right one', nonce: randomBytes(16), ...COST }))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(sent)
}

async function measure({ music }: World, scenario: Scenario, person: Plan['person']): Promise<Found> {
  const { body } = await (await music.app.as('admin')).get('/songs?limit=1')
  const songId = (body['items'] as { id: string }[])[0]?.id ?? ''
  const plan: Plan = { url: music.app.url, token: music.token, songId, seconds: SECONDS, ...scenario.plan, person }
  const beside = scenario.isOurs ? undefined : unbounded()
  const { stdout } = await run(process.execPath, [CLIENT, JSON.stringify(plan)], { maxBuffer: OUTPUT_BYTES_MAX })
  await beside
  return JSON.parse(stdout) as Found
}

async function register({ music }: World, { username, password }: Plan['person']): Promise<void> {
  const made = await music.app.nobody.post('/auth/register', { username, password, email: 'listener@example.org' })
  if (made.status !== 201) throw new Error(made.text)
}

const show = (times: readonly number[]): string =>
  times.length === 0 ? '–' : `${quantile(times, 0.5).toFixed(1)} / ${quantile(times, 0.99).toFixed(1)}`
const row = (cells: readonly string[]) => cells.map((cell, i) => cell.padEnd(i === 0 ? 34 : 18)).join('')

function print(found: readonly Found[]): void {
  const line = (name: string, tell: (f: Found) => string) => console.log(row([name, ...found.map(tell)]))
  console.log(row(['p50 / p99 in ms', ...SCENARIOS.map((s) => s.name)]))
  for (const what of ['GET /songs', 'GET /auth/me', 'range of a stream'] as const)
    line(what, (f) => show(f.times[what]))
  line('right sign-in, known place', (f) => show(f.signIns.known.times))
  line('right sign-in, new place', (f) => show(f.signIns.stranger.times))
  line('  refused of known, new', (f) => `${f.signIns.known.refused}, ${f.signIns.stranger.refused}`)
  line('answers to the flood', (f) =>
    Object.entries(f.flood)
      .map(([status, n]) => `${n}×${status}`)
      .join(' '),
  )
}

const config = { trustProxy: ['loopback'], rateLimitAuthPerMin: 30 }
const world = await startWorld(SONGS, { config })
const found: Found[] = []
for (const [i, scenario] of SCENARIOS.entries()) {
  const person = { username: 'listener', password: 'four words are fine', address: `192.0.2.${i + 1}` }
  if (i === 0) await register(world, person)
  found.push(await measure(world, scenario, person))
}
await world.stop()

console.log(`${FLOOD_PER_SEC} wrong sign-ins a second for ${SECONDS} s each; argon2id of ${COST.memory / 1024} MiB`)
print(found)
const worst = SCENARIOS.flatMap((s, i) =>
  s.isOurs && s.plan.floodPerSec > 0 ? Object.values(found[i]?.times ?? {}).map((times) => quantile(times, 0.99)) : [],
)
const worstMs = Math.max(...worst)
console.log(`worst p99 of other requests under a flood: ${worstMs.toFixed(1)} ms (mark: ≤ ${P99_MS_MAX} ms)`)
process.exitCode = worstMs <= P99_MS_MAX ? 0 : 1
