import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLingering, type Place } from './lingering.ts'

const at = (piece: number, profile = 'aac-64', listener = 'ann'): Place => ({
  listener,
  id: { contentId: 'c', profile },
  piece,
})
/** Who has been let go, by the piece they got. */
function watched() {
  const lingering = createLingering()
  const left: string[] = []
  return {
    left,
    asked: lingering.asked,
    stay: (place: Place) =>
      lingering.stay(place, () => left.push(`${place.listener} ${place.id.profile} ${place.piece}`)),
  }
}

test('who goes on is let go of the last piece only when the next is there', () => {
  const w = watched()
  w.stay(at(4))
  w.asked(at(5))
  assert.deepEqual(w.left, [])
  w.stay(at(5))
  assert.deepEqual(w.left, ['ann aac-64 4'])
})

test('who asks elsewhere, or for another tier, is let go at once, and once', () => {
  for (const elsewhere of [at(50), at(5, 'aac-256')]) {
    const w = watched()
    w.stay(at(4))
    w.asked(elsewhere)
    assert.deepEqual(w.left, ['ann aac-64 4'])
    w.asked(elsewhere)
    w.stay(elsewhere)
    assert.equal(w.left.length, 1)
  }
})

test('others are others', () => {
  const w = watched()
  w.stay(at(4))
  w.asked(at(50, 'aac-64', 'bob'))
  w.stay(at(50, 'aac-64', 'bob'))
  assert.deepEqual(w.left, [])
})

test('whoever asks for nothing any more is let go after a moment', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const w = watched()
  w.stay(at(4))
  t.mock.timers.tick(399)
  assert.deepEqual(w.left, [])
  t.mock.timers.tick(1)
  assert.deepEqual(w.left, ['ann aac-64 4'])
  w.asked(at(90))
  assert.equal(w.left.length, 1)
})
