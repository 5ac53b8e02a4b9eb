import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { newId } from '#kernel/ids.ts'
import { LINK_LENGTH_MAX } from './contract.ts'
import { type Claim, type LinkKey, readLink, writeLink } from './token.ts'

const key: LinkKey = { id: '0011aaff', secret: randomBytes(32) }
const claims: readonly Claim[] = [
  { userId: newId(), expiresSec: 1 },
  { userId: newId(), sessionId: newId(), expiresSec: 2_000_000_000 },
  { userId: newId(), keyId: newId(), expiresSec: 4_294_967_295 },
]

test('a link says what was put into it, to whom has the key, of its song alone', () => {
  for (const claim of claims) {
    const songId = newId()
    const text = writeLink(claim, songId, key)
    assert.match(text, /^[\w-]+$/)
    assert.ok(text.length <= LINK_LENGTH_MAX)
    const read = readLink(text)
    assert.deepEqual([read?.claim, read?.keyId], [claim, key.id])
    assert.equal(read?.isSignedBy(key, songId), true)
    assert.equal(read?.isSignedBy(key, newId()), false, 'another song')
    assert.equal(read?.isSignedBy({ ...key, secret: randomBytes(32) }, songId), false, 'another key')
  }
})

test('no bit of a link can be changed', () => {
  const songId = newId()
  for (const claim of claims) {
    const bytes = Buffer.from(writeLink(claim, songId, key), 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const other = Buffer.from(bytes)
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7))
      const read = readLink(other.toString('base64url'))
      assert.ok(!read?.isSignedBy(key, songId), `bit ${bit}`)
    }
  }
})

test('what is no link is none, whatever it is', () => {
  const text = writeLink(claims[1] as Claim, newId(), key)
  for (const other of [
    '',
    'x',
    text.slice(1),
    text.slice(0, -1),
    `${text}A`,
    `${text}=`,
    `${text} `,
    text.repeat(2),
    text.toUpperCase(),
  ])
    assert.equal(readLink(other)?.isSignedBy(key, newId()) ?? false, false, other)
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (s) => void readLink(s)))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const read = readLink(Buffer.from(bytes).toString('base64url'))
      assert.ok(!read?.isSignedBy(key, newId()))
    }),
  )
})
