import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import { Type } from '#kernel/schema.ts'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, noteMade, notes } from '#kernel/testing-sample.ts'
import { push } from './realtime.ts'

const hello = push('test:hello', Type.Object({ to: Type.String() }), 'For tests')
type Options = Partial<ManagerOptions & SocketOptions>
const open: Socket[] = []

function dial(url: string, o: Options = {}): Socket {
  const socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true, ...o })
  open.push(socket)
  return socket
}
const connected = (socket: Socket): Promise<{ userId: string }> =>
  new Promise((resolve, reject) => {
    socket.on('connected', resolve)
    socket.on('connect_error', reject)
  })
/** The code with which a socket is refused, or `connected`. */
const outcome = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.on('connected', () => resolve('connected'))
    socket.on('connect_error', (err) =>
      resolve((err as Error & { data?: { code?: string } }).data?.code ?? err.message),
    )
  })
const heardBy = (socket: Socket, name: string): unknown[] => {
  const heard: unknown[] = []
  socket.on(name, (payload) => heard.push(payload))
  return heard
}

const enter = async (t: TestApp, role: string) =>
  (await t.nobody.post('/enter', { role })).body as { token: string; userId: string }

const join = async (t: TestApp, role: string, space = '/') => {
  const { token, userId } = await enter(t, role)
  const socket = dial(`${t.url}${space}`, { auth: { token } })
  assert.equal((await connected(socket)).userId, userId)
  return { socket, userId, token }
}

describe('sockets', () => {
  let one: TestApp
  let two: TestApp
  before(async () => {
    one = await startTestApp({ modules: [door, notes] })
    // Another process of the same installation: its own pubsub connection, the same database.
    two = await startTestApp({ modules: [door, notes], keep: { dataDir: one.dataDir, databaseUrl: one.databaseUrl } })
  })
  after(async () => {
    for (const socket of open) socket.close()
    await two.stop()
    await one.stop()
  })

  test('pushes reach a user, the admins or all, in every process and in both namespaces', async () => {
    const [ann, bob, root, ann2] = await Promise.all([
      join(one, 'user'),
      join(two, 'user', '/realtime'),
      join(two, 'admin'),
      join(two, 'artist', '/realtime'),
    ])
    const heard = [ann, bob, root, ann2].map((p) => heardBy(p.socket, 'test:hello')) as { to: string }[][]
    const { realtime } = one.app
    realtime.toUser(bob.userId, hello, { to: 'bob' })
    realtime.toAdmins(hello, { to: 'admins' })
    realtime.toAll(hello, { to: 'all' })
    await one.eventually(async () => heard.every((h) => h.some((p) => p.to === 'all')), 'the push to all')
    await sleep(50)
    assert.deepEqual(
      heard.map((h) => h.map((p) => p.to).sort()),
      [['all'], ['all', 'bob'], ['admins', 'all'], ['all']],
    )
  })

  test('a push of a module arrives elsewhere; a wrong payload is a fault of ours', async () => {
    const { socket } = await join(two, 'user')
    const heard = heardBy(socket, 'note:made')
    const { token } = await enter(one, 'user')
    const made = await one.nobody.send('POST', '/notes', { text: 'x' }, { authorization: `Bearer ${token}` })
    await one.eventually(async () => heard.length > 0, 'the push')
    assert.deepEqual(heard, [{ noteId: made.body.id }])
    assert.throws(() => one.app.realtime.toAll(noteMade, { noteId: 'no id' }), /note:made/)
  })

  test('who has no valid credential is told why', async () => {
    const { token } = await enter(one, 'user')
    const short = (await one.nobody.post('/enter', { role: 'user', lifeSec: 1 })).body.token as string
    await sleep(1100)
    const internal = await one.app.identify.internalToken({ kind: 'system', requestId: 'x' })
    const cases: [Options, string][] = [
      [{}, 'unauthorized'],
      [{ auth: { token: 'nonsense' } }, 'token_invalid'],
      [{ auth: { token: '' } }, 'unauthorized'],
      [{ auth: { token: 7 } }, 'unauthorized'],
      [{ auth: { token: short } }, 'token_expired'],
      [{ auth: { token: internal } }, 'token_invalid'],
      [{ auth: { token } }, 'connected'],
      [{ auth: { token: `Bearer ${token}` } }, 'connected'],
      [{ extraHeaders: { authorization: `Bearer ${token}` } }, 'connected'],
    ]
    for (const space of ['/', '/realtime'])
      for (const [options, expected] of cases)
        assert.equal(await outcome(dial(`${one.url}${space}`, options)), expected, JSON.stringify(options))
  })

  test('a cookie signs in only pages of our own', async () => {
    const answer = await one.nobody.send('POST', '/enter', { role: 'user' }, { 'x-cookie': '1' })
    const cookie = answer.headers
      .getSetCookie()
      .map((c) => c.split(';')[0])
      .join('; ')
    const by = (origin: string | undefined) =>
      outcome(dial(one.url, { extraHeaders: { cookie, ...(origin ? { origin } : {}) } }))
    assert.equal(await by(one.url), 'connected')
    assert.equal(await by('https://evil.example'), 'wrong_origin')
    assert.equal(await by('null'), 'wrong_origin')
    assert.equal(await by(undefined), 'wrong_origin')
  })

  test('polling is not offered, and a huge message ends the socket', async () => {
    assert.notEqual(await outcome(dial(one.url, { transports: ['polling'] })), 'connected')
    const { socket } = await join(one, 'user')
    const closed = new Promise((resolve) => socket.on('disconnect', resolve))
    socket.emit('x', 'a'.repeat(300 * 1024))
    await closed
  })

  test('the end of a session closes its sockets in every process, and no others', async () => {
    const leaver = await join(one, 'user')
    const stayer = await join(two, 'user')
    const closed = new Promise((resolve) => leaver.socket.on('disconnect', resolve))
    const left = await one.nobody.send('POST', '/leave', undefined, { authorization: `Bearer ${leaver.token}` })
    assert.equal(left.status, 204)
    await closed
    assert.equal(await outcome(dial(one.url, { auth: { token: leaver.token } })), 'session_ended')
    assert.ok(stayer.socket.connected)
  })

  test('stopping closes sockets', async () => {
    const short = await startTestApp({ modules: [door, notes] })
    const { socket } = await join(short, 'user')
    const closed = new Promise((resolve) => socket.on('disconnect', resolve))
    await short.stop()
    await closed
  })

  test('ENABLE_REAL_TIME=false: no sockets', async () => {
    await using quiet = await startTestApp({ modules: [door], config: { enableRealTime: false } })
    const { token } = await enter(quiet, 'user')
    assert.notEqual(await outcome(dial(quiet.url, { auth: { token } })), 'connected')
  })
})
