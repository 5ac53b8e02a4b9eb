import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { naturally } from './natural.ts'
import { pathBytes, pathText } from './paths.ts'

describe('a path of bytes as text', () => {
  test('leads back to the same bytes, whatever they are', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ unit: 'binary' }).map((s) => Buffer.from(s)),
      fc
        .array(fc.constantFrom('%', '41', 'é', '\u{1f3b5}', '/', '\n'), { maxLength: 8 })
        .map((s) => Buffer.from(s.join(''))),
    )
    fc.assert(
      fc.property(bytes, (b) => {
        const text = pathText(Buffer.from(b))
        assert.deepEqual(pathBytes(text), Buffer.from(b))
        assert.ok(text.isWellFormed())
        assert.doesNotMatch(text, /\p{Cc}(?<![\u0080-\u009f])/u)
      }),
    )
  })
  test('shows what is text as it is, and all else by its number', () => {
    assert.equal(pathText(Buffer.from('Björk/Début')), 'Björk/Début')
    assert.equal(pathText(Buffer.from('100%/a\nb')), '100%25/a%0Ab')
    assert.equal(pathText(Buffer.from([0x41, 0xff, 0xc3, 0xa9, 0xc3])), 'A%FFé%C3')
  })
})

const sorted = (names: string[]) => names.map((n) => ({ name: Buffer.from(n) })).toSorted(naturally)
test('names are ordered as people count', () => {
  assert.deepEqual(
    sorted(['Disc 10', 'disc 2', 'Énya', 'ABBA', 'Zoo', 'Disc 1']).map((x) => x.name.toString()),
    ['ABBA', 'Disc 1', 'disc 2', 'Disc 10', 'Énya', 'Zoo'],
  )
})
