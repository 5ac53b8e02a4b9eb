import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { sql } from 'kysely'
import { identityKey } from './fold.ts'
import { keyNo } from './keys.ts'
import { MOODS } from './mood.ts'
import { ACCESS, type View } from './policy.ts'
import { SONG_SORTS } from './schema.ts'
import type { Db } from './store/db.ts'
import { farPage } from './store/far.ts'
import { saveFacets } from './store/lifecycle.ts'
import { boundsOfOrder, narrowSongs, SONG_FACTS, type SongFilter } from './store/narrow.ts'
import { type Bounds, countOf, type Listed, pageOf, type PageEnd } from './store/pages.ts'
import { lockShelf, recount, touchedBy } from './store/recount.ts'
import { genres, tallyOf } from './store/tallies.ts'
import { albumsInReach, artistsInReach, songsInReach } from './store/reach.ts'
import { shuffleSeed } from './store/shuffle.ts'
import { songSort } from './store/songs.ts'
import { type Catalog, type MusicFolder, musicFolder, putMany, startCatalog } from './testing.ts'

const COUNT = 240
const OWNER = '01900000-0000-7000-8000-00000000000a'
const KEYS = ['C major', 'A minor', 'F# minor', 'Bb major'] as const
const CAMELOT = { 'C major': '8B', 'A minor': '8A', 'F# minor': '11A', 'Bb major': '6B' } as const
const TAGS = ['party', 'rain', 'gym']
const VIEWS: Record<string, View> = {
  nobody: { least: ACCESS.anyone, ownerId: null, withheld: [] },
  somebody: { least: ACCESS.signedIn, ownerId: null, withheld: [] },
  owner: { least: ACCESS.signedIn, ownerId: OWNER, withheld: [] },
  'owner without the folder': { least: ACCESS.signedIn, ownerId: OWNER, withheld: [1] },
  admin: { least: ACCESS.admins, ownerId: null, withheld: [] },
}
/** As of a list of so many stretches, however few songs there are. */
const seedOf = (bits: number, random: number): number => random * 32 + bits
/** Every way a page is found is taken: nothing is found by the first, or by the first two. */
const BOUNDS: Bounds[] = [
  { inIndex: 10_000, inStretches: 2500, reading: 1000, collected: 4000 },
  { inIndex: 3, inStretches: 3, reading: 3, collected: 4000 },
  { inIndex: 3, inStretches: 3, reading: 3, collected: 2 },
]

type Row = {
  id: string
  title: string
  genre_keys: string[]
  tags: string[]
  year: number | null
  tempo: number | null
  energy: number | null
  key: string | null
  mood: string | null
  lossless: boolean
  album_id: string | null
  artist_ids: string[]
  shelf: number
  owner_id: string | null
  folder_no: number | null
}

const isIn = (x: number | null, min?: number, max?: number): boolean =>
  (min === undefined && max === undefined) || (x !== null && x >= (min ?? -1) && x <= (max ?? 1e9))
/** The filter as anybody would write it. */
const matches = (f: SongFilter, r: Row): boolean =>
  (f.genreKey === undefined || r.genre_keys.includes(f.genreKey)) &&
  (f.tag === undefined || r.tags.includes(f.tag)) &&
  isIn(r.year, f.yearMin, f.yearMax) &&
  isIn(r.tempo, f.bpmMin, f.bpmMax) &&
  isIn(r.energy, f.energyMin, f.energyMax) &&
  (f.keyNo === undefined || (r.key !== null && keyNo(r.key) === f.keyNo)) &&
  (f.moodNo === undefined || r.mood === MOODS[f.moodNo - 1]) &&
  (f.lossless === undefined || r.lossless === f.lossless) &&
  (f.albumIds === undefined || (r.album_id !== null && f.albumIds.includes(r.album_id))) &&
  (f.artistIds === undefined || r.artist_ids.some((a) => f.artistIds?.includes(a)))
const sees = (v: View, r: Row): boolean =>
  (r.shelf >= v.least && (r.shelf === 3 || r.folder_no === null || !v.withheld.includes(r.folder_no))) ||
  (v.ownerId !== null && r.owner_id === v.ownerId && r.shelf >= 1)

const listOf = (view: View, f: SongFilter): Listed => ({
  table: sql`catalog.songs`,
  where: [songsInReach(view, 'shelf')],
  narrow: narrowSongs(f),
  facts: SONG_FACTS,
})

const some = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined, freq: 2 })

describe('lists against a model', () => {
  let music: MusicFolder
  let c: Catalog
  let db: Db
  let rows: Row[]

  /** What people and the analysis make of scanned songs, some of each. */
  async function mix(): Promise<void> {
    const { rows: ids } = await sql<{ id: string }>`select id from catalog.songs order by sort_key, id`.execute(db)
    const at = (i: number) => ids[i]?.id ?? ''
    await db.transaction().execute(async (tx) => {
      await lockShelf(tx)
      for (const [i, { id }] of ids.entries()) {
        const tags = TAGS.filter((_, k) => i % (k + 2) === 0)
        await sql`update catalog.songs set tags = ${tags}::text[], is_public = ${i % 5 === 0}, is_visible = ${i % 17 !== 0},
          lossless = ${i % 3 === 0}, owner_id = ${i % 11 === 0 ? OWNER : null}::uuid,
          folder_id = case when ${i % 11 === 0} then null else folder_id end,
          folder_no = case when ${i % 11 === 0} then null else ${1 + (i % 2)}::smallint end where id = ${id}::uuid`.execute(
          tx,
        )
      }
      await recount(tx, [
        await touchedBy(
          tx,
          ids.map((r) => r.id),
        ),
      ])
    })
    const facts = Array.from({ length: COUNT }, (_, i) => i).filter((i) => i % 7 !== 0)
    await saveFacets(
      db,
      facts.map((i) => {
        const key = KEYS[i % KEYS.length] as (typeof KEYS)[number]
        return {
          songId: at(i),
          state: 'completed',
          tempo: 60 + ((i * 37) % 120) + (i % 4) / 4,
          key,
          camelot: CAMELOT[key],
          energy: ((i * 13) % 101) / 100,
          loudnessLufs: -9,
          truePeakDbtp: 0,
        }
      }),
    )
  }
  before(async () => {
    music = await musicFolder()
    await putMany(music, COUNT)
    c = await startCatalog({ musicDirs: [music.root] })
    db = c.app.app.ports.db.kysely as unknown as Db
    await mix()
    const found = await sql<Row>`select t.id, t.title, t.genre_keys, t.tags, t.year, f.tempo, f.energy, f.key, f.mood,
      t.lossless, t.album_id, t.shelf, t.owner_id, t.folder_no,
      array(select sa.artist_id::text from catalog.song_artists sa where sa.song_id = t.id) as artist_ids
      from catalog.songs t left join catalog.song_facets f on f.song_id = t.id`.execute(db)
    rows = found.rows
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
  })

  /** All of a list, page after page. */
  async function whole(
    list: Listed,
    o: { sort: (typeof SONG_SORTS)[number]; limit: number; seed: number; bounds: Bounds },
  ) {
    const all: PageEnd[] = []
    for (;;) {
      const last = all.at(-1)
      const cursor = last && { ...last, seed: o.seed }
      const at = { sort: songSort(o.sort, o.seed), cursor, offset: 0, limit: o.limit }
      const page = await pageOf(db, list, at, o.bounds)
      all.push(...page)
      if (page.length < o.limit) return all.map((r) => r.id)
    }
  }

  const filters = (): fc.Arbitrary<SongFilter> =>
    fc.record({
      genreKey: some(fc.constantFrom(...['Rock', 'Jazz', 'Hip-Hop', 'Unheard'].map(identityKey))),
      tag: some(fc.constantFrom(...TAGS, 'unknown')),
      yearMin: some(fc.integer({ min: 1989, max: 1995 })),
      yearMax: some(fc.integer({ min: 1989, max: 1995 })),
      bpmMin: some(fc.constantFrom(0, 60, 70.25, 99.9, 120)),
      bpmMax: some(fc.constantFrom(70, 99.75, 130.5, 180, 1e6)),
      energyMin: some(fc.constantFrom(0, 0.3, 0.55, 0.99)),
      energyMax: some(fc.constantFrom(0.01, 0.3, 0.55, 1)),
      keyNo: some(fc.constantFrom(...['8b', 'Am', 'gb minor', 'A♯ major', 'none'].map(keyNo))),
      moodNo: some(fc.integer({ min: 1, max: MOODS.length })),
      lossless: some(fc.boolean()),
      albumIds: some(fc.constantFrom(0, 1).map((i) => [rows[i]?.album_id ?? ''])),
      artistIds: some(fc.constantFrom(0, 1).map((i) => [rows[i]?.artist_ids[0] ?? ''])),
    })
  /** Most filters together leave nothing: one to three are kept. */
  const few = () =>
    fc.tuple(filters(), fc.nat(), fc.integer({ min: 1, max: 3 })).map(([f, from, n]): SongFilter => {
      const set = Object.entries(f).filter(([, v]) => v !== undefined)
      const kept = set.length === 0 ? [] : Array.from({ length: n }, (_, i) => set[(from + i) % set.length])
      return Object.fromEntries(kept as [string, unknown][])
    })

  test('any filter, order, viewer and page size: exactly the songs that match, in the order of the whole list', async () => {
    const seed = seedOf(6, 12_345)
    const orders = new Map<string, string[]>()
    await fc.assert(
      fc.asyncProperty(
        few(),
        fc.constantFrom(...SONG_SORTS),
        fc.constantFrom(...Object.keys(VIEWS)),
        fc.constantFrom(...BOUNDS),
        fc.integer({ min: 3, max: 50 }),
        async (f, sort, who, bounds, limit) => {
          const view = VIEWS[who] as View
          const ordered =
            orders.get(sort) ?? (await whole(listOf(VIEWS['admin'] as View, {}), { sort, limit: 500, seed, bounds }))
          orders.set(sort, ordered)
          const byId = new Map(rows.map((r) => [r.id, r]))
          const expected = ordered.filter((id) => {
            const row = byId.get(id) as Row
            return sees(view, row) && matches(f, row)
          })
          const shown = listOf(view, f)
          const list = { ...shown, where: [...shown.where, ...boundsOfOrder(f, sort, songSort(sort, seed).by)] }
          assert.deepEqual(await whole(list, { sort, limit, seed, bounds }), expected)
          assert.equal(await countOf(db, list), expected.length)
          const offset = Math.floor(expected.length / 2)
          const at = { sort: songSort(sort, seed), cursor: undefined, offset, limit }
          assert.deepEqual(
            (await pageOf(db, list, at, bounds)).map((r) => r.id),
            expected.slice(offset, offset + limit),
          )
        },
      ),
      { numRuns: 30 },
    )
  })

  test('orders of tempo and energy: the unknown comes last both ways', async () => {
    const byId = new Map(rows.map((r) => [r.id, r]))
    for (const [sort, of, sign] of [
      ['bpm', 'tempo', 1],
      ['-bpm', 'tempo', -1],
      ['energy', 'energy', 1],
      ['-energy', 'energy', -1],
    ] as const) {
      const all = await whole(listOf(VIEWS['admin'] as View, {}), {
        sort,
        limit: 31,
        seed: 1,
        bounds: BOUNDS[0] as Bounds,
      })
      const values = all.map((id) => byId.get(id)?.[of] ?? null)
      const known = values.filter((v) => v !== null)
      assert.equal(known.length, rows.filter((r) => r[of] !== null && r.shelf >= 0).length)
      assert.deepEqual(
        values.slice(0, known.length),
        known.toSorted((a, b) => (a - b) * sign),
        sort,
      )
    }
  })

  test('random order: every seed another one, of small and of many stretches, without gap or double, for every viewer', async () => {
    for (const view of Object.values(VIEWS)) {
      const seen = new Set<string>()
      const expected = rows.filter((r) => sees(view, r)).map((r) => r.id)
      for (const seed of [shuffleSeed(COUNT, 1), seedOf(5, 2), seedOf(8, 3), seedOf(8, 4)]) {
        const all = await whole(listOf(view, {}), { sort: 'random', limit: 7, seed, bounds: BOUNDS[0] as Bounds })
        assert.equal(all.length, expected.length)
        assert.deepEqual(new Set(all), new Set(expected))
        seen.add(all.join())
      }
      assert.equal(seen.size, 4)
    }
  })

  test('pages far down are those that passing over finds, also while the list changes', async () => {
    const view = VIEWS['owner'] as View
    const list = listOf(view, {})
    const page = (sort: (typeof SONG_SORTS)[number], offset: number) => {
      const at = { sort: songSort(sort, 1), cursor: undefined, offset, limit: 5 }
      return Promise.all([farPage(db, list, at, `${sort} test`, 20), pageOf(db, list, at)])
    }
    const changed = (rows.find((r) => sees(view, r)) as Row).id
    for (const sort of SONG_SORTS.filter((s) => s !== 'random')) {
      for (const offset of [0, 19, 20, 21, 100, 100, 150, 239, 400]) {
        const [far, plain] = await page(sort, offset)
        assert.deepEqual(far, plain, `${sort} ${offset}`)
      }
      await sql`update catalog.songs set is_visible = not is_visible, duration_ms = duration_ms + 1,
        tempo = tempo + 1 where id = ${changed}::uuid`.execute(db)
      const [far, plain] = await page(sort, 100)
      assert.deepEqual(far, plain, sort)
    }
    await sql`update catalog.songs set is_visible = true where id = ${changed}::uuid`.execute(db)
  })

  const counted = async (table: string, where: ReturnType<typeof songsInReach>): Promise<number> => {
    const { rows: n } = await sql<{ n: number }>`select count(*) as n from ${sql.table(`catalog.${table}`)} t
      where ${where}`.execute(db)
    return n[0]?.n ?? -1
  }
  async function assertTallies(): Promise<void> {
    for (const [who, view] of Object.entries(VIEWS)) {
      assert.equal(
        (await tallyOf(db, 'songs', view)).n,
        await counted('songs', songsInReach(view, 'shelf')),
        `songs ${who}`,
      )
      assert.equal((await tallyOf(db, 'albums', view)).n, await counted('albums', albumsInReach(view)), `albums ${who}`)
      assert.equal(
        (await tallyOf(db, 'artists', view)).n,
        await counted('artists', artistsInReach(view)),
        `artists ${who}`,
      )
      const { rows: byGenre } = await sql<{ key: string; n: number }>`select g.key, count(*) as n
        from catalog.songs t, unnest(t.genre_keys) as g(key) where ${songsInReach(view, 'shelf')} group by 1`.execute(
        db,
      )
      const told = new Map((await genres(db, view)).map((g) => [identityKey(g.name), g.songCount]))
      assert.deepEqual(
        told,
        new Map(
          byGenre
            .map((g) => [g.key, g.n])
            .toSorted((a, b) => Number(b[1]) - Number(a[1]) || (a[0]! < b[0]! ? -1 : 1)) as [string, number][],
        ),
      )
    }
  }
  test('numbers are those of counting, whatever is written and by whom', async () => {
    await assertTallies()
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.integer({ min: 0, max: COUNT - 1 }),
            fc.constantFrom('public', 'hide', 'genre', 'folder', 'length', 'gone', 'delete'),
          ),
          {
            minLength: 1,
            maxLength: 6,
          },
        ),
        async (changes) => {
          await db.transaction().execute(async (tx) => {
            await lockShelf(tx)
            for (const [i, what] of changes) {
              const id = sql`${rows[i]?.id ?? ''}::uuid`
              const touched = await touchedBy(tx, [rows[i]?.id ?? ''])
              if (what === 'public')
                await sql`update catalog.songs set is_public = not is_public where id = ${id}`.execute(tx)
              if (what === 'hide')
                await sql`update catalog.songs set is_visible = not is_visible where id = ${id}`.execute(tx)
              if (what === 'genre')
                await sql`update catalog.songs set genres = array['ROCK', 'New'], genre_keys = array['rock', 'new'] where id = ${id}`.execute(
                  tx,
                )
              if (what === 'folder')
                await sql`update catalog.songs set folder_no = 2 where id = ${id} and owner_id is null`.execute(tx)
              if (what === 'length')
                await sql`update catalog.songs set duration_ms = duration_ms + 5 where id = ${id}`.execute(tx)
              if (what === 'gone')
                await sql`update catalog.songs set is_missing = true, gone_at = now() where id = ${id}`.execute(tx)
              if (what === 'delete' && i % 4 === 0) await sql`delete from catalog.songs where id = ${id}`.execute(tx)
              await recount(tx, [touched, await touchedBy(tx, [rows[i]?.id ?? ''])])
            }
          })
          await assertTallies()
        },
      ),
      { numRuns: 5 },
    )
  })
})
