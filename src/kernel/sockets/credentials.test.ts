import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import type { Scope } from '#kernel/caller.ts'
import { Type } from '#kernel/schema.ts'
import { clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, notes } from '#kernel/testing-sample.ts'
import { push } from './realtime.ts'

const hello = push('test:hello', Type.Object({ to: Type.String() }), 'For tests')
type Person = { token: string; userId: string }
type Key = { key: string; keyId: string }

let one: TestApp
let two: TestApp
const open: Socket[] = []
before(async () => {
  one = await startTestApp({ modules: [door, notes] })
  // Another process of the same installation; who is who only the first knows.
  two = await startTestApp({
    modules: [door, notes],
    keep: { dataDir: one.dataDir, databaseUrl: one.databaseUrl },
    config: { urls: { door: one.url } },
    options: { modules: [notes] as never },
  })
})
after(async () => {
  for (const socket of open) socket.close()
  await two.stop()
  await one.stop()
})

const enter = async (role: string) => (await one.nobody.post('/enter', { role })).body as Person
const makeKey = async (owner: Person, scopes: Scope[]) =>
  (await clientFor(one.url, owner.token, '').post('/keys', { scopes })).body as Key

function dial(t: TestApp, o: Partial<ManagerOptions & SocketOptions>) {
  const socket = io(t.url, { transports: ['websocket'], reconnection: false, forceNew: true, ...o })
  open.push(socket)
  const heard: string[] = []
  socket.on('test:hello', (payload: { to: string }) => heard.push(payload.to))
  const outcome = new Promise<string>((resolve) => {
    socket.once('connected', () => resolve('connected'))
    socket.once('connect_error', (err) =>
      resolve((err as Error & { data?: { code?: string } }).data?.code ?? err.message),
    )
  })
  const closed = new Promise<void>((resolve) => socket.once('disconnect', () => resolve()))
  return { socket, heard, outcome, closed }
}
async function join(t: TestApp, secret: string) {
  const made = dial(t, { auth: { token: secret } })
  assert.equal(await made.outcome, 'connected')
  return made
}

describe('a socket by API key', () => {
  test('is let in by handshake or header, with the scope to read', async () => {
    const owner = await enter('user')
    const { key } = await makeKey(owner, ['read'])
    for (const o of [
      { auth: { token: key } },
      { auth: { token: `Bearer ${key}` } },
      { extraHeaders: { 'x-api-key': key } },
      { extraHeaders: { authorization: `Bearer ${key}` } },
    ])
      assert.equal(await dial(one, o).outcome, 'connected')
    const writing = await makeKey(owner, ['write'])
    assert.equal(await dial(one, { auth: { token: writing.key } }).outcome, 'scope_missing')
    assert.equal(await dial(one, { auth: { token: 'tutti_none' } }).outcome, 'api_key_invalid')
  })

  test('is never let in by its address', async () => {
    const owner = await enter('user')
    const { key } = await makeKey(owner, ['read'])
    for (const secret of [key, owner.token])
      assert.equal(await dial(one, { query: { token: secret, apiKey: secret } }).outcome, 'unauthorized')
  })

  test('hears what is for its owner; what is for admins only with that scope', async () => {
    const admin = await enter('admin')
    const plain = await join(one, (await makeKey(admin, ['read'])).key)
    const whole = await join(two, (await makeKey(admin, ['read', 'admin'])).key)
    one.app.realtime.toAdmins(hello, { to: 'admins' })
    one.app.realtime.toUser(admin.userId, hello, { to: 'user' })
    await one.eventually(async () => [plain, whole].every((s) => s.heard.includes('user')), 'the push')
    assert.deepEqual([plain.heard, whole.heard], [['user'], ['admins', 'user']])
  })

  test('ends with its key, in every process; the other key and the session of the same person stay', async () => {
    const owner = await enter('user')
    const [gone, kept] = [await makeKey(owner, ['read', 'write']), await makeKey(owner, ['read'])]
    const ending = [await join(one, gone.key), await join(two, gone.key)]
    const staying = [await join(one, kept.key), await join(two, kept.key), await join(two, owner.token)]
    await clientFor(one.url, gone.key, '').post('/leave')
    await Promise.all(ending.map((s) => s.closed))
    assert.ok(staying.every((s) => s.socket.connected))
    assert.equal(await dial(two, { auth: { token: gone.key } }).outcome, 'api_key_invalid')
  })

  test('of one person does not end with the session of another', async () => {
    const [ann, bob] = [await enter('user'), await enter('user')]
    const byKey = await join(one, (await makeKey(ann, ['read'])).key)
    const session = await join(one, bob.token)
    await clientFor(one.url, bob.token, '').post('/leave')
    await session.closed
    assert.ok(byKey.socket.connected)
  })
})

test('blocking ends every socket of a person, in every process', async () => {
  const [ann, bob] = [await enter('user'), await enter('user')]
  const { key } = await makeKey(ann, ['read'])
  const ending = [await join(one, ann.token), await join(two, ann.token), await join(two, key)]
  const staying = await join(two, bob.token)
  await one.nobody.post('/block', { userId: ann.userId })
  await Promise.all(ending.map((s) => s.closed))
  assert.ok(staying.socket.connected)
  for (const t of [one, two]) assert.equal(await dial(t, { auth: { token: ann.token } }).outcome, 'session_ended')
})

test('a notice that was missed is made up for when the line between processes is back', async () => {
  const [ann, bob] = [await enter('user'), await enter('user')]
  const [ending, staying] = [await join(two, ann.token), await join(two, bob.token)]
  await one.nobody.post('/block', { userId: ann.userId, silently: true })
  await one.app.ports.db.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen%'`,
  )
  await ending.closed
  assert.ok(staying.socket.connected)
})

test('over TLS a socket is signed in only by the cookie that no neighbour can set', async () => {
  const origin = 'https://music.example'
  await using t = await startTestApp({ modules: [door, notes], config: { publicUrl: origin } })
  const { token } = (await t.nobody.post('/enter', { role: 'user' })).body as Person
  const by = (cookie: string, from = origin) => dial(t, { extraHeaders: { cookie, origin: from } }).outcome
  assert.equal(await by(`__Host-tutti-access=${token}`), 'connected')
  assert.equal(await by(`tutti-access=${token}`), 'unauthorized')
  assert.equal(await by(`__Host-tutti-access=${token}`, 'https://evil.example'), 'wrong_origin')
  // A page of the same host without TLS may be written by anybody on the way.
  const downgraded = { cookie: `__Host-tutti-access=${token}`, host: 'music.example', origin: 'http://music.example' }
  assert.equal(await dial(t, { extraHeaders: downgraded }).outcome, 'wrong_origin')
  // A page over TLS says that there is TLS, where nothing else does.
  const host = new URL(one.url).host
  const ann = await enter('user')
  const extraHeaders = { cookie: `tutti-access=${ann.token}`, origin: `https://${host}` }
  assert.equal(await dial(one, { extraHeaders }).outcome, 'unauthorized')
})
