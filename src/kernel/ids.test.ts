import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newId } from './ids.ts'

const timeOf = (id: string): number => Number.parseInt(id.replace('-', '').slice(0, 12), 16)

describe('ids', () => {
  test('are UUIDs of version 7 with the time in front', () => {
    const before = Date.now()
    const id = newId()
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.ok(timeOf(id) >= before && timeOf(id) <= Date.now() + 1)
  })

  test('100 000 of one moment are all different and sort as they were made', () => {
    const now = Date.now() + 1000
    const ids = Array.from({ length: 100_000 }, () => newId(now))
    assert.equal(new Set(ids).size, ids.length)
    assert.deepEqual(ids, [...ids].sort())
  })

  test('a clock that goes back does not make ids that sort before earlier ones', () => {
    const now = Date.now() + 100_000
    const ids = [now, now - 5000, now - 1, now + 1, now].map((at) => newId(at))
    assert.deepEqual(ids, [...ids].sort())
  })
})
