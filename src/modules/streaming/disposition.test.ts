import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attachment, safeFileName } from './disposition.ts'

const names: [string, string, string][] = [
  ['Björk - Jóga', '.mp3', 'Björk - Jóga.mp3'],
  ['AC/DC - T.N.T.', '.flac', 'AC_DC - T.N.T..flac'],
  ['a\nb\u202Ecod\0', '.mp3', 'a_b_cod_.mp3'],
  ['../../etc/passwd', '.mp3', '__.._etc_passwd.mp3'],
  ['   ', '', 'song'],
  ['con: "x"?', '.ogg', 'con_ _x__.ogg'],
]
for (const [stem, ending, expected] of names)
  test(JSON.stringify(stem), () => assert.equal(safeFileName(stem, ending), expected))

test('long names are cut between characters', () => {
  const name = safeFileName('😀'.repeat(300), '.mp3')
  assert.equal(Array.from(name).length, 180 + 4)
  assert.ok(name.isWellFormed())
})

test('an ASCII name for old clients and the real one for the rest', () => {
  assert.equal(
    attachment('Béla "B" 100%.mp3'),
    `attachment; filename="Bela _B_ 100_.mp3"; filename*=UTF-8''B%C3%A9la%20%22B%22%20100%25.mp3`,
  )
  assert.equal(
    attachment("it's (ok)*.mp3"),
    `attachment; filename="it's (ok)*.mp3"; filename*=UTF-8''it%27s%20%28ok%29%2A.mp3`,
  )
})

test('no name can end the header', () => {
  for (const name of ['a"; x="b', 'a\r\nSet-Cookie: x', 'a\\'])
    assert.match(
      attachment(safeFileName(name, '')),
      /^attachment; filename="[^"\\\r\n]*"; filename\*=UTF-8''[\w.%~!-]*$/,
    )
})
