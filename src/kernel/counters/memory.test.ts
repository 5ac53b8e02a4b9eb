import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryCounters } from './memory.ts'
import { countersSuite } from './suite.ts'

countersSuite('counters in memory', async () => createMemoryCounters())

const MINUTE = { windowMs: 60_000 }

test('never remembers more than its bound of each kind, whoever comes; the newest are not forgotten', async () => {
  const counters = createMemoryCounters(() => 5, 100)
  for (let i = 0; i < 1_000; i++) await counters.take(`few:${i}`, { max: 1, ...MINUTE })
  assert.equal(counters.size, 100)
  assert.equal((await counters.take('few:999', { max: 1, ...MINUTE })).isAllowed, false)
  assert.equal((await counters.take('few:0', { max: 1, ...MINUTE })).isAllowed, true)
})

test('a flood of one kind pushes out no other', async () => {
  const counters = createMemoryCounters(() => 5, 100)
  await counters.take('names:ann', { max: 1, ...MINUTE })
  for (let i = 0; i < 1_000; i++) await counters.take(`addresses:${i}`, { max: 1, ...MINUTE })
  assert.equal((await counters.take('names:ann', { max: 1, ...MINUTE })).isAllowed, false)
})

test('what is over makes room before what is not', async () => {
  let now = 0
  const counters = createMemoryCounters(() => now, 3)
  await counters.take('k:long', { max: 1, windowMs: 1_000 })
  await counters.take('k:short', { max: 1, windowMs: 10 })
  await counters.take('k:other', { max: 1, windowMs: 1_000 })
  now = 20
  await counters.take('k:new', { max: 1, windowMs: 1_000 })
  assert.equal((await counters.take('k:long', { max: 1, windowMs: 1_000 })).isAllowed, false)
})
