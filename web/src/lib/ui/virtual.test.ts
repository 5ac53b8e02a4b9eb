import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scrollToShow, windowOf } from './virtual.ts'

const list = { count: 100_000, columns: 1, rowHeightPx: 56, scrolledPx: 0, viewHeightPx: 560, overscanRows: 4 }

void test('draws only what is near the view', () => {
  assert.deepEqual(windowOf(list), { first: 0, last: 14, topPx: 0, heightPx: 5_600_000 })
  const middle = windowOf({ ...list, scrolledPx: 56 * 50_000 })
  assert.deepEqual([middle.first, middle.last, middle.topPx], [49_996, 50_014, 49_996 * 56])
})

void test('every visible row is inside the window at any offset', () => {
  for (let px = -700; px < 6000; px += 37) {
    const w = windowOf({ ...list, count: 100, scrolledPx: px })
    const firstSeen = Math.max(0, Math.floor(px / 56))
    const lastSeen = Math.min(100, Math.ceil((px + 560) / 56))
    assert.ok(lastSeen <= 0 || (w.first <= firstSeen && w.last >= lastSeen), `at ${px}: ${w.first}..${w.last}`)
    assert.ok(w.last <= 100 && w.first >= 0)
  }
})

void test('fills whole rows of a grid and ends with its last item', () => {
  const grid = windowOf({ ...list, count: 11, columns: 4, rowHeightPx: 200, scrolledPx: 100 })
  assert.deepEqual([grid.first, grid.last, grid.heightPx], [0, 11, 600])
  assert.equal(windowOf({ ...list, count: 0 }).heightPx, 0)
})

void test('scrolls no further than needed to show an item', () => {
  const at = { ...list, scrolledPx: 1000 }
  assert.equal(scrollToShow(20, at), 1000)
  assert.equal(scrollToShow(2, at), 112)
  assert.equal(scrollToShow(40, at), 41 * 56 - 560)
})
