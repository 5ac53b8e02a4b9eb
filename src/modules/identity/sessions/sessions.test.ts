import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { listen } from '#modules/identity/recovery/testing-world.ts'
import { SESSIONS_MAX } from './open.ts'

const PASSWORD = 'four words are fine'
const DAY_MS = 86_400_000
type Item = Record<'id' | 'method' | 'address' | 'userAgent' | 'createdAt' | 'usedAt' | 'expiresAt', string> & {
  isCurrent: boolean
}

const list = async (client: Client) => (await client.get('/auth/sessions')).body.items as Item[]

describe('sessions of a person', () => {
  let t: TestApp
  before(async () => {
    t = await startTestApp({ modules: [identity] })
    await register('admin')
  })
  after(() => t.stop())
  const register = async (username: string): Promise<Signed> =>
    signedOf(await t.nobody.post('/auth/register', { username, email: `${username}@example.org`, password: PASSWORD }))
  const signIn = async (username: string, agent: string): Promise<Signed> =>
    signedOf(await t.nobody.send('POST', '/auth/login', { username, password: PASSWORD }, { 'user-agent': agent }))
  type Signed = Client & { refreshToken: string }
  const signedOf = ({ body }: Awaited<ReturnType<Client['get']>>): Signed => ({
    ...clientFor(t.url, String(body.accessToken), String(body.user.id)),
    refreshToken: String(body.refreshToken),
  })

  test('the list shows how, where and when, the one used last first; refreshing brings it up to date', async () => {
    await register('ann')
    const phone = await signIn('ann', 'Phone/1.0')
    const laptop = await signIn('ann', 'Laptop/2.0')
    const items = await list(laptop)
    assert.deepEqual(items.map((i) => [i.method, i.userAgent, i.address, i.isCurrent]).slice(0, 2), [
      ['password', 'Laptop/2.0', '127.0.0.1', true],
      ['password', 'Phone/1.0', '127.0.0.1', false],
    ])
    assert.equal(items.length, 3)
    const refreshed = await t.nobody.send(
      'POST',
      '/auth/refresh',
      { refreshToken: phone.refreshToken },
      { 'user-agent': `Phone/1.1 ${'x'.repeat(400)}` },
    )
    assert.equal(refreshed.status, 200)
    const [first, second] = await list(laptop)
    const before = items[1] as Item
    assert.deepEqual(
      [first?.id, first?.userAgent?.slice(0, 9), first?.userAgent?.length],
      [before.id, 'Phone/1.1', 300],
    )
    assert.ok(String(first?.usedAt) > before.usedAt && String(first?.expiresAt) > before.expiresAt)
    assert.equal(first?.createdAt, before.createdAt)
    assert.equal(second?.isCurrent, true)
    assert.ok(!JSON.stringify(items).includes(phone.refreshToken))
  })

  test('ending one ends its requests, its refresh and its sockets at once, and no other', async () => {
    await register('bob')
    const [stays, goes] = [await signIn('bob', 'A'), await signIn('bob', 'B')]
    const [kept, cut] = [await listen(t.url, stays.token), await listen(t.url, goes.token)]
    const id = (await list(stays)).find((s) => s.userAgent === 'B')?.id
    assert.equal((await stays.delete(`/auth/sessions/${id}`)).status, 204)
    await cut.closed
    assert.equal((await goes.get('/auth/me')).body.code, 'session_ended')
    assert.equal((await t.nobody.post('/auth/refresh', { refreshToken: goes.refreshToken })).status, 401)
    assert.equal((await stays.get('/auth/me')).status, 200)
    assert.equal(kept.isOpen(), true)
    kept.close()
    await assert.rejects(listen(t.url, goes.token))
    assert.equal((await stays.delete(`/auth/sessions/${id}`)).status, 404, 'it has ended already')
  })

  test('ending the own one signs out', async () => {
    const cat = await register('cat')
    const ear = await listen(t.url, cat.token)
    const [own] = await list(cat)
    assert.equal((await cat.delete(`/auth/sessions/${own?.id}`)).status, 204)
    await ear.closed
    assert.equal((await cat.get('/auth/me')).status, 401)
  })

  test("another's session is not there: not to see, not to end", async () => {
    const [dan, eve] = [await register('dan'), await register('eve')]
    const [own] = await list(dan)
    const tried = await eve.delete(`/auth/sessions/${own?.id}`)
    const unknown = await eve.delete('/auth/sessions/0190f5d0-0000-7000-8000-000000000000')
    assert.deepEqual([tried.status, tried.body.code], [404, 'not_found'])
    assert.equal(tried.body.detail, unknown.body.detail)
    assert.equal((await eve.delete('/auth/sessions/not-an-id')).status, 400)
    assert.equal((await dan.get('/auth/me')).status, 200)
    assert.ok((await list(eve)).every((s) => s.id !== own?.id))
    for (const method of ['GET', 'DELETE'] as const)
      assert.equal((await t.nobody.send(method, '/auth/sessions')).status, 401)
    const [told] = await t.app.ports.db.pool
      .query<{ n: number }>(
        `select count(*) as n from identity.audit_log where action = 'session.ended' and subject_id = $1`,
        [dan.userId],
      )
      .then((r) => r.rows)
    assert.equal(told?.n, 0)
  })

  test('ending all others leaves this one alone, and closes their sockets', async () => {
    await register('fay')
    const [stays, ...others] = await Promise.all(['A', 'B', 'C'].map((agent) => signIn('fay', agent)))
    assert.ok(stays)
    const ears = await Promise.all(others.map((o) => listen(t.url, o.token)))
    const own = await listen(t.url, stays.token)
    assert.equal((await stays.delete('/auth/sessions')).status, 204)
    await Promise.all(ears.map((e) => e.closed))
    assert.deepEqual(
      (await list(stays)).map((s) => s.isCurrent),
      [true],
    )
    assert.equal(own.isOpen(), true)
    own.close()
  })

  test(`at most ${SESSIONS_MAX} live at a time: one more ends the one that was used longest ago, sockets and all`, async () => {
    const gus = await register('gus')
    const ear = await listen(t.url, gus.token)
    await t.app.ports.db.pool.query(
      `insert into identity.sessions (id, user_id, created_at, used_at, expires_at)
       select gen_random_uuid(), $1, now(), now() + i * interval '1 s', now() + interval '1 day'
       from generate_series(1, $2) i`,
      [gus.userId, SESSIONS_MAX - 1],
    )
    assert.equal((await list(gus)).length, SESSIONS_MAX)
    const last = await signIn('gus', 'Z')
    // The newest is used at this moment, which the made ones lie ahead of.
    await ear.closed
    assert.equal((await gus.get('/auth/me')).body.code, 'session_ended')
    assert.equal((await last.get('/auth/me')).status, 200)
    assert.equal((await list(last)).length, SESSIONS_MAX)
  })

  test('a session that is used all the time ends some day all the same', async () => {
    const hal = await register('hal')
    const [{ id } = { id: '' }] = await list(hal)
    const opened = new Date(Date.now() - 364 * DAY_MS)
    await t.app.ports.db.pool.query('update identity.sessions set created_at = $2 where id = $1', [id, opened])
    const next = signedOf(await t.nobody.post('/auth/refresh', { refreshToken: hal.refreshToken }))
    const [session] = await list(next)
    assert.equal(session?.expiresAt, new Date(opened.getTime() + 365 * DAY_MS).toISOString())
    const before = new Date(Date.now() - 366 * DAY_MS)
    await t.app.ports.db.pool.query('update identity.sessions set created_at = $2 where id = $1', [id, before])
    await t.nobody.post('/auth/refresh', { refreshToken: next.refreshToken })
    const late = await t.nobody.post('/auth/login', { username: 'hal', password: PASSWORD })
    const left = await list(clientFor(t.url, String(late.body.accessToken), ''))
    assert.ok(!left.some((s) => s.id === id), 'the old one is over')
  })
})
