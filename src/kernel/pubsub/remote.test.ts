import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createFirstSight, decodeEnvelope, encodeEnvelope, encodePayload } from './envelope.ts'
import { createFrameReader, frameTexts } from './frames.ts'
import { LINK_CHANNEL } from './index.ts'
import { createOutgoing, PUBLISH_WAIT_MAX_MS } from './outgoing.ts'
import { PENDING_MAX } from './pending.ts'
import { createRemotePubSub, type TransportHooks } from './remote.ts'
import { memoryLog, until } from './testing.ts'

/** A wire in memory whose next sends fail, after delivery or before it, as asked. */
function wire() {
  const ends: TransportHooks[] = []
  const fate: ('lost answer' | 'lost')[] = []
  const connect = (hooks: TransportHooks) => {
    ends.push(hooks)
    queueMicrotask(() => hooks.link('up'))
    return {
      async send(texts: readonly string[]) {
        const next = fate.shift()
        if (next !== 'lost') for (const text of texts) for (const end of ends) end.text(text)
        if (next) throw new Error(next)
      },
      check: async () => ({ ok: true }),
      close: async () => undefined,
    }
  }
  return { connect, fate, ends }
}

test('a batch whose answer was lost is sent again and handled once', async () => {
  const { connect, fate } = wire()
  const [a, b] = [await createRemotePubSub(connect, memoryLog()), await createRemotePubSub(connect, memoryLog())]
  const got: [string, unknown][] = []
  a.subscribe('c', (payload) => got.push(['a', payload]))
  b.subscribe('c', (payload) => got.push(['b', payload]))
  fate.push('lost answer', 'lost')
  await Promise.all([a.publish('c', 1), a.publish('c', 2)])
  assert.deepEqual(
    got.filter(([to]) => to === 'b').map(([, n]) => n),
    [1, 2],
  )
  assert.deepEqual(
    got.filter(([to]) => to === 'a').map(([, n]) => n),
    [1, 2],
  )
  await Promise.all([a.close(), b.close()])
})

test('while away the oldest of too many is dropped, and receivers are told before the rest arrives', async () => {
  const { connect, ends } = wire()
  const log = memoryLog()
  const [a, b] = [await createRemotePubSub(connect, log), await createRemotePubSub(connect, memoryLog())]
  const got: unknown[] = []
  b.subscribe('c', (payload) => got.push(payload))
  b.subscribe(LINK_CHANNEL, (state) => got.push(state))
  ends[0]?.link('down')
  for (let i = 0; i < PENDING_MAX + 5; i++) void a.publish('c', i)
  ends[0]?.link('up')
  await until('all are there', () => got.length > PENDING_MAX)
  assert.deepEqual(got.slice(0, 3), ['lost', 5, 6])
  assert.equal(got.at(-1), PENDING_MAX + 4)
  assert.equal(log.lines.filter((line) => line.msg.includes('dropped')).length, 1)
  await Promise.all([a.close(), b.close()])
})

test('a message waits for the connection no longer than its bound, and close gives the rest up', async () => {
  const sent: string[] = []
  const outgoing = createOutgoing({
    send: async (texts) => void sent.push(...texts),
    lossNotice: () => 'loss',
    log: memoryLog(),
  })
  const startMs = performance.now()
  await outgoing.push(1, 'one')
  assert.ok(performance.now() - startMs >= PUBLISH_WAIT_MAX_MS - 5)
  outgoing.open()
  await outgoing.push(2, 'two')
  assert.deepEqual(sent, ['one', 'two'])
  outgoing.shut()
  const waiting = outgoing.push(3, 'three')
  await outgoing.close()
  await waiting
  assert.deepEqual(sent, ['one', 'two'])
})

test('frames: any texts come back whole and in order, each frame within the server’s bound and different', () => {
  const texts = fc.array(
    fc.oneof(
      fc.string({ unit: 'grapheme-ascii' }),
      fc.constantFrom('x'.repeat(7_900), 'y'.repeat(7_901), 'z'.repeat(40_000)),
    ),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(texts, (texts) => {
      const frames = frameTexts(texts)
      assert.equal(new Set(frames).size, frames.length)
      assert.ok(frames.every((frame) => Buffer.byteLength(frame) < 8_000))
      const got: string[] = []
      const read = createFrameReader((text) => got.push(text))
      for (const frame of ['noise', ...frames]) read(frame)
      assert.deepEqual(got, texts)
    }),
  )
})

test('envelopes: any JSON comes back, in ASCII; other texts are no envelopes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), (channel, payload) => {
      const json = encodePayload(payload)
      const text = encodeEnvelope('me', 7, channel, json)
      assert.match(text, /^[\x20-\x7e]*$/)
      const expected: unknown = JSON.parse(JSON.stringify(payload))
      assert.deepEqual(decodeEnvelope(text), { sender: 'me', seq: 7, channel, payload: expected })
    }),
  )
  for (const text of ['', '{', '[]', '{"a":1}', '[1,2,3,4]', 'null']) assert.equal(decodeEnvelope(text), undefined)
})

test('first sight: own and repeated numbers are old, a thousand other senders later too', () => {
  const isNew = createFirstSight('me')
  const from = (sender: string, seq: number) => isNew({ sender, seq, channel: 'c', payload: null })
  assert.deepEqual(
    [from('me', 1), from('x', 2), from('x', 1), from('x', 2), from('x', 3)],
    [false, true, false, false, true],
  )
  for (let i = 0; i < 5_000; i++) from(`s${i}`, 1)
  assert.equal(from('s4999', 1), false)
})
