import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { Kysely } from 'kysely'
import { newId } from '#kernel/ids.ts'
import { type Client, startTestApp, type TestApp } from '#kernel/testing.ts'
import { account } from '#modules/identity/admin/testing.ts'
import identity from '#modules/identity/index.ts'
import type { Tables } from '#modules/identity/tables.ts'
import { audit } from './audit.ts'
import { pruneAudit } from './store.ts'
import { idAt, timeOfId } from './times.ts'

const DAY_MS = 86_400_000
type Named = { id: string; username: string | null } | null
type Entry = { id: string; at: string; action: string; actor: Named; subject: Named; detail: Record<string, unknown> }

const told = (e: Entry) => [e.action, e.actor?.username ?? null, e.subject?.username ?? null]

describe('the audit log', () => {
  let t: TestApp
  let admin: Client
  before(async () => {
    t = await startTestApp({ modules: [identity] })
    admin = await t.as('admin')
  })
  after(() => t.stop())
  const db = () => t.app.ports.db.kysely as Kysely<Tables>
  const sql = (text: string, values: unknown[] = []) => t.app.ports.db.pool.query(text, values)
  const log = async (query: Record<string, string> = {}) => {
    const { status, body, text } = await admin.get(
      `/admin/audit?${new URLSearchParams({ limit: '500', ...query }).toString()}`,
    )
    assert.equal(status, 200, text)
    return body as { items: Entry[]; nextCursor: string | null; total?: number }
  }
  /** An entry as it would have been written then. */
  const wroteAt = async (at: Date) => {
    const id = idAt(at).replace(/0{4}-0{4}-0{12}$/, newId().slice(14))
    await sql(`insert into identity.audit_log (id, at, action) values ($1, $2, 'sign-in.failed')`, [id, at])
    return id
  }

  test('tells who did what to whom, the newest first', async () => {
    const pat = await account(t, 'pat')
    await admin.patch(`/admin/users/${pat.userId}/role`, { role: 'artist' })
    const { id } = (await pat.post('/auth/api-keys', { name: 'a player' })).body
    await pat.delete(`/auth/api-keys/${id}`)
    await admin.patch(`/admin/users/${pat.userId}/block`)
    await admin.patch(`/admin/users/${pat.userId}/block`)
    const { items } = await log({ subjectId: pat.userId })
    assert.deepEqual(items.slice(0, 5).map(told), [
      ['account.unblocked', 'admin', 'pat'],
      ['account.blocked', 'admin', 'pat'],
      ['api-key.revoked', 'pat', 'pat'],
      ['api-key.made', 'pat', 'pat'],
      ['account.role-changed', 'admin', 'pat'],
    ])
    assert.ok(
      items.some((e) => e.action === 'sign-in.succeeded') && items.some((e) => e.action === 'account.registered'),
    )
    assert.deepEqual(items[4]?.detail, { from: 'user', to: 'artist' })
    assert.deepEqual(items[1]?.detail, { sessions: 2, apiKeys: 0 })
    assert.deepEqual(
      items.map((e) => e.at),
      items
        .map((e) => e.at)
        .sort()
        .toReversed(),
    )
    const again = await admin.patch(`/admin/users/${pat.userId}/role`, { role: 'artist' })
    assert.equal(again.status, 200)
    assert.deepEqual((await log({ subjectId: pat.userId })).items, items, 'what changes nothing is no event')
  })

  test('is filtered by action, actor and time', async () => {
    const roles = (await log({ action: 'account.role-changed' })).items
    assert.deepEqual(new Set(roles.map((e) => e.action)), new Set(['account.role-changed']))
    const mine = (await log({ actorId: admin.userId })).items
    assert.ok(mine.length > 0 && mine.every((e) => e.actor?.id === admin.userId))
    const [early, late] = [new Date(Date.now() - 3 * DAY_MS), new Date(Date.now() - 2 * DAY_MS)]
    const ids = [await wroteAt(early), await wroteAt(late)]
    const idsIn = async (q: Record<string, string>) => (await log(q)).items.map((e) => e.id)
    assert.deepEqual(await idsIn({ from: early.toISOString(), to: late.toISOString() }), [ids[0]])
    assert.deepEqual(await idsIn({ to: new Date(late.getTime() + 1).toISOString() }), [ids[1], ids[0]])
    assert.deepEqual(await idsIn({ from: new Date(Date.now() + DAY_MS).toISOString() }), [])
    for (const query of ['action=nonsense', 'from=yesterday', 'subjectId=me', 'cursor=x'])
      assert.equal((await admin.get(`/admin/audit?${query}`)).status, 400, query)
  })

  test('comes in pages that neither repeat nor leave out, whatever happens meanwhile', async () => {
    const whole = (await log()).items.map((e) => e.id)
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: Awaited<ReturnType<typeof log>> = await log({ limit: '4', cursor, count: 'true' })
      assert.ok(page.total !== undefined && page.total >= whole.length)
      seen.push(...page.items.map((e) => e.id))
      cursor = page.nextCursor
      await t.nobody.post('/auth/login', { username: 'admin', password: 'correct horse battery' })
    }
    assert.deepEqual(seen, whole)
  })

  test('no entry can be changed, taken out or put elsewhere, not even by the program itself', async () => {
    const before = await sql('select * from identity.audit_log order by id')
    const tries = [
      `update identity.audit_log set action = 'sign-in.succeeded'`,
      `update identity.audit_log set detail = '{}' where detail <> '{}'`,
      `update identity.audit_log set at = now()`,
      `update identity.audit_log set actor_id = subject_id where actor_id is null`,
      `update identity.audit_log set subject_id = '${admin.userId}' where subject_id <> '${admin.userId}'`,
      `update identity.audit_log set address = '10.0.0.1'`,
      'delete from identity.audit_log',
      `delete from identity.audit_log where id = (select max(id::text)::uuid from identity.audit_log)`,
      'truncate identity.audit_log',
    ]
    for (const text of tries) await assert.rejects(sql(text), /append-only/, text)
    assert.deepEqual((await sql('select * from identity.audit_log order by id')).rows, before.rows)
  })

  test('only its own room writes to it', () => {
    const src = new URL('../../../', import.meta.url)
    const files = globSync('**/*.ts', { cwd: src }).filter((f) => !f.endsWith('.test.ts'))
    const writes =
      /(?:insert into|insertInto\(|update|updateTable\(|delete from|deleteFrom\(|truncate)\s*['"`]?identity\.audit_log/
    const writing = files.filter((f) => writes.test(readFileSync(new URL(f, src), 'utf8')))
    assert.deepEqual(writing.sort(), ['modules/identity/audit/audit.ts', 'modules/identity/audit/store.ts'])
  })

  test('what is older than it is kept goes, the rest stays', async () => {
    const now = new Date()
    const ago = (days: number) => wroteAt(new Date(now.getTime() - days * DAY_MS))
    const [old, young] = [
      [await ago(366), await ago(400), await ago(3000)],
      [await ago(364), await ago(8)],
    ]
    const prune = t.app.wired.flatMap((w) => w.running.cron ?? []).find((c) => c.name === 'identity.prune-audit-log')
    const { signal } = new AbortController()
    await prune?.run(signal)
    const ids = (await log()).items.map((e) => e.id)
    assert.ok(old.every((id) => !ids.includes(id)) && young.every((id) => ids.includes(id)))
    await assert.rejects(
      pruneAudit(db(), { days: 1, now, signal }),
      /append-only/,
      'no setting takes out what is younger than a week',
    )
  })

  test('who was erased is forgotten in it, and nobody else', async () => {
    const [gone, stays] = [await account(t, 'gone'), await account(t, 'stays')]
    await admin.patch(`/admin/users/${gone.userId}/role`, { role: 'artist' })
    const count = (await log({ count: 'true' })).total ?? 0
    const others = (await log({ subjectId: stays.userId })).items
    assert.equal((await admin.delete(`/admin/users/${gone.userId}`)).status, 204)
    const text = JSON.stringify((await sql('select * from identity.audit_log')).rows)
    assert.ok(!text.includes(gone.userId))
    assert.equal((await log({ count: 'true' })).total, count + 1, 'the entries stay')
    assert.deepEqual((await log({ subjectId: stays.userId })).items, others)
    const [role] = (await log({ action: 'account.role-changed' })).items
    assert.deepEqual([role?.actor?.username, role?.subject], ['admin', null])
    assert.deepEqual(told((await log({ action: 'account.erased' })).items[0] as Entry), [
      'account.erased',
      'admin',
      null,
    ])
  })

  test('an entry has bounds', async () => {
    const detail = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`f${i}`, `${'x'.repeat(199)}😀${'y'.repeat(9999)}`]),
    )
    const who = { kind: 'nobody', requestId: 'r', userAgent: 'u'.repeat(5000), address: '10.1.2.3' } as const
    await audit(db(), who, { action: 'sign-in.limited', detail })
    const { rows } = await sql(
      `select *, octet_length(detail::text) as bytes from identity.audit_log where action = 'sign-in.limited'`,
    )
    assert.equal(rows.length, 1)
    assert.ok(rows[0].bytes < 4000 && rows[0].user_agent.length === 300)
  })

  test('holds no secret, whatever was done', async () => {
    const secrets = ['correct horse battery', 'not the password']
    const kim = await account(t, 'kim-secret')
    const login = await t.nobody.post('/auth/login', { username: 'kim-secret', password: secrets[0] })
    await t.nobody.post('/auth/login', { username: 'kim-secret', password: secrets[1] })
    const refreshed = await t.nobody.post('/auth/refresh', { refreshToken: login.body.refreshToken })
    await t.nobody.post('/auth/refresh', { refreshToken: login.body.refreshToken })
    const key = await kim.post('/auth/api-keys', { name: 'my secret place' })
    for (const { body } of [login, refreshed]) secrets.push(body.accessToken, body.refreshToken)
    secrets.push(key.body.key.slice(10), 'my secret place', 'kim-secret@example.org', 'kim-secret')
    const text = JSON.stringify((await sql('select * from identity.audit_log')).rows)
    assert.ok(text.includes(kim.userId) && secrets.length === 10)
    for (const secret of secrets) assert.ok(!text.includes(secret), secret)
  })

  test('ids and times tell the same', () => {
    const id = newId()
    assert.ok(Math.abs(timeOfId(id).getTime() - Date.now()) < 1000)
    assert.ok(idAt(timeOfId(id)) <= id && idAt(new Date(timeOfId(id).getTime() + 1)) > id)
    assert.equal(idAt(new Date(0)), '00000000-0000-0000-0000-000000000000')
  })
})
