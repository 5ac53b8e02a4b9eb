import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLrc } from './lyrics.ts'

test('LRC: several stamps, fractions, offset, word stamps, headers', () => {
  const { synced, plain } = parseLrc(
    '[ar:Somebody]\r\n[offset:+500]\r\n[00:10.5]Second\r\n[00:01.00][01:02.345]Chorus <00:01.20>line\r\n\r\nno stamp',
  )
  assert.deepEqual(synced, [
    { timeMs: 500, text: 'Chorus line' },
    { timeMs: 10_000, text: 'Second' },
    { timeMs: 61_845, text: 'Chorus line' },
  ])
  assert.equal(plain, 'Chorus line\nSecond\nChorus line')
})

test('plain text stays plain; nothing stays nothing', () => {
  assert.deepEqual(parseLrc('One\nTwo'), { plain: 'One\nTwo' })
  assert.deepEqual(parseLrc('\0\n '), {})
})

test('a hostile file is bounded in time and size', () => {
  const started = performance.now()
  const { synced } = parseLrc('[00:01.00]'.repeat(1_000_000))
  assert.ok((synced?.length ?? 0) <= 5000)
  assert.ok(performance.now() - started < 1000)
})
