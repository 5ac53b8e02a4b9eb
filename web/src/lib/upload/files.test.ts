import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf } from './files.ts'

void test('tells audio, pictures and the rest by type or name', () => {
  const kind = (name: string, type = '') => kindOf({ name, type })
  assert.equal(kind('a.FLAC'), 'audio')
  assert.equal(kind('no ending', 'audio/mpeg'), 'audio')
  assert.equal(kind('cover.jpeg'), 'picture')
  assert.equal(kind('clip.webm', 'video/webm'), 'audio')
  assert.equal(kind('notes.txt', 'text/plain'), 'other')
  assert.equal(kind('.DS_Store'), 'other')
})
