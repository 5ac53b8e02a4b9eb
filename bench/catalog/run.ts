/**
 * Lists: pages, far pages, random order, filters, genres and totals of 100 000 songs (or as many as asked for).
 *   npm run bench -- catalog [--songs 100000] [--data DIR]
 * Beside each figure of ours stands that of the same songs in plain tables of PostgreSQL, which asks nobody's rights and
 * folds no names. Ours are those of the service, nothing kept; HTTP adds the figures of its last lines. With --data the
 * library is kept and used again.
 */
import { parseArgs } from 'node:util'
import { ACCESS, type View } from '#modules/catalog/policy.ts'
import { SONG_SORTS } from '#modules/catalog/schema.ts'
import { songList } from '#modules/catalog/service/song-list.ts'
import { genres, tallyOf } from '#modules/catalog/store/tallies.ts'
import { totals } from '#modules/catalog/store/totals.ts'
import { COMBINATIONS } from './filters.ts'
import { type Library, openLibrary } from './generate.ts'
import { makePlain, type PlainQuery, plainPage } from './plain.ts'
import { randomOf } from './random.ts'

const PAGE_MS_MAX = 5
const FAR_PAGE_MS_MAX = 35
const RANDOM_MS_MAX = 300
const FILTERS_P99_MS_MAX = 50
const NUMBERS_MS_MAX = 10
/** Times each thing is asked for. */
const TIMES = 12

const { values } = parseArgs({
  options: { songs: { type: 'string', default: '100000' }, data: { type: 'string' } },
})
const songs = Number(values.songs)
type Input = Parameters<typeof songList>[2]

/** The value below which this share of the times lies. */
function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}
async function timesOf(count: number, work: (i: number) => Promise<unknown>): Promise<number[]> {
  await work(0) // Plans, and pages of the database that nobody has read yet.
  const times: number[] = []
  for (let i = 1; i <= count; i++) times.push(await timed(() => work(i)))
  return times
}

let missed = 0
type Mark = { of: 'p50' | 'p99'; msMax: number }
function report(what: string, times: readonly number[], o: { mark?: Mark; plain?: readonly number[] } = {}): void {
  const p = { p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
  const isMet = o.mark === undefined || p[o.mark.of] <= o.mark.msMax
  if (!isMet) missed++
  const mark = o.mark === undefined ? '' : `  (mark: ${o.mark.of} ≤ ${o.mark.msMax} ms)`
  const plain =
    o.plain === undefined
      ? ''
      : `  plain: ${quantile(o.plain, 0.5).toFixed(1)} / ${quantile(o.plain, 0.99).toFixed(1)} ms`
  console.log(
    `${isMet ? '✓' : '✗'} ${what.padEnd(44)} p50 ${p.p50.toFixed(1)} / p99 ${p.p99.toFixed(1)} ms${mark}${plain}`,
  )
}

const viewsOf = (lib: Library): Record<string, View> => ({
  nobody: { least: ACCESS.anyone, ownerId: null, withheld: [] },
  user: { least: ACCESS.signedIn, ownerId: lib.user.userId, withheld: [] },
  admin: { least: ACCESS.admins, ownerId: null, withheld: [] },
})
const SORTS = SONG_SORTS.filter((s) => s !== 'random')
const PLAIN_ORDER: Partial<Record<string, PlainQuery['order']>> = {
  title: 'title',
  year: 'year',
  energy: 'energy',
  newest: 'id desc',
}

async function benchPages(lib: Library, who: string, view: View): Promise<void> {
  const { n } = await tallyOf(lib.db, 'songs', view)
  const all: number[] = []
  const far: number[] = []
  const after: number[] = []
  for (const sort of SORTS) {
    const page = (o: Partial<Input>) => songList(lib.db, view, { sort, limit: 20, ...o })
    all.push(...(await timesOf(TIMES, () => page({}))))
    const offset = (i: number) => Math.floor(n * 0.9) + i * 17
    // The second look at a list measures it, beside the answer.
    for (let i = 0; i < 3; i++) await page({ offset: offset(i) })
    await new Promise((resolve) => setTimeout(resolve, 20 + songs / 500))
    far.push(...(await timesOf(TIMES, (i) => page({ offset: offset(i) }))))
    const { nextCursor } = await page({ offset: offset(0) })
    if (nextCursor !== null) after.push(...(await timesOf(TIMES, () => page({ cursor: nextCursor }))))
  }
  const plain = (o: Partial<PlainQuery>) => timesOf(TIMES, () => plainPage(lib.db, { order: 'title', limit: 20, ...o }))
  console.log(`\n${who}: ${n} songs, each of ${SORTS.length} orders`)
  report('first page', all, { mark: { of: 'p50', msMax: PAGE_MS_MAX }, plain: await plain({}) })
  report('page at 90 % by cursor', after, { mark: { of: 'p50', msMax: PAGE_MS_MAX } })
  report('page at 90 % by offset', far, {
    mark: { of: 'p50', msMax: FAR_PAGE_MS_MAX },
    plain: await timesOf(4, () => plainPage(lib.db, { order: 'title', limit: 20, offset: Math.floor(n * 0.9) })),
  })
  const random = await timesOf(TIMES, () => songList(lib.db, view, { sort: 'random', limit: 500 }))
  const shuffled = await timesOf(3, () => plainPage(lib.db, { order: 'random()', limit: 500 }))
  report('500 at random', random, { mark: { of: 'p50', msMax: RANDOM_MS_MAX }, plain: shuffled })
}

async function benchFilters(lib: Library, who: string, view: View): Promise<void> {
  const times: number[] = []
  const plain: number[] = []
  const slow: [number, string][] = []
  for (const { name, query, plain: where } of COMBINATIONS)
    for (const sort of ['title', 'newest', 'year', 'energy', 'artist', 'random'] as const) {
      const t = await timesOf(3, () => songList(lib.db, view, { ...query, sort, limit: 20 }))
      times.push(...t)
      slow.push([quantile(t, 0.5), `${name}, by ${sort}`])
      const order = PLAIN_ORDER[sort]
      if (order && who === 'admin')
        plain.push(...(await timesOf(1, () => plainPage(lib.db, { ...where, order, limit: 20 }))))
    }
  report(`${who}: ${COMBINATIONS.length} filters, 6 orders`, times, {
    mark: { of: 'p99', msMax: FILTERS_P99_MS_MAX },
    ...(plain.length === 0 ? {} : { plain }),
  })
  const worst = slow.toSorted((a, b) => b[0] - a[0]).slice(0, 4)
  console.log(`    slowest: ${worst.map(([ms, name]) => `${name} ${ms.toFixed(1)} ms`).join('; ')}`)
}

/** What HTTP, rights and JSON add, each page asked for once: nothing of it is kept. */
async function benchHttp(lib: Library): Promise<void> {
  const random = randomOf(7)
  const ask = (path: string) => async () => {
    const { status, text } = await lib.user.get(path)
    if (status !== 200) throw new Error(text)
  }
  const fresh = () => `limit=20&offset=${random.below(5000)}`
  report('HTTP: page near the top', await timesOf(TIMES * 4, () => ask(`/songs?sort=artist&${fresh()}`)()))
  report('HTTP: filtered page', await timesOf(TIMES * 4, () => ask(`/songs?genre=Pop&bpmMin=${100 + random.unit()}`)()))
  report('HTTP: 500 at random', await timesOf(TIMES, () => ask('/songs?sort=random&limit=500')()))
  report('HTTP: the same page again', await timesOf(TIMES * 4, ask('/songs?sort=title&limit=20')))
}

async function benchSizes(lib: Library): Promise<void> {
  const { rows } = await lib.app.app.ports.db.pool.query<{ what: string; mb: number }>(`
    select 'songs' as what, pg_relation_size('catalog.songs') / 1048576 as mb
    union all select 'indexes of lists', sum(pg_relation_size(indexrelid)) / 1048576 from pg_index
      where indrelid = 'catalog.songs'::regclass and (indexrelid::regclass::text ~ 'songs_(by_(title|artist|album|year|duration|tempo|energy|shuffle)|newest)')
    union all select 'index of filters', pg_relation_size('catalog.songs_by_token') / 1048576
    union all select 'all of the catalogue', sum(pg_total_relation_size(c.oid)) / 1048576 from pg_class c
      where relnamespace = 'catalog'::regnamespace and relkind = 'r'`)
  console.log(`\nsizes: ${rows.map((r) => `${r.what} ${Math.round(r.mb)} MB`).join(', ')}`)
}

const lib = await openLibrary({
  songs,
  ...(values.data === undefined ? {} : { dataDir: values.data }),
  tell: console.log,
})
try {
  await makePlain(lib.db)
  const views = viewsOf(lib)
  for (const [who, view] of Object.entries(views)) await benchPages(lib, who, view)
  console.log('')
  for (const [who, view] of Object.entries(views)) await benchFilters(lib, who, view)
  console.log('')
  for (const [who, view] of Object.entries(views)) {
    const mark = { of: 'p50', msMax: NUMBERS_MS_MAX } as const
    report(`${who}: genres with their numbers`, await timesOf(TIMES, () => genres(lib.db, view)), { mark })
    report(`${who}: totals of the library`, await timesOf(TIMES, () => totals(lib.db, view)), { mark })
  }
  console.log('')
  await benchHttp(lib)
  await benchSizes(lib)
} finally {
  await lib.stop()
}
process.exitCode = missed > 0 ? 1 : 0
