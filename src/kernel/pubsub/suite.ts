import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AppError } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import { LINK_CHANNEL, type PubSub } from './index.ts'
import { memoryLog, until } from './testing.ts'

const tooLarge = (e: unknown) => e instanceof AppError && e.status === 413 && e.code === 'message_too_large'

/** Closed at the end of the test, however it ends: an open connection would keep the process. */
async function opened(t: TestContext, open: (log: Log) => Promise<PubSub>, log: Log = memoryLog()): Promise<PubSub> {
  const pubsub = await open(log)
  t.after(() => pubsub.close())
  return pubsub
}

/** What every adapter promises within one process. `open` makes one with this log. */
export function pubsubSuite(name: string, open: (log: Log) => Promise<PubSub>): void {
  test(`${name}: a message reaches its channel's subscribers once, before publish returns, as JSON`, async (t) => {
    const pubsub = await opened(t, open)
    const got: unknown[] = []
    pubsub.subscribe('a', (payload) => got.push(payload))
    pubsub.subscribe('b', () => got.push('wrong channel'))
    const sent = { at: new Date(0), nothing: undefined, text: 'Größe 🎵\u0000' }
    const left = pubsub.publish('a', sent)
    assert.deepEqual(got, [{ at: '1970-01-01T00:00:00.000Z', text: 'Größe 🎵\u0000' }])
    await left
    await pubsub.publish('a', undefined)
    assert.deepEqual(got.slice(1), [null])
  })
  test(`${name}: a handler that throws or rejects is logged and stops nobody`, async (t) => {
    const log = memoryLog()
    const pubsub = await opened(t, open, log)
    let calls = 0
    pubsub.subscribe('a', () => {
      throw new Error('thrown')
    })
    // oxlint-disable-next-line typescript/no-misused-promises -- the mistake this test is about
    pubsub.subscribe('a', async () => {
      throw new Error('rejected')
    })
    pubsub.subscribe('a', () => calls++)
    await pubsub.publish('a', 1)
    await until('both are logged', () => log.lines.length >= 2)
    assert.equal(calls, 1)
    assert.deepEqual(new Set(log.lines.map((line) => line['error'])), new Set(['rejected', 'thrown']))
  })
  test(`${name}: leaving works once, during a delivery too, and a function may subscribe twice`, async (t) => {
    const pubsub = await opened(t, open)
    let calls = 0
    const count = () => calls++
    const leave = pubsub.subscribe('a', count)
    pubsub.subscribe('a', count)
    pubsub.subscribe('a', () => leaveLast())
    const leaveLast = pubsub.subscribe('a', () => assert.fail('it left before its turn'))
    await pubsub.publish('a', 1)
    assert.equal(calls, 2)
    leave()
    leave()
    await pubsub.publish('a', 2)
    assert.equal(calls, 3)
  })
  test(`${name}: refuses what it cannot carry, and its own channel`, async (t) => {
    const pubsub = await opened(t, open)
    await assert.rejects(pubsub.publish('a', 'x'.repeat(1024 * 1024)), tooLarge)
    await assert.rejects(pubsub.publish('a', 1n), TypeError)
    await assert.rejects(pubsub.publish('', 1), RangeError)
    await assert.rejects(pubsub.publish(LINK_CHANNEL, 'up'), RangeError)
    assert.throws(() => pubsub.subscribe('x'.repeat(201), () => undefined), RangeError)
  })
  test(`${name}: is well while open`, async (t) => {
    const pubsub = await opened(t, open)
    assert.deepEqual(await pubsub.check(), { ok: true })
  })
}

/** What the adapters between processes promise. `cut` ends every connection; they must come back by themselves. */
export function betweenProcessesSuite(
  name: string,
  open: (log: Log) => Promise<PubSub>,
  cut: () => Promise<void>,
): void {
  const two = async (t: TestContext) => [await opened(t, open), await opened(t, open)] as const
  test(`${name}: messages reach the other process once, in order, of any size and text`, async (t) => {
    const [a, b] = await two(t)
    const gotA: unknown[] = []
    const gotB: unknown[] = []
    a.subscribe('c', (payload) => gotA.push(payload))
    b.subscribe('c', (payload) => gotB.push(payload))
    const sent = [1, 'é🎵'.repeat(20_000), 'a'.repeat(400_000), '', { deep: ['"', '\n', '\u0000'] }, 'end']
    await Promise.all(sent.map((payload) => a.publish('c', payload)))
    await until('all are there', () => gotB.length >= sent.length)
    assert.deepEqual(gotB, sent)
    await b.publish('c', 'back')
    await until('the answer is there', () => gotA.length > sent.length)
    assert.deepEqual(gotA, [...sent, 'back'])
  })
  test(`${name}: 2 000 messages of two senders at once, none lost, none twice, each sender's in order`, async (t) => {
    const [a, b] = await two(t)
    const c = await opened(t, open)
    const got: [string, number][] = []
    c.subscribe('n', (payload) => got.push(payload as [string, number]))
    const many = Array.from({ length: 1_000 }, (_, i) => i)
    await Promise.all(many.flatMap((i) => [a.publish('n', ['a', i]), b.publish('n', ['b', i])]))
    await until('all are there', () => got.length >= 2_000)
    for (const sender of ['a', 'b'])
      assert.deepEqual(
        got.filter(([from]) => from === sender).map(([, i]) => i),
        many,
      )
  })
  test(`${name}: after the connection is cut it comes back, says so, and what was sent meanwhile arrives`, async (t) => {
    const [a, b] = await two(t)
    const got: unknown[] = []
    const links: unknown[] = []
    b.subscribe('c', (payload) => got.push(payload))
    b.subscribe(LINK_CHANNEL, (state) => links.push(state))
    await cut()
    await until('b noticed', () => links.includes('down'))
    await until('b is back', async () => links.includes('up') && (await b.check()).ok)
    await a.publish('c', 'after')
    await until('the message is there', () => got.length > 0, 10_000)
    assert.deepEqual(got, ['after'])
    assert.deepEqual(links, ['down', 'up'])
  })
}
