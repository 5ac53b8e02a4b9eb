import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Kysely } from 'kysely'
import { listEntries } from '#modules/identity/audit/store.ts'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import type { Tables } from '#modules/identity/tables.ts'
import { listUsers, type Sorted } from './store.ts'

const ID = '01900000-0000-7000-8000-000000000001'
const SORTS: Sorted[] = (['id', 'username'] as const).flatMap((by) =>
  (['asc', 'desc'] as const).map((direction) => ({ by, direction })),
)
type Db = Kysely<Tables>

describe('an index serves every list of admins, the first page and a deep one', () => {
  let t: TestApp
  before(async () => {
    t = await startTestApp({ modules: [identity] })
  })
  after(() => t.stop())

  /** The plan of what `ask` asks, where PostgreSQL reads everything or sorts only when it has no other way. */
  async function planOf(ask: (db: Db) => Promise<unknown>, off: readonly string[]): Promise<string> {
    const { pool, kysely } = t.app.ports.db
    let seen: { sql: string; parameters: readonly unknown[] } | undefined
    const spying = kysely.withPlugin({
      transformQuery: ({ node }) => {
        seen = kysely.getExecutor().compileQuery(node, { queryId: 'plan' })
        return node
      },
      transformResult: async ({ result }) => result,
    }) as unknown as Db
    await ask(spying)
    assert.ok(seen)
    const client = await pool.connect()
    try {
      await client.query(['begin', ...off.map((what) => `set local enable_${what} = off`)].join(';'))
      const { rows } = await client.query<Record<string, string>>(`explain ${seen.sql}`, [...seen.parameters])
      return rows.map((r) => r['QUERY PLAN']).join('\n')
    } finally {
      await client.query('rollback')
      client.release()
    }
  }
  const ordered = (ask: (db: Db) => Promise<unknown>) => planOf(ask, ['seqscan', 'bitmapscan', 'sort'])

  test('users in each order', async () => {
    for (const sort of SORTS)
      for (const after of [undefined, sort.by === 'id' ? ID : 'ann']) {
        const plan = await ordered((db) => listUsers(db, { terms: [] }, { ...sort, after }, 20))
        assert.match(plan, /Index Scan.* using (users_pkey|users_by_username)/, plan)
        assert.doesNotMatch(plan, /Sort|Seq Scan/, plan)
        if (after) assert.match(plan, /Index Cond/, plan)
      }
  })

  test('users of a role and blocked ones', async () => {
    const newest = { by: 'id', direction: 'desc' } as const
    const byRole = await ordered((db) => listUsers(db, { terms: [], role: 'admin' }, { ...newest, after: ID }, 20))
    assert.match(byRole, /users_by_role[^]*Index Cond: \(\(role = 'admin'::text\) AND \(id </, byRole)
    const blocked = await ordered((db) => listUsers(db, { terms: [], isBlocked: true }, newest, 20))
    assert.match(blocked, /users_by_block/, blocked)
  })

  test('users by what they are searched for', async () => {
    for (const terms of [['ann'], ['an'], ['ann', 'example']]) {
      const plan = await planOf(
        (db) => listUsers(db, { terms }, { by: 'id', direction: 'desc' }, 20),
        ['seqscan', 'indexscan'],
      )
      assert.match(plan, /Bitmap Index Scan on users_by_grams/, plan)
    }
  })

  test('the audit log by each filter, in any range of time', async () => {
    const range = { from: new Date(0), to: new Date() }
    for (const [filter, index] of [
      [{}, 'audit_log_pkey'],
      [{ action: 'sign-in.failed' }, 'audit_log_by_action'],
      [{ actorId: ID }, 'audit_log_by_actor'],
      [{ subjectId: ID }, 'audit_log_by_subject'],
    ] as const) {
      const plan = await ordered((db) => listEntries(db, { ...filter, ...range }, ID, 20))
      assert.match(plan, new RegExp(`Index Scan.* using ${index}`), plan)
      assert.match(plan, /Index Cond: .*\(id </, plan)
      assert.doesNotMatch(plan, /Sort|Seq Scan/, plan)
    }
  })
})
