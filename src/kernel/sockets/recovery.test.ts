import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { io, type Socket } from 'socket.io-client'
import { ACCESS_ENDED } from '#kernel/identify.ts'
import { Type } from '#kernel/schema.ts'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, notes } from '#kernel/testing-sample.ts'
import { push } from './realtime.ts'
import { createEnded } from './recovery.ts'

const hello = push('test:hello', Type.Object({ to: Type.String() }), 'For tests')
type Person = { token: string; userId: string }
/** What Socket.IO's client keeps to be known again. */
type Known = { _pid?: string; _lastOffset?: string }

let t: TestApp
const open: Socket[] = []
before(async () => {
  t = await startTestApp({ modules: [door, notes] })
})
after(async () => {
  for (const socket of open) socket.close()
  await t.stop()
})

const enter = async (role: string) => (await t.nobody.post('/enter', { role })).body as Person

function dial(person: Person, known: Known = {}) {
  const { _pid: pid, _lastOffset: offset } = known
  const auth = { token: person.token, ...(pid ? { pid, offset } : {}) }
  const socket = io(t.url, { transports: ['websocket'], reconnection: false, forceNew: true, auth })
  open.push(socket)
  const heard: string[] = []
  socket.on('test:hello', (payload: { to: string }) => heard.push(payload.to))
  const outcome = new Promise<string>((resolve) => {
    socket.once('connected', () => resolve('connected'))
    socket.once('connect_error', (err) => resolve(err.message))
  })
  return { socket, heard, outcome }
}

/** A person whose line broke after the first push; what the client knows of the connection. */
async function broken(person: Person): Promise<Known> {
  const { socket, heard, outcome } = dial(person)
  assert.equal(await outcome, 'connected')
  t.app.realtime.toAll(hello, { to: 'first' })
  await t.eventually(async () => heard.length > 0, 'the first push')
  const { _pid, _lastOffset } = socket as unknown as Required<Known>
  socket.io.engine.close()
  await t.eventually(async () => !socket.connected, 'the line to break')
  return { _pid, _lastOffset }
}
const send = (person: Person) => {
  t.app.realtime.toUser(person.userId, hello, { to: 'user' })
  t.app.realtime.toAdmins(hello, { to: 'admins' })
}
/** Until a push that everybody hears has come after those before it. */
async function settled(heard: string[]): Promise<string[]> {
  t.app.realtime.toAll(hello, { to: 'last' })
  await t.eventually(async () => heard.includes('last'), 'the last push')
  return heard
}
/** Pushes go through the database: the missed ones must have been sent before the line is up again. */
async function missed(person: Person): Promise<void> {
  const witness = dial(await enter('user'))
  await witness.outcome
  send(person)
  await settled(witness.heard)
}

describe('a broken connection', () => {
  test('of a living session hears what it missed', async () => {
    const ann = await enter('admin')
    const known = await broken(ann)
    await missed(ann)
    const { heard, outcome } = dial(ann, known)
    assert.equal(await outcome, 'connected')
    await t.eventually(async () => heard.includes('last'), 'what was missed')
    assert.deepEqual(heard, ['user', 'admins', 'last'])
  })

  test('of a session that has ended hears nothing, also by somebody else who knows its secret', async () => {
    const ann = await enter('admin')
    const known = await broken(ann)
    // The server must have met the broken line first: a live socket is closed for good by the notice itself.
    await missed(ann)
    await t.app.ports.pubsub.publish(ACCESS_ENDED, { userId: ann.userId })
    await missed(ann)
    const { heard, outcome } = dial(await enter('user'), known)
    assert.equal(await outcome, 'connected')
    send(ann)
    assert.deepEqual(await settled(heard), ['last'])
  })

  test('gives nobody the rooms of whoever it was', async () => {
    const ann = await enter('admin')
    const known = await broken(ann)
    const { heard, outcome } = dial(await enter('user'), known)
    assert.equal(await outcome, 'connected')
    send(ann)
    assert.deepEqual(await settled(heard), ['last'])
  })
})

test('what ended is remembered for a time', () => {
  let now = 0
  const ended = createEnded(100, () => now)
  ended.add('a')
  now = 60
  ended.add('b')
  assert.deepEqual([ended.has('a'), ended.has('b'), ended.has('c')], [true, true, false])
  now = 120
  ended.add('c')
  assert.deepEqual([ended.has('a'), ended.has('b'), ended.has('c')], [false, true, true])
  ended.add('b')
  now = 200
  assert.deepEqual([ended.has('b'), ended.has('c')], [true, true])
})

test('when it is not known whose access ended, everybody counts for a time', () => {
  let now = 0
  const ended = createEnded(100, () => now)
  ended.addAll()
  now = 99
  assert.ok(ended.has('a'))
  now = 100
  assert.ok(!ended.has('a'))
})
