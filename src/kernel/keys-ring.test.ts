import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createRing } from './keys-ring.ts'
import type { Key } from './keys-store.ts'

const NEVER = Number.POSITIVE_INFINITY
const key = (kid: string, activeAtMs = 0, retiredAtMs = NEVER) => ({ kid, activeAtMs, retiredAtMs }) as Key

/** A ring on a table that the test changes, which counts how often it is read. */
function ringOn(keys: Key[]) {
  const table = { keys, reads: 0, fails: false }
  const ring = createRing(async () => {
    table.reads += 1
    const found = [...table.keys]
    await new Promise((resolve) => setImmediate(resolve))
    if (table.fails) throw new Error('the database is away')
    return found
  })
  return { ring, table }
}

describe('the ring of signing keys', () => {
  test('the newest that is active and not retired signs', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1000 })
    const { ring } = ringOn([key('a', 0, 2000), key('b', 2000)])
    await ring.read()
    assert.equal(ring.signing()?.kid, 'a')
    t.mock.timers.tick(1000)
    assert.equal(ring.signing()?.kid, 'b')
  })

  test('what others made or removed is seen within a minute', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1000 })
    const { ring, table } = ringOn([key('a')])
    await ring.freshen()
    table.keys = [key('b')]
    t.mock.timers.tick(60_000)
    await ring.freshen()
    assert.deepEqual([table.reads, ring.signing()?.kid], [1, 'a'])
    t.mock.timers.tick(1)
    await ring.freshen()
    assert.deepEqual([table.reads, ring.signing()?.kid, ring.get('a')], [2, 'b', undefined])
  })

  test('a table that cannot be read leaves the keys as they are', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1000 })
    const { ring, table } = ringOn([key('a')])
    await ring.read()
    table.fails = true
    t.mock.timers.tick(70_000)
    await ring.freshen()
    assert.equal(ring.signing()?.kid, 'a')
    await assert.rejects(ring.read(), /away/)
    table.fails = false
    await ring.read()
  })

  test('a read sees what was there when it was asked for, also while another is under way', async () => {
    const { ring, table } = ringOn([])
    const first = ring.read()
    await Promise.resolve()
    table.keys = [key('a')]
    await ring.read()
    assert.equal(ring.get('a')?.kid, 'a')
    await first
  })

  test('a hundred made-up key ids at once cost one read', async () => {
    const { ring, table } = ringOn([])
    await ring.read()
    table.keys = [key('a')]
    await Promise.all(Array.from({ length: 100 }, () => ring.search()))
    assert.deepEqual([table.reads, ring.get('a')?.kid], [2, 'a'])
  })
})
