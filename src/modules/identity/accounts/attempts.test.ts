import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryCounters } from '#kernel/counters/memory.ts'
import { AppError } from '#kernel/errors.ts'
import { createAttempts, type Guess } from './attempts.ts'

const MINUTE_MS = 60_000

type Made = Partial<Guess> & { from?: string }
const guessOf = (o: Made): Guess => ({
  name: 'ann',
  who: { address: o.from ?? '192.0.2.1' },
  isKnownPlace: false,
  ...o,
})

/** The seconds to wait, or 0 when the guess was looked at. */
async function waited(looking: Promise<unknown>): Promise<number | undefined> {
  try {
    await looking
    return 0
  } catch (thrown) {
    assert.ok(thrown instanceof AppError)
    assert.equal(thrown.status, 429)
    return thrown.retryAfterSec
  }
}

/** Attempts with a clock of ours. */
function world() {
  const clock = { nowMs: 1_000_000 }
  const attempts = createAttempts(createMemoryCounters(() => clock.nowMs))
  return {
    clock,
    attempts,
    wrong: (o: Made = {}) => waited(attempts.guess(guessOf(o), async () => undefined)),
    right: (o: Made = {}) => waited(attempts.guess(guessOf(o), async () => 'it')),
  }
}
const times = async (n: number, work: (i: number) => Promise<unknown>) => {
  for (let i = 0; i < n; i++) await work(i)
}

test('the wait grows: twenty a minute, thirty in a quarter of an hour, fifty a day', async () => {
  const { clock, wrong } = world()
  for (let i = 0; i < 20; i++) assert.equal(await wrong({ name: i % 2 ? 'Ann' : 'ann' }), 0)
  clock.nowMs += 20_500
  assert.equal(await wrong({ name: 'ANN' }), 40)
  clock.nowMs += 39_500
  for (let i = 0; i < 10; i++) assert.equal(await wrong(), 0)
  assert.equal(await wrong(), 14 * 60)
  clock.nowMs += 14 * MINUTE_MS
  for (let i = 0; i < 20; i++) assert.equal(await wrong(), 0)
  assert.equal(await wrong(), (24 * 60 - 15) * 60)
  assert.equal(await wrong({ name: 'bob' }), 0)
  clock.nowMs += (24 * 60 - 15) * MINUTE_MS
  assert.equal(await wrong(), 0)
})

test('strangers share the allowance of a name, wherever they are', async () => {
  const { wrong, right } = world()
  await times(20, (i) => wrong({ from: `198.51.100.${i}` }))
  assert.equal(await wrong({ from: '203.0.113.9' }), 60)
  assert.equal(await right({ from: '203.0.113.9' }), 60)
})

test('strangers lock nobody out of a place that was signed in from before; it has its own allowance', async () => {
  const { wrong, right } = world()
  await times(30, (i) => wrong({ from: `198.51.100.${i}` }))
  const home = { from: '192.0.2.7', isKnownPlace: true }
  await times(19, () => wrong(home))
  assert.equal(await right(home), 0)
  assert.equal(await wrong(home), 0)
  assert.equal(await right(home), 60)
  assert.equal(await right({ ...home, from: '192.0.2.8' }), 0)
})

const from = (i: number) => `2001:db8:1:2::${i.toString(16)}`
test('one password tried on many accounts from one address or network ends soon', async () => {
  const { clock, wrong, right } = world()
  await times(60, (i) => wrong({ name: `person${i}`, from: from(i) }))
  assert.equal(await wrong({ name: 'person60', from: from(60) }), 15 * 60)
  assert.equal(await right({ name: 'person61', from: '2001:db8:1:3::1' }), 0)
  assert.equal(await right({ name: 'person61', from: from(61), isKnownPlace: true }), 0)
  await times(3, async () => {
    clock.nowMs += 15 * MINUTE_MS
    await times(60, (i) => wrong({ name: `person${i}`, from: from(i) }))
  })
  clock.nowMs += 15 * MINUTE_MS
  assert.ok(((await wrong({ name: 'other', from: from(1) })) ?? 0) > 22 * 3600)
})

test('right ones do not count, and buy no new allowance', async () => {
  const { wrong, right } = world()
  await times(19, () => wrong())
  await times(30, () => right())
  assert.equal(await wrong(), 0)
  assert.equal(await wrong(), 60)
})

test('guesses at the same time get no more than one after the other', async () => {
  const { attempts } = world()
  let looked = 0
  const all = Array.from({ length: 50 }, () =>
    attempts.guess(guessOf({}), async () => {
      looked++
      return undefined
    }),
  )
  const outcomes = await Promise.allSettled(all)
  assert.deepEqual([looked, outcomes.filter((o) => o.status === 'rejected').length], [20, 30])
})

test('a guess that could not be looked at does not count', async () => {
  const { attempts, wrong } = world()
  await times(40, () =>
    assert.rejects(() =>
      attempts.guess(guessOf({}), async () => {
        throw new Error('busy')
      }),
    ),
  )
  assert.equal(await wrong(), 0)
})

test('who proves it by mail starts anew', async () => {
  const { attempts, wrong, right } = world()
  await times(20, () => wrong())
  assert.equal(await right(), 60)
  await attempts.forgive([{ name: 'ANN' }, { name: 'ann@example.org' }])
  assert.equal(await right(), 0)
})
