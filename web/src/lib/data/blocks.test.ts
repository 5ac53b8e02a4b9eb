import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ask, makeBlocks, nearestBefore } from './blocks.ts'

/** A list of numbers behind opaque cursors, as the server has it. */
function numbers(count: number) {
  const asked: Ask[] = []
  const fetchBlock = async (ask: Ask) => {
    const from = (ask.cursor === undefined ? 0 : Number(ask.cursor.slice(1))) + (ask.offset ?? 0)
    asked.push(ask)
    const items = Array.from({ length: Math.max(0, Math.min(ask.limit, count - from)) }, (_, i) => from + i)
    const end = from + items.length
    return { items, nextCursor: end < count ? `c${end}` : null, ...(ask.count ? { total: count } : {}) }
  }
  return { asked, fetchBlock }
}

void test('answers items by index and knows how many there are', async () => {
  const { fetchBlock, asked } = numbers(1000)
  const blocks = makeBlocks(fetchBlock, () => undefined)
  await blocks.need(0, 30)
  assert.equal(blocks.total, 1000)
  assert.equal(blocks.at(29), 29)
  assert.equal(blocks.at(200), undefined)
  await blocks.need(190, 210)
  assert.equal(blocks.at(205), 205)
  assert.deepEqual(asked, [
    { limit: 200, count: true },
    { limit: 200, cursor: 'c200' },
  ])
})

void test('a jump asks for one page at that place, then goes on by cursor', async () => {
  const { fetchBlock, asked } = numbers(100_000)
  const blocks = makeBlocks(fetchBlock, () => undefined)
  await blocks.need(0, 20)
  await blocks.need(50_010, 50_040)
  assert.equal(blocks.at(50_039), 50_039)
  assert.equal(blocks.total, 100_000)
  assert.deepEqual(asked.slice(1), [{ limit: 200, cursor: 'c200', offset: 49_800 }])
  await blocks.need(50_190, 50_230)
  assert.deepEqual(asked.slice(2), [{ limit: 200, cursor: 'c50200' }])
  await blocks.need(49_900, 49_930)
  assert.equal(blocks.at(49_929), 49_929)
  assert.deepEqual(asked.slice(3), [{ limit: 200, cursor: 'c200', offset: 49_600 }])
})

void test('a window that spans two blocks after a jump asks for both, the second by cursor', async () => {
  const { fetchBlock, asked } = numbers(100_000)
  const blocks = makeBlocks(fetchBlock, () => undefined)
  await blocks.need(0, 20)
  await blocks.need(79_990, 80_020)
  assert.deepEqual([blocks.at(79_990), blocks.at(80_019)], [79_990, 80_019])
  assert.deepEqual(asked.slice(1), [
    { limit: 200, cursor: 'c200', offset: 79_600 },
    { limit: 200, cursor: 'c80000' },
  ])
})

void test('places that were passed are reached at once when their block had to make room', async () => {
  const { fetchBlock, asked } = numbers(20_000)
  const blocks = makeBlocks(fetchBlock, () => undefined)
  for (let first = 0; first < 20_000; first += 200) await blocks.need(first, first + 20)
  assert.equal(blocks.at(5), undefined, 'the first block made room for later ones')
  await blocks.need(400, 420)
  assert.equal(blocks.at(405), 405)
  assert.deepEqual(asked.at(-1), { limit: 200, cursor: 'c400' })
})

void test('a jump beyond the end of a list that has shrunk shows how long it is', async () => {
  const { fetchBlock } = numbers(1000)
  let count = 1000
  const blocks = makeBlocks(
    async (ask) => {
      const answer = await fetchBlock(ask)
      return count === 1000 ? answer : { items: [], nextCursor: null }
    },
    () => undefined,
  )
  await blocks.need(0, 20)
  count = 700
  await blocks.need(800, 830)
  assert.deepEqual([blocks.total, blocks.at(800)], [800, undefined])
})

void test('a place is counted from the nearest known one before it', () => {
  assert.equal(nearestBefore(7, [0, 3, 9]), 3)
  assert.equal(nearestBefore(3, [9, 3, 0]), 3)
  assert.equal(nearestBefore(2, [0, 3]), 0)
})

void test('gives up what a window needs when the view has moved elsewhere', async () => {
  const { fetchBlock, asked } = numbers(100_000)
  const blocks = makeBlocks(fetchBlock, () => undefined)
  await blocks.need(0, 20)
  const far = blocks.need(90_000, 92_000)
  await blocks.need(10, 40)
  await far
  assert.ok(asked.length <= 2, `${asked.length} blocks were asked for`)
})

void test('an empty list is no fault', async () => {
  const { fetchBlock } = numbers(0)
  const blocks = makeBlocks(fetchBlock, () => undefined)
  await blocks.need(0, 50)
  assert.equal(blocks.total, 0)
})
