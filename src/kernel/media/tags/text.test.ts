import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { cleanLine, cleanLines, repairEncoding } from './text.ts'

const asLatin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const asCp1252 = (bytes: Uint8Array): string => new TextDecoder('windows-1252').decode(bytes)

test('text in the wrong encoding is repaired when that is sure', () => {
  assert.equal(repairEncoding(asLatin1(Buffer.from('Café Ünïté'))), 'Café Ünïté')
  assert.equal(repairEncoding(asCp1252(Buffer.from('“Quoted” – naïve'))), '“Quoted” – naïve')
  assert.equal(repairEncoding(asLatin1(Buffer.from('日本語'))), '日本語')
  // "Песня" in Windows-1251
  assert.equal(repairEncoding(asLatin1(Uint8Array.of(0xcf, 0xe5, 0xf1, 0xed, 0xff))), 'Песня')
  // "さくら" in Shift-JIS
  assert.equal(repairEncoding(asLatin1(Uint8Array.of(0x82, 0xb3, 0x82, 0xad, 0x82, 0xe7))), 'さくら')
  assert.equal(repairEncoding('吀椀琀氀攀'), 'Title')
})

test('text that is right already stays', () => {
  for (const text of [
    'Café',
    'Sigur Rós',
    'Motörhead',
    'Zoë',
    'Плач',
    'さくら',
    'Æ',
    'naïve',
    'Ænima – Ø',
    'Björk Guðmundsdóttir',
    '한국어',
  ])
    assert.equal(repairEncoding(text), text)
})

test('a line holds nothing that cannot be stored or shown, and is bounded', () => {
  assert.equal(cleanLine('A\u0000B\u0007\u202e C\n D ', 100), 'AB C D')
  assert.equal(cleanLine('\u0000\u0001  ', 100), undefined)
  assert.equal(cleanLine(42, 100), undefined)
  assert.equal(cleanLine('e\u0301', 100), '\u00e9')
  assert.equal(cleanLine('x'.repeat(1e6), 500)?.length, 500)
  assert.equal(cleanLine(`${'x'.repeat(499)}🎵`, 500), 'x'.repeat(499))
  assert.equal(cleanLines('a\r\nb\rc\u0000', 100), 'a\nb\nc')
})

test('any text at all comes out well formed, bounded and without controls', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.integer({ min: 1, max: 40 }), (text, max) => {
      const line = cleanLine(text, max) ?? ''
      assert.ok(line.length <= max && line.isWellFormed() && !/\p{Cc}/u.test(line))
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      assert.ok((cleanLine(asLatin1(bytes), 500) ?? '').isWellFormed())
    }),
  )
})
