import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { blockSamples, crc8, crc16, renumbered } from './flac-frame.ts'

/** A frame with these codes of block size and rate, and what they want behind the number; all of it signed. */
function frame(codes: number, number: Buffer, rest: Buffer, body: Buffer): Buffer {
  const head = Buffer.concat([Buffer.from([0xff, 0xf8, codes, 0x18]), number, rest])
  const signed = Buffer.concat([head, Buffer.from([crc8(head)]), body, Buffer.alloc(2)])
  signed.writeUInt16BE(crc16(signed.subarray(0, -2)), signed.length - 2)
  return signed
}
/** Codes of the header and how many bytes they add. */
const anyShape = fc.constantFrom([0xca, 0], [0x6a, 1], [0x7a, 2], [0x7c, 3], [0x7d, 4], [0x5e, 2])
const anyBytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((bytes) => Buffer.from(bytes))

/** Not half of a pair of UTF-16. */
const isText = (code: number) => code < 0xd800 || code > 0xdfff

test('a frame gets its number and both checksums, and keeps the rest', () => {
  fc.assert(
    fc.property(
      anyShape.chain(([codes = 0, bytes = 0]) => fc.tuple(fc.constant(codes), anyBytes(bytes, bytes), anyBytes(1, 60))),
      fc.integer({ min: 0, max: 0x10ffff }).filter(isText),
      fc.integer({ min: 0, max: 0x10ffff }).filter(isText),
      ([codes, rest, body], from, to) => {
        const made = (number: number) => frame(codes, Buffer.from(String.fromCodePoint(number)), rest, body)
        assert.deepEqual(renumbered(made(from), to), made(to))
      },
    ),
  )
})

test('numbers beyond those of UTF-8 come back', () => {
  const first = frame(0xca, Buffer.from([0]), Buffer.alloc(0), Buffer.alloc(30, 7))
  for (const number of [0x11_0000, 0x1f_ffff, 0x20_0000, 0x3ff_ffff, 0x400_0000, 2 ** 31 - 1])
    assert.deepEqual(renumbered(renumbered(first, number), 0), first)
  for (const number of [-1, 0.5, 2 ** 31]) assert.throws(() => renumbered(first, number), RangeError)
})

test('the length of a block is read from its code, or from behind the number', () => {
  const number = Buffer.from([0xc2, 0x80])
  const none = Buffer.alloc(0)
  const body = Buffer.alloc(20)
  for (const [codes, rest, samples] of [
    [0x1a, none, 192],
    [0x2a, none, 576],
    [0x5a, none, 4608],
    [0x8a, none, 256],
    [0xca, none, 4096],
    [0x6a, Buffer.from([0xff]), 256],
    [0x7a, Buffer.from([0x0d, 0xc7]), 3528],
  ] as const)
    assert.equal(blockSamples(frame(codes, number, rest, body)), samples)
})

test('what is no frame of fixed size is refused', () => {
  const good = frame(0xca, Buffer.from([0]), Buffer.alloc(0), Buffer.alloc(30))
  const changed = (at: number, value: number) => {
    const bad = Buffer.from(good)
    bad[at] = value
    return bad
  }
  for (const bad of [good.subarray(0, 7), changed(0, 0), changed(1, 0xf9), changed(4, 0xff), changed(4, 0x80)])
    assert.throws(() => renumbered(bad, 1), /FLAC frame/)
})
