import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { viewOf } from '#modules/catalog/policy.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { type Catalog, startCatalog } from '#modules/catalog/testing.ts'
import { changesAfter } from './changes-store.ts'
import { copiesOf, duplicates } from './duplicates-store.ts'
import { missing } from './missing-store.ts'
import { songsInside, subdirs } from './tree-store.ts'

const ID = '01900000-0000-7000-8000-000000000001'
const user = viewOf({ kind: 'user', userId: ID, role: 'user', requestId: 'r' }, [7])
const dir = Buffer.from('a')

type Read = { index: string; of: (db: Db) => Promise<unknown> }
/** Every read that must stay quick in a library of a million songs, at its first page and further down. */
const READS: Readonly<Record<string, Read>> = {
  changes: { index: 'changes_seq_key', of: (db) => changesAfter(db, { view: user, userId: ID, seq: 0, limit: 500 }) },
  'duplicates, first page': { index: 'duplicates_by_waste', of: (db) => duplicates(db, undefined, 20) },
  'duplicates, deep': {
    index: 'duplicates_by_waste',
    of: (db) => duplicates(db, { contentId: 'a', wastedBytes: 5 }, 20),
  },
  'songs of duplicates': { index: 'songs_by_content', of: (db) => copiesOf(db, ['a', 'b'], 20) },
  'missing, first page': { index: 'songs_missing', of: (db) => missing(db, undefined, 20) },
  'missing, deep': { index: 'songs_missing', of: (db) => missing(db, { orderUs: '5', id: ID }, 20) },
  'songs inside a directory': {
    index: 'library_files_folder_id_dir_name_key',
    of: (db) => songsInside(db, user, { folderId: ID, dir, after: dir, limit: 20 }),
  },
}

describe('an index serves what is read of the library', () => {
  let c: Catalog
  before(async () => {
    c = await startCatalog()
  })
  after(() => c?.app.stop())

  /** The plan, where PostgreSQL sorts or reads everything only when it has no other way. */
  async function planOf(read: (db: Db) => Promise<unknown>, settings: string): Promise<string> {
    const { pool, kysely } = c.app.app.ports.db
    let seen: { sql: string; parameters: readonly unknown[] } | undefined
    const spying = kysely.withPlugin({
      transformQuery: ({ node }) => {
        seen = kysely.getExecutor().compileQuery(node, { queryId: 'plan' })
        return node
      },
      transformResult: async ({ result }) => result,
    }) as unknown as Db
    await read(spying)
    assert.ok(seen)
    const client = await pool.connect()
    try {
      await client.query(`begin; set local enable_seqscan = off; set local enable_bitmapscan = off; ${settings}`)
      const { rows } = await client.query<Record<string, string>>(`explain ${seen.sql}`, [...seen.parameters])
      return rows.map((r) => r['QUERY PLAN']).join('\n')
    } finally {
      await client.query('rollback')
      client.release()
    }
  }

  for (const [name, { index, of }] of Object.entries(READS))
    test(name, async () => {
      const plan = await planOf(of, 'set local enable_sort = off')
      assert.match(plan, new RegExp(`Index (Only )?Scan using ${index} `), plan)
      assert.doesNotMatch(plan, /Seq Scan on (songs|library_files|changes|duplicates)/, plan)
    })

  test('the directories inside one are counted in the index alone', async () => {
    const plan = await planOf((db) => subdirs(db, user, { folderId: ID, dir }), '')
    assert.match(plan, /Index Only Scan using library_files_in_dirs/, plan)
    assert.match(plan, /Index Scan using songs_hidden|Index Scan using songs_pkey/, plan)
    assert.doesNotMatch(plan, /Seq Scan/, plan)
  })
})
