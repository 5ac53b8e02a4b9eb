import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type CutShort, isOtherThanCut, noteCut } from './cut-short.ts'
import { createMaking } from './pieces/making.ts'

const bytes = fc.uint8Array({ minLength: 2, maxLength: 200 }).map((array) => Buffer.from(array))

test('a piece that goes on as it began is the same; one that does not is another, and that is asked once', () =>
  fc.assert(
    fc.property(bytes, fc.nat(), fc.nat(), (whole, cutAt, flipAt) => {
      const cuts: CutShort = new Map()
      const end = 1 + (cutAt % whole.length)
      noteCut(cuts, 3, [whole.subarray(0, 1), whole.subarray(1, end)])
      const other = Buffer.from(whole)
      other.writeUInt8(other.readUInt8(flipAt % end) ^ 1, flipAt % end)
      assert.equal(isOtherThanCut(cuts, 2, other), false, 'of another piece nothing was sent')
      assert.equal(isOtherThanCut(cuts, 3, other), true)
      assert.equal(isOtherThanCut(cuts, 3, other), false)
      noteCut(cuts, 3, [whole.subarray(0, end)])
      assert.equal(isOtherThanCut(cuts, 3, whole), false)
    }),
  ))

test('an encoder that had made nothing yet leaves nothing', () => {
  const cuts: CutShort = new Map()
  noteCut(cuts, 0, [])
  assert.equal(cuts.size, 0)
})

test('a renewed piece is of another version, and answers that began before do not send it', () => {
  const making = createMaking(undefined)
  const [version, epoch] = [making.version(), making.epoch()]
  making.renew(4)
  assert.notEqual(making.version(), version)
  assert.deepEqual([making.changedSince(4, epoch), making.changedSince(5, epoch)], [true, false])
  assert.equal(making.changedSince(4, making.epoch()), false)
})
