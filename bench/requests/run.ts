/**
 * Requests: list requests a second that one process answers at 100 000 songs, and how long they take.
 *   npm run bench -- requests [--songs 100000] [--seconds 10] [--data FOLDER]
 * Asked by a process of its own over 32 connections, with what people look at: few lists often, most of them seldom
 * (Zipf). Beside it the same while the catalogue changes each second, and with no request like another, which is what
 * the same database answers without anything kept.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { openLibrary, type Library } from '../catalog/generate.ts'
import { randomOf } from '../catalog/random.ts'
import type { Outcome, Plan } from './client.ts'

const PER_SEC_MIN = 3000
const P99_MS_MAX = 20
const CONNECTIONS = 32
const ASKS = 20_000
const CHANGE_EVERY_MS = 1000
/** Asking each different request once. */
const WARM_SEC_MAX = 120

const { values } = parseArgs({
  options: {
    songs: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '10' },
    data: { type: 'string' },
  },
})
const songs = Number(values.songs)
const seconds = Number(values.seconds)

const SORTS = ['title', 'newest', 'artist', 'album', '-year', 'duration'] as const
const PAGE = 20
/** Lists that people open: first pages of every sort and genre most of all, then further in. */
function popular(genres: readonly string[]): string[] {
  const first = SORTS.flatMap((sort) => [
    `/songs?sort=${sort}`,
    `/albums?sort=${sort === 'duration' || sort === 'album' ? 'title' : sort}`,
  ])
  const further = Array.from({ length: 40 }, (_, page) =>
    SORTS.map((s) => `/songs?sort=${s}&offset=${(page + 1) * PAGE}`),
  ).flat()
  const byGenre = genres.flatMap((g) => [
    `/songs?genre=${encodeURIComponent(g)}`,
    `/albums?genre=${encodeURIComponent(g)}`,
  ])
  const artists = Array.from({ length: 30 }, (_, page) => `/artists?offset=${page * PAGE}`)
  return [...first, '/genres', ...byGenre, ...artists, ...further]
}

const picks = <T>(all: readonly T[], count: number): T[] => {
  const random = randomOf(7)
  return Array.from({ length: count }, () => all[random.zipf(all.length)] as T)
}

async function measure(plan: Plan): Promise<Outcome> {
  const child = fork(new URL('client.ts', import.meta.url))
  child.send(plan)
  const [outcome] = (await once(child, 'message')) as [Outcome]
  return outcome
}

const show = (what: string, o: Outcome): void =>
  console.log(
    `${what.padEnd(44)} ${o.perSec.toFixed(0).padStart(6)} req/s   p50 ${o.p50Ms.toFixed(1)} ms   p99 ${o.p99Ms.toFixed(1)} ms   ` +
      `${(o.meanBytes / 1024).toFixed(1)} KiB each${o.refused > 0 ? `   ${o.refused} REFUSED` : ''}`,
  )

/** What a scan or an upload does to what is kept. */
const changing = ({ app }: Library): NodeJS.Timeout =>
  setInterval(() => void app.app.ports.cache.invalidate(['catalog']), CHANGE_EVERY_MS)

async function main(library: Library): Promise<void> {
  const { app, user, nobody } = library
  const listener = await app.as('stranger')
  const genres = ((await user.get('/genres')).body['items'] as { name: string }[]).map((g) => g.name).slice(0, 100)
  const tokens = [listener.token, listener.token, user.token, nobody.token]
  const asks = picks(popular(genres), ASKS).map((path, i) => [path, tokens[i % tokens.length] as string] as const)
  const plan = { url: app.url, seconds, connections: CONNECTIONS, asks }
  console.log(
    `${songs} songs, ${new Set(asks.map((a) => a.join())).size} different requests, ${CONNECTIONS} connections\n`,
  )
  const once = asks.map(([, token], i) => [`/songs?sort=${SORTS[i % SORTS.length]}&offset=${i * 3}`, token] as const)
  const cold = await measure({ ...plan, asks: once })
  const different = [...new Map(asks.map((a) => [a.join(), a])).values()]
  await measure({ ...plan, seconds: WARM_SEC_MAX, isOnce: true, asks: different })
  const kept = await measure(plan)
  const timer = changing(library)
  const busy = await measure(plan)
  clearInterval(timer)
  show('what people look at', kept)
  show('the same while the catalogue changes', busy)
  show('no request like another (nothing kept)', cold)
  const isMet =
    kept.perSec >= PER_SEC_MIN && kept.p99Ms <= P99_MS_MAX && kept.refused + busy.refused + cold.refused === 0
  console.log(
    `\n${isMet ? '✓' : '✗'} marks: ≥ ${PER_SEC_MIN} list requests/s with p99 ≤ ${P99_MS_MAX} ms, none refused; ` +
      `keeping answers brings ${(kept.perSec / cold.perSec).toFixed(1)}×`,
  )
  process.exitCode = isMet ? 0 : 1
}

const library = await openLibrary({
  songs,
  ...(values.data === undefined ? {} : { dataDir: values.data }),
  config: { rateLimitPerMin: 10_000_000 },
  tell: console.log,
})
try {
  await main(library)
} finally {
  await library.stop()
}
