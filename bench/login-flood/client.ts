/** A process of its own: asks for things as people do, and meanwhile floods the sign-in with wrong passwords. */
import { setTimeout as sleep } from 'node:timers/promises'

export type Plan = {
  readonly url: string
  readonly token: string
  readonly songId: string
  readonly seconds: number
  /** Wrong sign-ins a second; where they come from. */
  readonly floodPerSec: number
  readonly from: 'one address' | 'many addresses'
  /** Who signs in meanwhile, and from where they did before. */
  readonly person: { readonly username: string; readonly password: string; readonly address: string }
}
export type Found = {
  /** Milliseconds of each request, by what was asked for. */
  readonly times: Record<'GET /songs' | 'GET /auth/me' | 'range of a stream', number[]>
  readonly signIns: Record<'known' | 'stranger', { times: number[]; refused: number }>
  /** How often each status answered the flood. */
  readonly flood: Record<string, number>
}

const ASK_EVERY_MS = 40
const SIGN_IN_EVERY_MS = 1_000
const RANGE = 'bytes=65536-131071'

async function main(plan: Plan): Promise<Found> {
  const flood: Record<string, number> = {}
  await signIn(plan, plan.person.address)
  const until = performance.now() + plan.seconds * 1000
  const [songs, me, range, known, stranger] = await Promise.all([
    repeat(until, ASK_EVERY_MS, () => get(plan, '/songs?limit=20')),
    repeat(until, ASK_EVERY_MS, () => get(plan, '/auth/me')),
    repeat(until, ASK_EVERY_MS, () => get(plan, `/songs/${plan.songId}/stream`, { range: RANGE })),
    repeat(until, SIGN_IN_EVERY_MS, () => signIn(plan, plan.person.address)),
    repeat(until, SIGN_IN_EVERY_MS, () => signIn(plan, anAddress())),
    plan.floodPerSec > 0 ? floodUntil(until, plan, flood) : undefined,
  ])
  return {
    times: { 'GET /songs': songs.times, 'GET /auth/me': me.times, 'range of a stream': range.times },
    signIns: { known, stranger },
    flood,
  }
}

/** One after the other, at the most one each `everyMs`. Answers the times of those that were answered as they should. */
async function repeat(until: number, everyMs: number, ask: () => Promise<boolean>) {
  const times: number[] = []
  let refused = 0
  while (performance.now() < until) {
    const startedAt = performance.now()
    if (await ask()) times.push(performance.now() - startedAt)
    else refused += 1
    await sleep(Math.max(0, everyMs - (performance.now() - startedAt)))
  }
  return { times, refused }
}

async function get({ url, token }: Plan, path: string, headers: Record<string, string> = {}): Promise<true> {
  const answer = await fetch(`${url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}`, ...headers } })
  await answer.arrayBuffer()
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
  return true
}

async function login(plan: Plan, address: string, body: { username: string; password: string }): Promise<number> {
  const answer = await fetch(`${plan.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
    body: JSON.stringify(body),
  })
  await answer.arrayBuffer()
  return answer.status
}
const signIn = async (plan: Plan, address: string): Promise<boolean> => {
  const { username, password } = plan.person
  return (await login(plan, address, { username, password })) === 200
}

let addresses = 0
/** One that did not come before. */
const anAddress = (): string => {
  addresses += 1
  return `10.${process.pid % 256}.${Math.floor(addresses / 256) % 256}.${addresses % 256}`
}

/** Not waiting for answers: a flood does not slow down because the server does. */
async function floodUntil(until: number, plan: Plan, statuses: Record<string, number>): Promise<void> {
  const sent: Promise<void>[] = []
  const one = async (i: number) => {
    const address = plan.from === 'one address' ? '203.0.113.1' : anAddress()
    const status = await login(plan, address, { username: `person${i}`, password: 'not the right one' })
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  const startedAt = performance.now()
  while (performance.now() < until) {
    const due = ((performance.now() - startedAt) / 1000) * plan.floodPerSec
    while (sent.length < due) sent.push(one(sent.length))
    await sleep(5)
  }
  await Promise.all(sent)
}

if (import.meta.main) {
  const found = await main(JSON.parse(process.argv[2] ?? '') as Plan)
  process.stdout.write(JSON.stringify(found))
}
