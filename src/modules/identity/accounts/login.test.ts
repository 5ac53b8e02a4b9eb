import assert from 'node:assert/strict'
import { argon2Sync, randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'

const PASSWORD = 'four words are fine'
const MINUTE_MS = 60_000

/** A hash as it would have been made when computers were slower. */
function cheapHash(password: string): string {
  const nonce = randomBytes(16)
  const tag = argon2Sync('argon2id', {
    message: password,
    nonce,
    memory: 8192,
    passes: 1,
    parallelism: 1,
    tagLength: 32,
  })
  return `$argon2id$v=19$m=8192,t=1,p=1$${nonce.toString('base64url')}$${tag.toString('base64url')}`
}

describe('sign-in', () => {
  let t: TestApp
  before(async () => {
    t = await startTestApp({ modules: [identity] })
    await account('admin')
  })
  after(() => t.stop())
  const sql = async <T extends object>(text: string, values: unknown[] = []): Promise<T[]> =>
    (await t.app.ports.db.pool.query<T>(text, values)).rows
  const login = (username: string, password = PASSWORD) => t.nobody.post('/auth/login', { username, password })
  const account = async (username: string): Promise<string> => {
    const made = await t.nobody.post('/auth/register', {
      username,
      email: `${username}@example.org`,
      password: PASSWORD,
    })
    assert.equal(made.status, 201, made.text)
    return String(made.body.user.id)
  }
  /** Time of processors, of all threads: what others do on this machine does not count. */
  const cost = async (name: (i: number) => string) => {
    const began = process.cpuUsage()
    for (let i = 0; i < 8; i++) assert.equal((await login(name(i), 'wrong')).status, 401)
    const { user, system } = process.cpuUsage(began)
    return user + system
  }
  const entries = (action: string, subjectId: string | null) =>
    sql<{ at: Date; address: string }>(
      `select at, address from identity.audit_log where action = $1 and subject_id is not distinct from $2`,
      [action, subjectId],
    )

  test('that an account is blocked is told to whom knows its password, and to nobody else', async () => {
    const id = await account('ann')
    await sql('update identity.users set is_blocked = true where id = $1', [id])
    const [right, wrong, unknown] = [await login('ann'), await login('ann', 'wrong'), await login('nobody', 'wrong')]
    assert.deepEqual([right.status, right.body.code], [403, 'account_blocked'])
    assert.equal(wrong.status, 401)
    const { requestId: _1, ...a } = wrong.body
    const { requestId: _2, ...b } = unknown.body
    assert.deepEqual(a, b)
  })

  test('an unknown name, a wrong password and an account without one cost the same work', async () => {
    await account('bob')
    const id = await account('cat')
    await sql('update identity.users set password_hash = null where id = $1', [id])
    await cost(() => 'bob')
    const wrong = await cost(() => 'bob')
    const unknown = await cost((i) => `nobody-${i}`)
    const without = await cost(() => 'cat')
    // Nearly all of it is the hash.
    for (const one of [unknown, without]) assert.ok(one > wrong / 2, `${unknown} and ${without} µs against ${wrong}`)
  })

  test('a hash that was made with less work than today is made anew, once, when its password is given', async () => {
    const id = await account('dan')
    const hashNow = async () =>
      (await sql<{ password_hash: string }>('select password_hash from identity.users where id = $1', [id]))[0]
        ?.password_hash
    const cheap = cheapHash(PASSWORD)
    await sql('update identity.users set password_hash = $2 where id = $1', [id, cheap])
    assert.equal((await login('dan', 'wrong')).status, 401)
    assert.equal(await hashNow(), cheap)
    assert.equal((await login('dan')).status, 200)
    const made = String(await hashNow())
    assert.match(made, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    assert.equal((await login('dan')).status, 200)
    assert.equal(await hashNow(), made)
  })

  test('a sign-in that a change of password overtakes is refused: it would outlive the end of all sessions', async () => {
    const id = await account('eve')
    const client = await t.app.ports.db.pool.connect()
    try {
      await client.query('begin')
      await client.query('update identity.users set password_hash = $2 where id = $1', [id, cheapHash('another one')])
      const signingIn = login('eve')
      await t.eventually(
        async () =>
          (await sql(`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`))
            .length > 0,
        'the sign-in to wait for the change',
      )
      await client.query('commit')
      const late = await signingIn
      assert.deepEqual([late.status, late.body.code], [401, 'wrong_login'])
    } finally {
      client.release()
    }
    const living = await sql('select from identity.sessions where user_id = $1 and ended_at is null', [id])
    assert.equal(living.length, 1, 'that of the registration')
  })

  test('the audit log tells of it: each success; of failures one a minute and account, and one of all unknown names', async () => {
    const id = await account('fay')
    const began = Math.floor(Date.now() / MINUTE_MS)
    await login('fay')
    for (let i = 0; i < 6; i++) await login('fay', 'wrong')
    await Promise.all([1, 2, 3, 4, 5, 6].map((i) => login(`nobody-${i}`, 'wrong')))
    assert.equal((await login('fay')).status, 200)
    const minutes = Math.floor(Date.now() / MINUTE_MS) - began + 1
    assert.equal((await entries('sign-in.succeeded', id)).length, 2)
    const failed = await entries('sign-in.failed', id)
    assert.ok(failed.length >= 1 && failed.length <= minutes, `${failed.length} in ${minutes} minutes`)
    assert.ok(failed.every((e) => e.address === '127.0.0.1'))
    assert.ok(new Set(failed.map((e) => e.at.getTime())).size === failed.length)
    const unknown = await entries('sign-in.failed', null)
    assert.equal(new Set(unknown.map((e) => e.at.getTime())).size, unknown.length)
    for (let i = 0; i < 25; i++) await login('fay', 'wrong')
    const limited = await entries('sign-in.limited', id)
    assert.ok(limited.length >= 1 && limited.length <= Math.floor(Date.now() / MINUTE_MS) - began + 1)
    const [named] = await sql<{ n: number }>(
      `select count(*) as n from identity.audit_log where detail::text ~ 'nobody-'`,
    )
    assert.equal(named?.n, 0, 'what was typed is not kept: it may be a password')
  })
})
