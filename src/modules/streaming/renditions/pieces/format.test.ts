import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { assert as check, nat, property, uint8Array } from 'fast-check'
import { HEAD_BYTES, headOf, unsealed } from './format.ts'

const sealed = (piece: number, bytes: Uint8Array): Buffer => Buffer.concat([headOf(piece, bytes), bytes])

test('what was written as a piece is read as that piece, and as no other', () =>
  check(
    property(nat(2 ** 31), uint8Array({ maxLength: 2000 }), (piece, bytes) => {
      assert.ok(unsealed(sealed(piece, bytes), piece)?.equals(bytes))
      assert.equal(unsealed(sealed(piece, bytes), piece + 1), undefined)
    }),
  ))

test('any bit that turned, and any cut, is found out', () => {
  const whole = sealed(7, randomBytes(500))
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const bad = Buffer.from(whole)
    bad.writeUInt8(bad.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    assert.equal(unsealed(bad, 7), undefined, `bit ${bit}`)
  }
  for (let length = 0; length < whole.length; length++) assert.equal(unsealed(whole.subarray(0, length), 7), undefined)
  assert.equal(unsealed(Buffer.concat([whole, Buffer.alloc(1)]), 7), undefined)
  assert.equal(unsealed(Buffer.alloc(whole.length), 0), undefined)
  assert.equal(unsealed(Buffer.alloc(HEAD_BYTES), 0), undefined)
})
