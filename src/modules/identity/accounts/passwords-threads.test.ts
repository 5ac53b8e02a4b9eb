import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '#kernel/errors.ts'
import { eventually } from '#kernel/testing.ts'
import { type Asker, createThreads } from './passwords-threads.ts'

/** Cheap, and of the real function. */
const cost = { memory: 64, passes: 1, parallelism: 1, tagLength: 32 } as const
const nonce = Buffer.alloc(16, 7)
const from = (group: string, rank: Asker['rank'] = 'unknown'): Asker => ({ group, rank })
const isBusy = (thrown: unknown) => thrown instanceof AppError && thrown.code === 'busy' && thrown.status === 503

test('the same password and nonce give the same key, another another one', async () => {
  const threads = createThreads({ max: 2 })
  const derive = (message: string) => threads.derive({ message, nonce, ...cost }, from('a'))
  const [one, same, other] = await Promise.all([derive('à la carte'), derive('à la carte'), derive('a la carte')])
  assert.deepEqual(one, same)
  assert.notDeepEqual(one, other)
  assert.equal(one?.length, cost.tagLength)
})

test('no more threads than allowed, and none when there is nothing to do', async () => {
  const threads = createThreads({ max: 2, idleMs: 1 })
  await Promise.all(
    Array.from({ length: 12 }, (_, i) => threads.derive({ message: `${i}`, nonce, ...cost }, from('a'))),
  )
  assert.ok(threads.count() <= 2)
  await eventually(async () => threads.count() === 0, 'the threads to end')
  await threads.derive({ message: 'again', nonce, ...cost }, from('a'))
})

test('a flood from one address is refused, who comes from another is not', async () => {
  const threads = createThreads({ max: 1, waitingMax: 8 })
  const flood = Array.from({ length: 40 }, (_, i) => threads.derive({ message: `${i}`, nonce, ...cost }, from('flood')))
  const others = ['x', 'y', 'z'].map((group) => threads.derive({ message: group, nonce, ...cost }, from(group)))
  assert.equal(threads.waiting(), 8)
  const outcomes = await Promise.allSettled(flood)
  const refused = outcomes.filter((o) => o.status === 'rejected')
  assert.ok(refused.every((o) => isBusy(o.reason)))
  assert.equal(refused.length, 40 - 1 - 8 + others.length)
  await Promise.all(others)
})

test('a flood from everywhere keeps nobody out who is known', async () => {
  const threads = createThreads({ max: 1, waitingMax: 8 })
  const ended: string[] = []
  const ask = (message: string, asker: Asker) =>
    threads.derive({ message, nonce, ...cost }, asker).then(
      () => ended.push(message),
      (thrown: unknown) => assert.ok(isBusy(thrown)),
    )
  const flood = Array.from({ length: 40 }, (_, i) => ask(`flood ${i}`, from(`address ${i}`)))
  const known = ask('known', from('home', 'known'))
  await Promise.all([...flood, known])
  // The first had begun already.
  assert.equal(ended.indexOf('known'), 1)
})

test('a thread that breaks fails its own work only', async () => {
  const threads = createThreads({ max: 1 })
  const impossible = threads.derive({ message: 'x', nonce, ...cost, passes: 0 }, from('a'))
  const next = threads.derive({ message: 'y', nonce, ...cost }, from('a'))
  await assert.rejects(impossible)
  assert.equal((await next).length, cost.tagLength)
})
