import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { io, type Socket } from 'socket.io-client'
import { type Answer, type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { account } from '#modules/identity/admin/testing.ts'
import identity from '#modules/identity/index.ts'

const coded = (a: Answer) => [a.status, a.body.code]
/** Below the 10 s for which a process keeps what it knows of a credential when no notice comes. */
const AT_ONCE_MS = 7000

const change = (client: Client) => client.patch('/users/me', { displayName: 'By a key' })

describe('what an API key reaches', () => {
  let t: TestApp
  /** Another process of the same installation. */
  let two: TestApp
  const open: Socket[] = []
  before(async () => {
    t = await startTestApp({ modules: [identity] })
    two = await startTestApp({ modules: [identity], keep: { dataDir: t.dataDir, databaseUrl: t.databaseUrl } })
  })
  after(async () => {
    for (const socket of open) socket.close()
    await two.stop()
    await t.stop()
  })

  const make = async (who: Client, o: object = {}) => {
    const made = await who.post('/auth/api-keys', { name: 'a player', ...o })
    assert.equal(made.status, 201, made.text)
    const key = String(made.body.key)
    return {
      id: String(made.body.id),
      key,
      here: clientFor(t.url, key, who.userId),
      elsewhere: clientFor(two.url, key, who.userId),
    }
  }
  const dial = (url: string, token: string): Socket => {
    const socket = io(url, { auth: { token }, transports: ['websocket'], reconnection: false, forceNew: true })
    open.push(socket)
    return socket
  }
  const joined = async (url: string, token: string) => {
    const socket = dial(url, token)
    await new Promise((resolve, reject) => {
      socket.on('connected', resolve)
      socket.on('connect_error', reject)
    })
    return { socket, closed: new Promise<void>((resolve) => socket.on('disconnect', () => resolve())) }
  }
  const refusal = (url: string, token: string) =>
    new Promise<string | undefined>((resolve) => {
      const socket = dial(url, token)
      socket.on('connect_error', (e) => resolve((e as Error & { data?: { code?: string } }).data?.code))
      socket.on('connected', () => resolve('connected'))
    })
  const ends = (client: Client) =>
    two.eventually(async () => (await client.get('/auth/me')).status === 401, 'the other process to hear', AT_ONCE_MS)

  test('no more than its scopes', async () => {
    const user = await account(t, 'scoped')
    const [read, write, both] = [
      await make(user),
      await make(user, { scopes: ['write'] }),
      await make(user, { scopes: ['write', 'read'] }),
    ]
    assert.deepEqual(coded(await change(read.here)), [403, 'scope_missing'])
    assert.deepEqual(coded(await write.here.get('/auth/me')), [403, 'scope_missing'])
    for (const { here } of [write, both]) assert.equal((await change(here)).status, 200)
    for (const { here } of [read, both]) assert.equal((await here.get('/auth/me')).body.displayName, 'By a key')
  })

  test('no more than an artist without the scope admin', async () => {
    const [admin, ray] = [await t.as('admin'), await account(t, 'ray')]
    const key = await make(admin, { scopes: ['read', 'write'] })
    assert.equal((await key.here.get('/auth/me')).status, 200)
    for (const [method, path] of [
      ['GET', '/admin/users'],
      ['GET', '/admin/audit'],
      ['PATCH', `/admin/users/${ray.userId}/block`],
      ['DELETE', `/admin/users/${ray.userId}`],
    ] as const)
      assert.deepEqual(coded(await key.here.send(method, path)), [403, 'role_required'], path)
    assert.equal((await ray.get('/auth/me')).status, 200)
  })

  test('as an admin whatever admins may, but nothing that outlives the key; and it is told which key it was', async () => {
    const [admin, lea] = [await t.as('admin'), await account(t, 'lea')]
    const { id, here } = await make(admin, { scopes: ['read', 'write', 'admin'] })
    assert.equal((await here.get('/admin/users')).status, 200)
    const raise = await here.patch(`/admin/users/${lea.userId}/role`, { role: 'admin' })
    assert.deepEqual(coded(raise), [403, 'session_required'])
    assert.equal((await here.patch(`/admin/users/${lea.userId}/block`, { isBlocked: true })).status, 200)
    const { items } = (await admin.get(`/admin/audit?action=account.blocked&subjectId=${lea.userId}`)).body
    assert.deepEqual([items[0].actor.username, items[0].detail.byApiKey], ['admin', id])
    assert.deepEqual(coded(await here.patch(`/admin/users/${admin.userId}/block`)), [409, 'not_yourself'])
  })

  test('no more than its owner at that moment', async () => {
    const [admin, max] = [await t.as('admin'), await account(t, 'max', 'admin')]
    const { here, elsewhere } = await make(max, { scopes: ['read', 'admin'] })
    const role = (to: string) => admin.patch(`/admin/users/${max.userId}/role`, { role: to })
    const reaches = (status: number) => async () => (await elsewhere.get('/admin/users')).status === status
    assert.equal((await here.get('/admin/users')).status, 200)
    assert.equal((await elsewhere.get('/admin/users')).status, 200)
    assert.equal((await role('user')).status, 200)
    assert.deepEqual(coded(await here.get('/admin/users')), [403, 'role_required'])
    await two.eventually(reaches(403), 'the other process to hear', AT_ONCE_MS)
    assert.deepEqual(coded(await max.post('/auth/api-keys', { name: 'x', scopes: ['admin'] })), [403, 'role_required'])
    assert.equal((await role('admin')).status, 200)
    assert.equal((await here.get('/admin/users')).status, 200)
  })

  test('nothing any more once its owner is blocked or erased, in every process', async () => {
    const admin = await t.as('admin')
    for (const [name, end] of [
      ['blocked', (id: string) => admin.patch(`/admin/users/${id}/block`, { isBlocked: true })],
      ['erased', (id: string) => admin.delete(`/admin/users/${id}`)],
    ] as const) {
      const owner = await account(t, name)
      const { key, here, elsewhere } = await make(owner)
      const sockets = [await joined(t.url, key), await joined(two.url, key)]
      assert.equal((await elsewhere.get('/auth/me')).status, 200)
      assert.ok((await end(owner.userId)).status < 300)
      assert.deepEqual(coded(await here.get('/auth/me')), [401, 'api_key_invalid'], name)
      await Promise.all(sockets.map((s) => s.closed))
      await ends(elsewhere)
      assert.equal(await refusal(t.url, key), 'api_key_invalid')
      await admin.patch(`/admin/users/${owner.userId}/block`, { isBlocked: false })
      assert.equal((await here.get('/auth/me')).status, 401, 'it does not come back with its owner')
      const left = await t.app.ports.db.pool.query('select id from identity.api_keys where user_id = $1', [
        owner.userId,
      ])
      assert.deepEqual(left.rows, [])
    }
  })

  test('sockets as long as it lives; those of other keys and sessions stay', async () => {
    const user = await account(t, 'two-players')
    const [one, other] = [await make(user), await make(user)]
    const gone = [await joined(t.url, one.key), await joined(two.url, one.key)]
    const stay = [await joined(t.url, other.key), await joined(two.url, user.token)]
    assert.equal((await user.delete(`/auth/api-keys/${one.id}`)).status, 204)
    await Promise.all(gone.map((s) => s.closed))
    assert.equal(await refusal(two.url, one.key), 'api_key_invalid')
    assert.ok(stay.every((s) => s.socket.connected))
    assert.equal((await other.here.get('/auth/me')).status, 200)
  })

  test('a key that is made while its owner is blocked never works', async () => {
    const [admin, ida] = [await t.as('admin'), await account(t, 'ida')]
    const asks = Array.from({ length: 8 }, () => ida.post('/auth/api-keys', { name: 'in time' }))
    const [blocked, ...made] = await Promise.all([
      admin.patch(`/admin/users/${ida.userId}/block`, { isBlocked: true }),
      ...asks,
    ])
    assert.equal(blocked.status, 200)
    assert.ok(made.every((a) => [201, 401].includes(a.status)))
    await admin.patch(`/admin/users/${ida.userId}/block`, { isBlocked: false })
    for (const { body } of made.filter((a) => a.status === 201))
      assert.equal((await clientFor(t.url, body.key, ida.userId).get('/auth/me')).status, 401)
  })
})
