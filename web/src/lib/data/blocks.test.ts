import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeBlocks } from './blocks.ts'

/** A list of numbers behind opaque cursors, as the server has it: only the next block can be asked for. */
function numbers(count: number) {
  const asked: number[] = []
  const fetchBlock = async (cursor: string | null, limit: number) => {
    const from = cursor === null ? 0 : Number(cursor.slice(1))
    asked.push(from)
    const items = Array.from({ length: Math.min(limit, count - from) }, (_, i) => from + i)
    const end = from + items.length
    return { items, nextCursor: end < count ? `c${end}` : null, ...(cursor === null ? { total: count } : {}) }
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
  assert.deepEqual(asked, [0, 200])
})

void test('jumps by walking once, then goes straight to every place it passed', async () => {
  const { fetchBlock, asked } = numbers(20_000)
  const blocks = makeBlocks(fetchBlock, () => undefined)
  await blocks.need(0, 20)
  await blocks.need(19_900, 19_950)
  assert.equal(blocks.at(19_949), 19_949)
  assert.equal(asked.length, 100)
  assert.equal(blocks.at(5), undefined, 'the first block made room for later ones')
  await blocks.need(0, 20)
  assert.equal(blocks.at(5), 5)
  assert.equal(asked.length, 101)
})

void test('gives up a walk when the view has moved elsewhere', async () => {
  const { fetchBlock, asked } = numbers(100_000)
  const blocks = makeBlocks(fetchBlock, () => undefined)
  await blocks.need(0, 20)
  const far = blocks.need(90_000, 90_020)
  await blocks.need(10, 40)
  await far
  assert.ok(asked.length < 10, `${asked.length} blocks were asked for`)
})

void test('an empty list is no fault', async () => {
  const { fetchBlock } = numbers(0)
  const blocks = makeBlocks(fetchBlock, () => undefined)
  await blocks.need(0, 50)
  assert.equal(blocks.total, 0)
})
