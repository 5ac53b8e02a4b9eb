import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, test } from 'node:test'
import type { Counters } from './index.ts'
import { KEY_LENGTH_MAX, WISHES_MAX } from './limits.ts'

const MINUTE = { windowMs: 60_000 }
let made = 0
/** A name that no other test has used. */
const fresh = (kind = 'test') => `${kind}:${process.pid}-${made++}`

/** What every adapter promises. */
export function countersSuite(name: string, open: () => Promise<Counters>): void {
  describe(name, { timeout: 30_000 }, () => {
    testsOfCounting(open)
    testsOfGivingBack(open)
  })
}

function testsOfCounting(open: () => Promise<Counters>): void {
  test('counts up to the most, refuses what is more, and says how much is left and for how long', async () => {
    const counters = await open()
    const key = fresh()
    for (let i = 1; i <= 3; i++) {
      const { resetMs, ...take } = await counters.take(key, { max: 3, ...MINUTE })
      assert.deepEqual(take, { isAllowed: true, count: i, remaining: 3 - i })
      assert.ok(resetMs > 50_000 && resetMs <= 60_000, `${resetMs}`)
    }
    for (let i = 0; i < 2; i++) {
      const { isAllowed, count, remaining } = await counters.take(key, { max: 3, ...MINUTE })
      assert.deepEqual([isAllowed, count, remaining], [false, 3, 0])
    }
    assert.equal((await counters.take(fresh(), { max: 1, ...MINUTE })).isAllowed, true)
  })

  test('starts anew when the window is over', async () => {
    const counters = await open()
    const key = fresh()
    const limit = { max: 1, windowMs: 30 }
    assert.equal((await counters.take(key, limit)).isAllowed, true)
    let again = await counters.take(key, limit)
    for (let i = 0; i < 100 && !again.isAllowed; i++) {
      await sleep(10)
      again = await counters.take(key, limit)
    }
    assert.deepEqual([again.isAllowed, again.count], [true, 1])
  })

  test('takes one of each, or none', async () => {
    const counters = await open()
    const [few, many] = [fresh(), fresh('other')]
    const wishes = [
      { key: few, max: 2, ...MINUTE },
      { key: many, max: 5, ...MINUTE },
    ]
    const counts = async () => (await counters.takeAll(wishes)).map((t) => [t.isAllowed, t.count])
    assert.deepEqual(await counts(), [
      [true, 1],
      [true, 1],
    ])
    await counts()
    assert.deepEqual(await counts(), [
      [false, 2],
      [false, 2],
    ])
    assert.equal((await counters.take(many, { max: 5, ...MINUTE })).count, 3)
  })

  test('many at the same time get no more than there are', async () => {
    const counters = await open()
    const key = fresh()
    const takes = await Promise.all(Array.from({ length: 50 }, () => counters.take(key, { max: 20, ...MINUTE })))
    assert.equal(takes.filter((t) => t.isAllowed).length, 20)
  })
}

function testsOfGivingBack(open: () => Promise<Counters>): void {
  test('what is given back can be taken again, and there is never more than nothing taken', async () => {
    const counters = await open()
    const key = fresh()
    const limit = { max: 1, ...MINUTE }
    await counters.giveBack([key])
    assert.equal((await counters.take(key, limit)).isAllowed, true)
    await counters.giveBack([key, fresh()])
    await counters.giveBack([key])
    const { isAllowed, count, resetMs } = await counters.take(key, limit)
    assert.deepEqual([isAllowed, count], [true, 1])
    assert.ok(resetMs > 50_000)
    assert.equal((await counters.take(key, limit)).isAllowed, false)
    await counters.forget([key])
    assert.equal((await counters.take(key, limit)).isAllowed, true)
  })

  test('a name that is none is a mistake of ours', async () => {
    const counters = await open()
    const limit = { max: 1, ...MINUTE }
    for (const key of ['', 'nobody', ':nobody', `k:${'x'.repeat(KEY_LENGTH_MAX)}`])
      await assert.rejects(async () => counters.take(key, limit), RangeError, key)
    const many = Array.from({ length: WISHES_MAX + 1 }, () => ({ key: fresh(), ...limit }))
    await assert.rejects(async () => counters.takeAll(many), RangeError)
    await assert.rejects(async () => counters.takeAll([]), RangeError)
  })
}
