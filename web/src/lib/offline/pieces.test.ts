import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { cutAt, makeCutter, PIECE_BYTES, pieceBytes, pieceCount, reach, readContentRange, readRange } from './pieces.ts'

const SIZES = fc.integer({ min: 1, max: 5 * PIECE_BYTES + 3 })

void describe('pieces of a song', () => {
  void it('add up to the whole', () => {
    fc.assert(
      fc.property(SIZES, (size) => {
        const all = Array.from({ length: pieceCount(size) }, (_, i) => pieceBytes(size, i))
        assert.equal(
          all.reduce((a, b) => a + b, 0),
          size,
        )
        assert.ok(all.every((n) => n > 0))
        assert.equal(reach(size, all.length), size)
      }),
    )
  })

  void it('are read so that any range comes once, in order, without a gap', () => {
    fc.assert(
      fc.property(SIZES, fc.nat(), fc.nat(), (size, a, b) => {
        const start = a % size
        const end = start + 1 + (b % (size - start))
        let at = start
        while (at < end) {
          const { index, from, to } = cutAt(at, end)
          assert.equal(index * PIECE_BYTES + from, at)
          assert.ok(to > from && to <= pieceBytes(size, index))
          at += to - from
        }
        assert.equal(at, end)
      }),
    )
  })

  void it('are cut from chunks of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: PIECE_BYTES * 2 }), { maxLength: 6 }), (sizes) => {
        const cutter = makeCutter()
        let next = 0
        const pieces = sizes.flatMap((size) => cutter.add(Uint8Array.from({ length: size }, () => next++ % 251)))
        assert.ok(pieces.every((piece) => piece.length === PIECE_BYTES))
        const all = [...pieces, cutter.rest()]
        assert.equal(cutter.restBytes(), cutter.rest().length)
        let at = 0
        for (const piece of all) {
          for (let i = 0; i < piece.length; i += 4099) assert.equal(piece[i], (at + i) % 251)
          at += piece.length
        }
        assert.equal(
          at,
          sizes.reduce((a, b) => a + b, 0),
        )
      }),
      { numRuns: 20 },
    )
  })
})

void describe('ranges', () => {
  const SIZE = 1000
  void it('are read as servers read them', () => {
    const rows: [string | null, unknown][] = [
      [null, 'whole'],
      ['bytes=0-', { start: 0, end: 1000 }],
      ['bytes=0-1', { start: 0, end: 2 }],
      ['bytes=990-2000', { start: 990, end: 1000 }],
      ['bytes=-10', { start: 990, end: 1000 }],
      ['bytes=-2000', { start: 0, end: 1000 }],
      ['bytes=-0', 'outside'],
      ['bytes=1000-', 'outside'],
      ['bytes=9-5', 'whole'],
      ['bytes=1-2,5-6', 'whole'],
      ['nonsense', 'whole'],
    ]
    for (const [header, expected] of rows) assert.deepEqual(readRange(header, SIZE), expected, String(header))
  })

  void it('of answers are read, or not at all', () => {
    assert.deepEqual(readContentRange('bytes 5-9/10'), { start: 5, end: 10, sizeBytes: 10 })
    for (const header of [null, 'bytes */10', 'bytes 5-9/*', 'x']) assert.equal(readContentRange(header), null)
  })
})
