/**
 * Lists of admins over 100 000 users and 300 000 audit entries: p50 and p99 through HTTP.
 *   npm run bench -- admin [--users 100000] [--entries 300000] [--asks 40]
 */
import { parseArgs } from 'node:util'
import { type Client, startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'

const P99_MAX_MS = 100
/** A term that a ninth of all users share: every one of them is looked at to sort them. */
const COMMON_P99_MAX_MS = 250
const COUNT_P99_MAX_MS = 400

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '100000' },
    entries: { type: 'string', default: '300000' },
    asks: { type: 'string', default: '40' },
  },
})
const [users, entries, asks] = [Number(values.users), Number(values.entries), Number(values.asks)]

/** The id of the thing with this number, one made each second from November 2023: in SQL, and here. */
const idSql = (i: string): string =>
  `(lpad(to_hex(1700000000000 + ${i} * 1000), 12, '0') || '70008000' || lpad(to_hex(${i}), 12, '0'))::uuid`
const idOf = (i: number): string => {
  const hex = `${(1_700_000_000_000 + i * 1000).toString(16).padStart(12, '0')}70008000${i.toString(16).padStart(12, '0')}`
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
const timeOf = (i: number): string => new Date(1_700_000_000_000 + i * 1000).toISOString()

async function fill(t: TestApp): Promise<void> {
  const { pool } = t.app.ports.db
  const client = await pool.connect()
  try {
    await client.query('set statement_timeout = 0')
    await client.query(
      `insert into identity.users (id, username, email, display_name, role, is_blocked, created_at)
       select ${idSql('i')}, 'user' || i, 'user' || i || '@example.org',
         (array['Anna','Björn','Carlos','Dörte','Emil','Fatima','Gül','Håkon','Ines','Jürgen'])[1 + i % 10] || ' ' ||
         (array['Müller','Smith','Garcia','Øster','Silva','Kim','Nguyen','Ivanov','Rossi'])[1 + (i / 7) % 9] || ' ' ||
         substr(md5(i::text), 1, 6),
         case when i % 1000 = 0 then 'artist' else 'user' end, i % 500 = 0, to_timestamp(1700000000 + i)
       from generate_series(1, $1::int) i`,
      [users],
    )
    await client.query(
      `insert into identity.audit_log (id, at, action, actor_id, subject_id)
       select ${idSql('i')}, to_timestamp(1700000000 + i),
         (array['sign-in.succeeded','sign-in.failed','session.ended','account.blocked'])[1 + (i % 400) / 133],
         ${idSql('u')}, ${idSql('u')}
       from (select i, 1 + (i::bigint * 7919) % $2::int as u from generate_series(1, $1::int) i) n`,
      [entries, users],
    )
    await client.query('analyze identity.users, identity.audit_log')
  } finally {
    client.release()
  }
}

type Ask = { about: string; path: string; maxMs: number }
const usersBy = (query: string, maxMs = P99_MAX_MS): Ask => ({
  about: `users ${query}`,
  path: `/admin/users?${query}`,
  maxMs,
})
const auditBy = (query: string, maxMs = P99_MAX_MS): Ask => ({
  about: `audit ${query}`,
  path: `/admin/audit?${query}`,
  maxMs,
})

/** The cursor of a page that ended there. */
function cursorAt(list: string, at: string | number): string {
  return Buffer.from(JSON.stringify([list, at])).toString('base64url')
}
const half = Math.floor(users / 2)
const ASKS: readonly Ask[] = [
  usersBy('sort=newest'),
  usersBy('sort=username'),
  usersBy(`sort=newest&cursor=${cursorAt('users:newest', idOf(half))}`),
  usersBy(`sort=-username&cursor=${cursorAt('users:-username', `user${half}`)}`),
  usersBy('role=admin'),
  usersBy('role=artist&sort=username'),
  usersBy('isBlocked=true'),
  usersBy(`q=user${half + 777}`),
  usersBy('q=example.org'),
  usersBy('q=nobody-of-this-name'),
  usersBy('q=an'),
  usersBy('q=kim&role=artist'),
  usersBy('q=garcia', COMMON_P99_MAX_MS),
  usersBy('q=garcia&sort=username', COMMON_P99_MAX_MS),
  usersBy('count=true', COUNT_P99_MAX_MS),
  usersBy('q=garcia&count=true', COUNT_P99_MAX_MS),
  auditBy(''),
  auditBy('action=account.blocked'),
  auditBy(`subjectId=${idOf(7)}`),
  auditBy(`from=${timeOf(entries / 3)}&to=${timeOf(entries / 2)}`),
  auditBy(`action=sign-in.failed&cursor=${cursorAt('audit', idOf(entries / 2))}`),
]

async function measure(admin: Client, ask: Ask): Promise<boolean> {
  const took: number[] = []
  let shown = 0
  for (let i = 0; i < asks; i++) {
    const startedMs = performance.now()
    const answer = await admin.get(ask.path)
    took.push(performance.now() - startedMs)
    if (answer.status !== 200) throw new Error(answer.text)
    shown = (answer.body['items'] as unknown[]).length
  }
  took.sort((a, b) => a - b)
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] as number
  const isGood = at(0.99) <= ask.maxMs
  const figures = `p50 ${at(0.5).toFixed(1).padStart(6)} ms  p99 ${at(0.99).toFixed(1).padStart(6)} ms (≤ ${ask.maxMs})`
  console.log(`${isGood ? '✓' : '✗'} ${figures}  ${String(shown).padStart(2)} rows  ${ask.about.slice(0, 70)}`)
  return isGood
}

await using t = await startTestApp({ modules: [identity], config: { rateLimitPerMin: 10_000_000 } })
const admin = await t.as('admin')
const startedMs = performance.now()
await fill(t)
console.log(`${users} users and ${entries} entries made in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`)
let good = 0
for (const ask of ASKS) good += (await measure(admin, ask)) ? 1 : 0
if (good < ASKS.length) process.exitCode = 1
