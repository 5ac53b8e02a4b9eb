import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryCounters } from './memory.ts'
import { countersSuite } from './suite.ts'

countersSuite('counters in memory', async () => createMemoryCounters())

const MINUTE = { windowMs: 60_000 }

test('never remembers more than its bound of each kind, whoever comes; the newest are not forgotten', async () => {
  const counters = createMemoryCounters(() => 5, 100)
  for (let i = 0; i < 1_000; i++) await counters.take(`few:${i}`, { max: 1, ...MINUTE })
  assert.ok(counters.size > 50 && counters.size <= 100)
  assert.equal((await counters.take('few:999', { max: 1, ...MINUTE })).isAllowed, false)
  assert.equal((await counters.take('few:0', { max: 1, ...MINUTE })).isAllowed, true)
})

test('a flood of one kind pushes out no other', async () => {
  const counters = createMemoryCounters(() => 5, 100)
  await counters.take('names:ann', { max: 1, ...MINUTE })
  for (let i = 0; i < 1_000; i++) await counters.take(`addresses:${i}`, { max: 1, ...MINUTE })
  assert.equal((await counters.take('names:ann', { max: 1, ...MINUTE })).isAllowed, false)
})

test('who comes again and again is not forgotten, however many come once', async () => {
  const counters = createMemoryCounters(() => 5, 100)
  const isAllowed = async (key: string) => (await counters.take(key, { max: 1, ...MINUTE })).isAllowed
  assert.equal(await isAllowed('k:again'), true)
  for (let i = 0; i < 1_000; i++) {
    await isAllowed(`k:once-${i}`)
    if (i % 40 === 0) assert.equal(await isAllowed('k:again'), false)
  }
  assert.ok(counters.size <= 100)
})
