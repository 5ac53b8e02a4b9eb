import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Song } from '#client/index.ts'
import { changesOf, EMPTY, isSameOrder, moved, orderOf, type Placed, toDisc } from './album-draft.ts'

const list = (...songs: [string, number][]): Placed[] => songs.map(([id, disc]) => ({ song: { id } as Song, disc }))
const ids = (placed: readonly Placed[]) => placed.map((p) => `${p.song.id}${p.disc}`).join(' ')

void test('a song that is moved goes to the disc of where it comes to stand', () => {
  const before = list(['a', 1], ['b', 1], ['c', 2], ['d', 2])
  assert.equal(ids(moved(before, 0, 1)), 'b1 a1 c2 d2')
  assert.equal(ids(moved(before, 0, 2)), 'b1 c2 a2 d2')
  assert.equal(ids(moved(before, 3, 1)), 'a1 d1 b1 c2')
  assert.ok(isSameOrder(moved(before, 0, 9), before))
})

void test('a song that changes its disc comes last there, and discs stay in order', () => {
  const before = list(['a', 1], ['b', 1], ['c', 2])
  assert.equal(ids(toDisc(before, 0, 2)), 'b1 c2 a2')
  assert.equal(ids(toDisc(before, 2, 1)), 'a1 b1 c1')
  assert.equal(ids(toDisc(before, 1, 3)), 'a1 c2 b3')
})

void test('an album of one disc names none', () => {
  assert.deepEqual(orderOf(list(['a', 1])), [{ songId: 'a', disc: null }])
  assert.deepEqual(orderOf(list(['a', 1], ['b', 2])), [
    { songId: 'a', disc: 1 },
    { songId: 'b', disc: 2 },
  ])
})

void test('says only what was changed', () => {
  assert.deepEqual(changesOf(EMPTY, { ...EMPTY, title: 'Dawn ', year: '2026' }), { title: 'Dawn', year: 2026 })
  assert.deepEqual(changesOf({ ...EMPTY, description: 'x' }, EMPTY), { description: null })
})
