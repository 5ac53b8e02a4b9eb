import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import analysis from '#modules/analysis/index.ts'
import catalog from '#modules/catalog/index.ts'
import identity from '#modules/identity/index.ts'
import { wavTone } from '#test/fixtures/audio.ts'
import type { Upload } from './contract.ts'
import { sendForm } from './testing.ts'

let app: TestApp
before(async () => {
  app = await startTestApp({ modules: [identity, catalog, analysis] })
})
after(() => app.stop())

test('an upload is completed when its song is analysed; one of the same bytes later is at once', async () => {
  const user = await app.as('user')
  const send = async () =>
    (
      await sendForm(app.url, user, '/upload/audio', {
        files: [{ name: 'audio', bytes: wavTone({ sec: 3, hz: 440 }) }],
      })
    ).body as Upload
  const status = async (id: string) => (await user.get(`/upload/status/${id}`)).body as Upload
  const made = await send()
  const seen = new Set<string>()
  const done = await app.eventually(
    async () => {
      const now = await status(made.id)
      seen.add(now.status)
      return now.status === 'completed' && now
    },
    'the end',
    60_000,
  )
  assert.equal(done.progress, 1)
  assert.ok(['processing', 'analyzing'].some((state) => seen.has(state)))
  assert.equal((await user.get(`/songs/${done.songId}`)).body.analysisStatus, 'completed')
  const again = await send()
  const twin = await app.eventually(async () => {
    const now = await status(again.id)
    return now.status === 'completed' && now
  }, 'the end')
  assert.deepEqual([twin.isDuplicate, twin.songId], [true, done.songId])
})

test('with a person goes all they sent: songs, what waits, what is on its way, and the bytes', async () => {
  const gone = await app.as('stranger')
  const room = async (name: string) =>
    (await readdir(join(app.dataDir, name)).catch(() => [])).filter((n) => !n.startsWith('.'))
  const before = await room('blobs/catalog/audio')
  for (const [hz, createSong] of [
    [500, 'true'],
    [600, 'false'],
  ] as const) {
    const form = { files: [{ name: 'audio', bytes: wavTone({ sec: 1, hz }) }], fields: { createSong } }
    assert.equal((await sendForm(app.url, gone, '/upload/audio', form)).status, 201)
  }
  const begun = await fetch(`${app.url}/api/v1/upload/files`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${gone.token}`,
      'tus-resumable': '1.0.0',
      'upload-length': '10',
      'content-type': 'application/offset+octet-stream',
    },
    body: '12345',
  })
  assert.equal(begun.status, 201)
  await app.eventually(
    async () => (await room('blobs/catalog/audio')).length === before.length + 2,
    'the bytes to be kept',
  )
  const taken = (await gone.get('/users/me/export')).body
  assert.equal(JSON.stringify(taken).match(/"receivedBytes"/g)?.length, 3)
  assert.equal((await gone.send('DELETE', '/users/me', { password: 'correct horse battery' })).status, 204)
  await app.eventually(async () => {
    const rows = await app.app.ports.db.pool.query('select from catalog.uploads where owner_id = $1', [gone.userId])
    return rows.rowCount === 0 && (await room('blobs/catalog/audio')).length === before.length
  }, 'all of it to go')
  assert.deepEqual(await room('uploads'), [])
})
