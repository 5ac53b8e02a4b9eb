import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { escapePath, pathInFront, placesOf } from './paths.ts'

const places = placesOf([
  { folder: '/music', as: '/_tutti/music/1' },
  { folder: '/music/live', as: '/_tutti/live' },
  { folder: '/data/blobs', as: '/_tutti/blobs' },
])
const cases: [string | Buffer, string | undefined][] = [
  ['/music/a.flac', '/_tutti/music/1/a.flac'],
  ['/music/live/a.flac', '/_tutti/live/a.flac'],
  ['/music/lively/a.flac', '/_tutti/music/1/lively/a.flac'],
  ['/data/blobs/x/y', '/_tutti/blobs/x/y'],
  ['/musical/a.flac', undefined],
  ['/music', undefined],
  ['/music/', undefined],
  ['/music/../etc/passwd', undefined],
  ['/music/a/./b', undefined],
  ['/music//b', undefined],
  ['/music/a/..', undefined],
  ['/etc/passwd', undefined],
  ['music/a', undefined],
  ['', undefined],
  ['/music/..a/b..c/...', '/_tutti/music/1/..a/b..c/...'],
  ['/music/100%.mp3', '/_tutti/music/1/100%25.mp3'],
  ['/music/%2e%2e/x', '/_tutti/music/1/%252e%252e/x'],
  ['/music/a?b#c d+e', '/_tutti/music/1/a%3Fb%23c%20d%2Be'],
  ['/music/Ä\r\nX: y', '/_tutti/music/1/%C3%84%0D%0AX%3A%20y'],
  [Buffer.from([...Buffer.from('/music/'), 0xff, 0xfe]), '/_tutti/music/1/%FF%FE'],
]
for (const [path, expected] of cases)
  test(`path ${JSON.stringify(path.toString('latin1'))}`, () =>
    assert.equal(pathInFront(places, Buffer.from(path as string)), expected))

test('any name comes back from its escape to the byte, in signs that a header may hold', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), (bytes) => {
      const name = Buffer.from(bytes)
      const escaped = escapePath(name)
      assert.match(escaped, /^[\w.~/%-]*$/)
      const back = Buffer.from(
        escaped.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
        'latin1',
      )
      assert.deepEqual(back, name)
    }),
  )
})

test('what is answered lies below its root, whatever was asked', () => {
  const word = fc.constantFrom('music', 'live', 'data', 'blobs', '..', '.', '', 'a', '%2e%2e', '...')
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      const path = `/${words.join('/')}`
      const found = pathInFront(places, Buffer.from(path))
      if (found === undefined) return
      assert.equal(join(path), path)
      assert.equal(join(decodeURIComponent(found)), decodeURIComponent(found))
      assert.match(found, /^\/_tutti\/(music\/1|live|blobs)\/./)
    }),
  )
})
