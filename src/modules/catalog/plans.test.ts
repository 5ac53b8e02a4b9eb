import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { type Caller, nobody } from '#kernel/caller.ts'
import { viewOf } from './policy.ts'
import { ALBUM_SORTS, SONG_SORTS } from './schema.ts'
import { albumConditions, albumSort } from './store/albums.ts'
import { ARTISTS_BY_NAME } from './store/artists.ts'
import type { Db, Sql } from './store/db.ts'
import { pageOf, type Sort } from './store/pages.ts'
import { artistsInReach } from './store/reach.ts'
import { songConditions, songSort } from './store/songs.ts'
import { type Catalog, startCatalog } from './testing.ts'

const ID = '01900000-0000-7000-8000-000000000001'
const user: Caller = { kind: 'user', userId: ID, role: 'user', requestId: 'r' }
const admin: Caller = { ...user, role: 'admin' }
const WHO = { nobody: nobody('r'), user, admin }
type List = [name: string, table: Sql, where: Sql<boolean>[], sort: Sort]
const VALUE = { text: 'a', int: 1, real: 1.5, bigint: '1', id: '' } as const

/** Every list but those in random order, which no index can know. */
const listsOf = (who: Caller): List[] => [
  ...SONG_SORTS.filter((s) => s !== 'random').map(
    (s): List => [`songs ${s}`, sql`catalog.songs`, songConditions(viewOf(who, []), {}), songSort(s, 1)],
  ),
  ...ALBUM_SORTS.filter((s) => s !== 'random').map(
    (s): List => [`albums ${s}`, sql`catalog.albums`, albumConditions(viewOf(who, []), {}), albumSort(s, 1)],
  ),
  ['artists', sql`catalog.artists`, [artistsInReach(viewOf(who, []))], ARTISTS_BY_NAME],
]

describe('an index serves every list, the first page and a deep one', () => {
  let c: Catalog
  before(async () => {
    c = await startCatalog()
  })
  after(() => c?.app.stop())

  /** The plan of a page as text, where PostgreSQL sorts or reads everything only when it has no other way. */
  async function planOf([, table, where, sort]: List, at: { isDeep: boolean; offset: number }): Promise<string> {
    const { pool, kysely } = c.app.app.ports.db
    let seen: { sql: string; parameters: readonly unknown[] } | undefined
    const spying = kysely.withPlugin({
      transformQuery: ({ node }) => {
        seen = kysely.getExecutor().compileQuery(node, { queryId: 'plan' })
        return node
      },
      transformResult: async ({ result }) => result,
    }) as unknown as Db
    const cursor = at.isDeep ? { value: VALUE[sort.kind], id: ID, seed: 1 } : undefined
    await pageOf(spying, { table, where }, { sort, cursor, offset: at.offset, limit: 20 })
    assert.ok(seen)
    const client = await pool.connect()
    try {
      await client.query(
        'begin; set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off',
      )
      const { rows } = await client.query<Record<string, string>>(`explain ${seen.sql}`, [...seen.parameters])
      return rows.map((r) => r['QUERY PLAN']).join('\n')
    } finally {
      await client.query('rollback')
      client.release()
    }
  }

  for (const [name, who] of Object.entries(WHO)) {
    test(`asked by ${name}`, async () => {
      for (const list of listsOf(who))
        for (const isDeep of [false, true]) {
          const plan = await planOf(list, { isDeep, offset: 0 })
          assert.match(plan, /Index (Only )?Scan/, `${list[0]}\n${plan}`)
          assert.doesNotMatch(plan, /Sort|Seq Scan/, `${list[0]}\n${plan}`)
          if (isDeep) assert.match(plan, /Index Cond/, `${list[0]}: a deep page seeks\n${plan}`)
        }
    })
    test(`rows passed over for ${name} are read in the index alone`, async () => {
      for (const list of listsOf(who)) {
        const plan = await planOf(list, { isDeep: false, offset: 1000 })
        assert.match(plan, /Index Only Scan/, `${list[0]}\n${plan}`)
      }
    })
  }
})
