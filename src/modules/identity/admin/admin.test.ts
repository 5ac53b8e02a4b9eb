import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { io } from 'socket.io-client'
import { type Answer, type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { account } from './testing.ts'

const coded = (a: Answer) => [a.status, a.body.code]
const UNKNOWN = '0190f5d0-0000-7000-8000-000000000000'
/** Below the 10 s for which a process keeps what it knows of a credential when no notice comes. */
const AT_ONCE_MS = 7000

const socketOf = async (url: string, token: string) => {
  const socket = io(`${url}/realtime`, {
    auth: { token },
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  })
  await new Promise((resolve, reject) => {
    socket.on('connected', resolve)
    socket.on('connect_error', reject)
  })
  return { closed: new Promise<void>((resolve) => socket.on('disconnect', () => resolve())) }
}

describe('administration', () => {
  let t: TestApp
  /** Another process of the same installation. */
  let two: TestApp
  before(async () => {
    t = await startTestApp({ modules: [identity] })
    two = await startTestApp({ modules: [identity], keep: { dataDir: t.dataDir, databaseUrl: t.databaseUrl } })
  })
  after(async () => {
    await two.stop()
    await t.stop()
  })

  test('is for admins alone', async () => {
    const { userId } = await t.as('stranger')
    const asked = [
      ['GET', '/admin/users'],
      ['GET', `/admin/users/${userId}`],
      ['PATCH', `/admin/users/${userId}/block`],
      ['PATCH', `/admin/users/${userId}/role`, { role: 'admin' }],
      ['GET', `/admin/users/${userId}/sessions`],
      ['DELETE', `/admin/users/${userId}/sessions`],
      ['DELETE', `/admin/users/${userId}`],
      ['GET', '/admin/audit'],
    ] as const
    for (const [method, path, body] of asked) {
      assert.deepEqual(coded(await t.nobody.send(method, path, body)), [401, 'unauthorized'], path)
      for (const who of [await t.as('user'), await t.as('artist'), await t.as('stranger')])
        assert.deepEqual(coded(await who.send(method, path, body)), [403, 'role_required'], path)
    }
    assert.equal((await (await t.as('stranger')).get('/auth/me')).body.role, 'user')
  })

  test('blocking ends sessions and sockets at once, in every process', async () => {
    const [admin, eve] = [await t.as('admin'), await account(t, 'eve')]
    const elsewhere = clientFor(two.url, eve.token, eve.userId)
    const sockets = [await socketOf(t.url, eve.token), await socketOf(two.url, eve.token)]
    assert.equal((await elsewhere.get('/auth/me')).status, 200)
    const blocked = await admin.patch(`/admin/users/${eve.userId}/block`, { isBlocked: true })
    assert.deepEqual([blocked.status, blocked.body.id, blocked.body.isBlocked], [200, eve.userId, true], blocked.text)
    assert.deepEqual(coded(await eve.get('/auth/me')), [401, 'session_ended'])
    await Promise.all(sockets.map((s) => s.closed))
    await two.eventually(
      async () => (await elsewhere.get('/auth/me')).status === 401,
      'the other process to hear',
      AT_ONCE_MS,
    )
    await assert.rejects(socketOf(t.url, eve.token), /ended/)
    const login = await t.nobody.post('/auth/login', { username: 'eve', password: 'correct horse battery' })
    assert.notEqual(login.status, 200)
    assert.equal((await t.nobody.get(`/users/${eve.userId}`)).status, 404)

    const again = await admin.patch(`/admin/users/${eve.userId}/block`, { isBlocked: true })
    assert.deepEqual([again.status, again.body.isBlocked], [200, true])
    assert.equal((await admin.patch(`/admin/users/${eve.userId}/block`, { isBlocked: false })).body.isBlocked, false)
    assert.equal((await eve.get('/auth/me')).status, 401, 'ended sessions stay ended')
    assert.equal((await (await eve.signIn()).get('/auth/me')).status, 200)
  })

  test('without a body a block flips', async () => {
    const [admin, flo] = [await t.as('admin'), await account(t, 'flo')]
    for (const expected of [true, false, true])
      assert.equal((await admin.patch(`/admin/users/${flo.userId}/block`)).body.isBlocked, expected)
  })

  test('a new role counts at once on what is signed in', async () => {
    const [admin, sue] = [await t.as('admin'), await account(t, 'sue')]
    const elsewhere = clientFor(two.url, sue.token, sue.userId)
    assert.equal((await elsewhere.get('/admin/users')).status, 403)
    const socket = await socketOf(two.url, sue.token)
    const path = `/admin/users/${sue.userId}/role`
    const raised = await admin.patch(path, { role: 'admin' })
    assert.deepEqual([raised.status, raised.body.role], [200, 'admin'], raised.text)
    assert.equal((await sue.get('/admin/users')).status, 200)
    await socket.closed
    const reaches = (status: number) => async () => (await elsewhere.get('/admin/users')).status === status
    await two.eventually(reaches(200), 'the other process to hear', AT_ONCE_MS)
    assert.equal((await admin.patch(path, { role: 'artist' })).body.role, 'artist')
    assert.deepEqual(coded(await sue.get('/admin/users')), [403, 'role_required'])
    await two.eventually(reaches(403), 'the other process to hear', AT_ONCE_MS)
    assert.equal((await sue.get('/auth/me')).body.role, 'artist', 'still signed in')
    for (const body of [{}, { role: 'owner' }, { role: 'admin', isBlocked: false }])
      assert.equal((await admin.patch(path, body)).status, 400)
  })

  test('a deleted account is gone at once, in every process, with all it was signed in with', async () => {
    const [admin, tom] = [await t.as('admin'), await account(t, 'tom')]
    const elsewhere = clientFor(two.url, tom.token, tom.userId)
    const socket = await socketOf(two.url, tom.token)
    assert.equal((await elsewhere.get('/auth/me')).status, 200)
    assert.equal((await admin.delete(`/admin/users/${tom.userId}`)).status, 204)
    assert.equal((await tom.get('/auth/me')).status, 401)
    await socket.closed
    await two.eventually(
      async () => (await elsewhere.get('/auth/me')).status === 401,
      'the other process to hear',
      AT_ONCE_MS,
    )
    assert.equal((await admin.get(`/admin/users/${tom.userId}`)).status, 404)
    assert.equal((await admin.delete(`/admin/users/${tom.userId}`)).status, 404)
    const { rows } = await t.app.ports.db.pool.query('select id from identity.sessions where user_id = $1', [
      tom.userId,
    ])
    assert.deepEqual(rows, [])
    assert.equal((await t.nobody.get(`/users/${tom.userId}`)).status, 404)
  })

  test('nobody does it to themselves, and what is unknown is not found', async () => {
    const admin = await t.as('admin')
    await account(t, 'second-admin', 'admin')
    for (const id of [admin.userId, UNKNOWN]) {
      const expected = id === UNKNOWN ? [404, 'not_found'] : [409, 'not_yourself']
      assert.deepEqual(coded(await admin.patch(`/admin/users/${id}/role`, { role: 'user' })), expected)
      assert.deepEqual(coded(await admin.patch(`/admin/users/${id}/block`)), expected)
      assert.deepEqual(coded(await admin.patch(`/admin/users/${id}/block`, { isBlocked: true })), expected)
      assert.deepEqual(coded(await admin.delete(`/admin/users/${id}`)), expected)
    }
    for (const path of ['', '/sessions']) assert.equal((await admin.get(`/admin/users/${UNKNOWN}${path}`)).status, 404)
    assert.equal((await admin.delete(`/admin/users/${UNKNOWN}/sessions`)).status, 404)
    assert.equal((await admin.get('/admin/users/not-an-id')).status, 400)
  })

  test('sessions of others can be seen and ended', async () => {
    const [admin, ray] = [await t.as('admin'), await account(t, 'ray')]
    await ray.signIn()
    const { body } = await admin.get(`/admin/users/${ray.userId}/sessions`)
    assert.equal(body.items.length, 3)
    assert.deepEqual(Object.keys(body.items[0]).sort(), [
      'address',
      'createdAt',
      'expiresAt',
      'id',
      'method',
      'usedAt',
      'userAgent',
    ])
    assert.equal((await admin.delete(`/admin/users/${ray.userId}/sessions`)).status, 204)
    assert.equal((await ray.get('/auth/me')).status, 401)
    assert.deepEqual((await admin.get(`/admin/users/${ray.userId}/sessions`)).body.items, [])
    assert.ok(Date.parse((await admin.get(`/admin/users/${ray.userId}`)).body.lastSeenAt) > 0)
  })
})

/** Asks all at once. Answers also how many admins can sign in afterwards. */
async function race(t: TestApp, tries: readonly (() => Promise<Answer>)[]) {
  const answers = await Promise.all(tries.map((ask) => ask()))
  const living = `select id from identity.users where role = 'admin' and not is_blocked`
  const { rows } = await t.app.ports.db.pool.query(living)
  return { answers, said: JSON.stringify(answers.map(coded)), admins: rows.length }
}

describe('an admin always remains', () => {
  for (const [what, method, path, body] of [
    ['role', 'PATCH', '/role', { role: 'user' }],
    ['block', 'PATCH', '/block', { isBlocked: true }],
    ['erasure', 'DELETE', '', undefined],
  ] as const)
    test(`when two take each other's standing by ${what} at once`, async () => {
      await using t = await startTestApp({ modules: [identity] })
      const ann = await t.as('admin')
      const bob = await account(t, 'bob', 'admin')
      const { answers, admins, said } = await race(t, [
        () => ann.send(method, `/admin/users/${bob.userId}${path}`, body),
        () => bob.send(method, `/admin/users/${ann.userId}${path}`, body),
      ])
      assert.equal(admins, 1, said)
      // Whoever came second met the last admin, or was none any more.
      assert.equal(answers.filter((a) => a.status < 300).length, 1, said)
      assert.equal(answers.filter((a) => [409, 403, 401].includes(a.status)).length, 1, said)
    })

  test('when many turn on each other', async () => {
    await using t = await startTestApp({ modules: [identity] })
    const all: Client[] = [await t.as('admin')]
    for (let i = 0; i < 5; i++) all.push(await account(t, `admin-${i}`, 'admin'))
    const tries = all.flatMap((a) =>
      all.filter((b) => b !== a).map((b) => () => a.patch(`/admin/users/${b.userId}/role`, { role: 'user' })),
    )
    const { admins, answers, said } = await race(t, tries)
    assert.ok(admins >= 1, said)
    assert.ok(answers.every((a) => a.status < 500))
  })

  test('a blocked admin does not count as one', async () => {
    await using t = await startTestApp({ modules: [identity] })
    const [ann, bob] = [await t.as('admin'), await account(t, 'bob', 'admin')]
    const cay = await account(t, 'cay', 'admin')
    assert.equal((await ann.patch(`/admin/users/${bob.userId}/block`, { isBlocked: true })).status, 200)
    assert.equal((await cay.patch(`/admin/users/${ann.userId}/role`, { role: 'user' })).status, 200)
    // Bob is blocked and Ann is no admin: Cay is the last, and the program itself may not take that either.
    const { assertAdminRemains } = await import('./standing.ts')
    const db = t.app.ports.db.kysely as never
    await assert.rejects(
      assertAdminRemains(db, { id: cay.userId, role: 'admin', is_blocked: false }),
      (thrown: Error & { code?: string }) => thrown.code === 'last_admin',
    )
    await assertAdminRemains(db, { id: bob.userId, role: 'admin', is_blocked: true })
  })
})
