import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createFairQueue, type FairQueue, type Rank } from './passwords-queue.ts'

const drain = <T>(queue: FairQueue<T>): T[] => {
  const found: T[] = []
  for (let one = queue.shift(); one !== undefined; one = queue.shift()) found.push(one)
  return found
}
const fill = (queue: FairQueue<string>, names: string, rank: Rank = 'unknown') =>
  Array.from(names).map((group, i) => queue.push({ group, rank, item: `${group}${i}` })?.item)

test('groups take turns; within a group who came first goes first', () => {
  const queue = createFairQueue<string>(20)
  fill(queue, 'aaaabbc')
  assert.deepEqual(drain(queue), ['a0', 'b4', 'c6', 'a1', 'b5', 'a2', 'a3'])
  assert.deepEqual([queue.size, queue.shift()], [0, undefined])
})

test('a group that comes back takes its turn behind those who wait', () => {
  const queue = createFairQueue<string>(20)
  fill(queue, 'aab')
  assert.equal(queue.shift(), 'a0')
  fill(queue, 'ca')
  assert.deepEqual(drain(queue), ['b2', 'a1', 'c0', 'a1'])
})

test('when it is full the group with most places gives up its newest', () => {
  const queue = createFairQueue<string>(4)
  assert.deepEqual(fill(queue, 'aaaaabc'), [undefined, undefined, undefined, undefined, 'a4', 'a3', 'a2'])
  assert.deepEqual(drain(queue), ['a0', 'b5', 'c6', 'a1'])
})

test('those who are known go first, and strangers give way to them', () => {
  const queue = createFairQueue<string>(3)
  fill(queue, 'abc')
  assert.deepEqual(fill(queue, 'xx', 'known'), ['c2', 'b1'])
  assert.deepEqual(drain(queue), ['x0', 'x1', 'a0'])
  fill(queue, 'xxxx', 'known')
  assert.deepEqual(drain(queue), ['x0', 'x1', 'x2'])
})

test('nobody is lost or comes twice, and there are never more than may wait', () => {
  const step = fc.oneof(
    fc.record({ group: fc.constantFrom('a', 'b', 'c'), rank: fc.constantFrom<Rank>('known', 'unknown') }),
    fc.constant('shift' as const),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 6 }), (steps, max) => {
      const queue = createFairQueue<number>(max)
      const waiting = new Set<number>()
      steps.forEach((s, i) => {
        if (s === 'shift') {
          const found = queue.shift()
          assert.equal(found === undefined, waiting.size === 0)
          if (found !== undefined) assert.ok(waiting.delete(found))
        } else {
          waiting.add(i)
          const out = queue.push({ ...s, item: i })
          assert.equal(out !== undefined, waiting.size > max)
          if (out) assert.ok(waiting.delete(out.item))
        }
        assert.equal(queue.size, waiting.size)
      })
      assert.deepEqual(new Set(drain(queue)), waiting)
    }),
  )
})
