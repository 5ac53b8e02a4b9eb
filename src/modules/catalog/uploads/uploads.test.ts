import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import { type Catalog, mp3, startCatalog } from '#modules/catalog/testing.ts'
import { png } from '#test/fixtures/audio.ts'
import { sendForm, settledUpload, sha256 } from './testing.ts'

let c: Catalog
let user: Client
before(async () => {
  c = await startCatalog()
  user = await c.app.as('user')
})
after(() => c.app.stop())

const files = (room: string): Promise<string[]> =>
  readdir(join(c.app.dataDir, room)).then(
    (all) => all.filter((n) => !n.startsWith('.')),
    () => [],
  )
const upload = (who: Client, bytes: Uint8Array, fields: Record<string, string> = {}, fileName = 'a.mp3') =>
  sendForm(c.app.url, who, '/upload/audio', { files: [{ name: 'audio', bytes, fileName }], fields })

describe('one audio file', () => {
  test('becomes a private song of its owner, with what the file and the person say', async () => {
    const bytes = mp3({ title: 'From the file', artist: 'Somebody', album: 'Where', picture: png(600, 400) })
    const made = await upload(user, bytes, { title: 'As I say', isPublic: 'true' }, '../../evil\u202e.mp3')
    assert.equal(made.status, 201, made.text)
    assert.equal(made.body.status, 'processing')
    assert.equal(made.body.fileName, 'evil.mp3')
    const done = await settledUpload(c.app, user, made.body.id)
    assert.equal(done.status, 'analyzing')
    assert.equal(done.checksum, sha256(bytes))
    assert.equal(done.isDuplicate, false)
    const song = (await user.get(`/songs/${done.songId}`)).body
    assert.deepEqual([song.title, song.artist, song.album.title], ['As I say', 'Somebody', 'Where'])
    assert.equal(song.isPublic, false)
    assert.equal(song.ownerId, user.userId)
    assert.ok(song.coverUrl)
    assert.equal((await (await c.app.as('stranger')).get(`/songs/${done.songId}`)).status, 404)
    assert.deepEqual(await files('uploads'), [])
  })
})
