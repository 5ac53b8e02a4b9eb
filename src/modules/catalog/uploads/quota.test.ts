import assert from 'node:assert/strict'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { after, before, mock, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import { type Catalog, mp3, startCatalog } from '#modules/catalog/testing.ts'
import { png, wavTone } from '#test/fixtures/audio.ts'
import { begin, patchAt, sendForm, settledUpload, tus } from './testing.ts'

const QUOTA = 1024 ** 2
let c: Catalog
let user: Client
before(async () => {
  c = await startCatalog({ config: { uploadQuotaBytes: QUOTA, uploadMaxBytes: QUOTA } })
  user = await c.app.as('user')
})
after(() => c.app.stop())

const used = async (who: Client = user): Promise<number> => (await who.get('/upload/quota')).body.usedBytes
const tryBegin = (who: Client, sizeBytes: number) =>
  tus(c.app.url, who, 'POST', '', { headers: { 'upload-length': String(sizeBytes) } })

test('uploads that begin at once never get more than there is, and give back what they do not use', async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => tryBegin(user, 200_000)))
  const taken = answers.filter((a) => a.status === 201)
  assert.equal(taken.length, 5)
  for (const { status, body } of answers.filter((a) => a.status !== 201)) {
    assert.deepEqual([status, body.code], [413, 'quota_exceeded'])
    assert.match(String(body.detail), /0 MiB left/)
  }
  assert.equal(await used(), 1_000_000)
  const form = { files: [{ name: 'audio', bytes: wavTone({ sec: 1, hz: 440 }) }] }
  assert.equal((await sendForm(c.app.url, user, '/upload/audio', form)).body['code'], 'quota_exceeded')
  assert.equal((await tryBegin(await c.app.as('stranger'), 200_000)).status, 201)
  for (const { headers } of taken)
    await tus(c.app.url, user, 'DELETE', `/${headers.get('location')?.split('/').at(-1)}`)
  assert.equal(await used(), 0)
})

test('songs count once, as long as they are there', async () => {
  const bytes = mp3({ audio: 'counted', seconds: 3 })
  for (let i = 0; i < 2; i++) {
    const made = await sendForm(c.app.url, user, '/upload/audio', { files: [{ name: 'audio', bytes }] })
    await settledUpload(c.app, user, made.body['id'])
  }
  assert.equal(await used(), bytes.length)
  const [song] = (await user.get('/users/songs')).body.items
  await user.delete(`/songs/${song.id}`)
  assert.equal(await used(), 0)
})

test('pictures count, whether they wait or are shown, and not once they are gone', async () => {
  const artist = await c.app.as('artist')
  const image = { files: [{ name: 'image', bytes: png(300, 300, [9, 90, 200]) }] }
  const [one, again] = [
    await sendForm(c.app.url, artist, '/upload/image', image),
    await sendForm(c.app.url, artist, '/upload/image', image),
  ]
  const bytes = await used(artist)
  assert.ok(bytes > 0, 'it waits')
  await artist.delete(`/upload/${again.body['id']}`)
  const album = (await artist.post('/albums', { title: 'Shown', imageUploadId: one.body['id'] })).body['id']
  await artist.delete(`/upload/${one.body['id']}`)
  assert.equal(await used(artist), bytes, 'it is shown')
  assert.equal((await artist.delete(`/albums/${album}`)).status, 204)
  assert.equal(await used(artist), 0)
})

test('one that never told its length is held to the quota as it grows', async () => {
  const rest = 300_000
  const held = await begin(c.app.url, user, QUOTA - rest)
  const made = await tus(c.app.url, user, 'POST', '', { headers: { 'upload-defer-length': '1' } })
  const path = `/${made.headers.get('location')?.split('/').at(-1)}`
  const refused = await tus(c.app.url, user, 'PATCH', path, { headers: patchAt(0), body: Buffer.alloc(rest + 1) })
  assert.deepEqual([refused.status, refused.body.code], [413, 'quota_exceeded'])
  assert.equal(
    (await tus(c.app.url, user, 'PATCH', path, { headers: patchAt(0), body: Buffer.alloc(rest) })).status,
    204,
  )
  const type = 'application/offset+octet-stream'
  const more = { ...patchAt(rest), 'upload-length': String(rest + 10), 'content-type': type }
  assert.equal((await tus(c.app.url, user, 'PATCH', path, { headers: more })).body.code, 'quota_exceeded')
  await tus(c.app.url, user, 'DELETE', path)
  await tus(c.app.url, user, 'DELETE', `/${held}`)
})

test('a disk that has become full takes no more bytes of an upload, which goes on when there is room', async () => {
  const id = await begin(c.app.url, user, 10)
  const send = () => tus(c.app.url, user, 'PATCH', `/${id}`, { headers: patchAt(0), body: Buffer.alloc(5) })
  mock.method(promises, 'statfs', async () => ({ bavail: 1, bsize: 4096 }))
  syncBuiltinESMExports()
  try {
    const refused = await send()
    assert.deepEqual([refused.status, refused.body.code], [507, 'storage_full'])
  } finally {
    mock.restoreAll()
    syncBuiltinESMExports()
  }
  assert.equal((await send()).status, 204)
  await tus(c.app.url, user, 'DELETE', `/${id}`)
})

test('more uploads than anybody needs at once are refused', async () => {
  const stranger = await c.app.as('stranger')
  const statuses: number[] = []
  for (let i = 0; i < 205; i++) statuses.push((await tryBegin(stranger, 1)).status)
  assert.equal(statuses.at(-1), 429)
  assert.ok(statuses.filter((s) => s === 201).length <= 200)
})

test('a server without a quota still keeps its disk free', async () => {
  const free = await startCatalog({ config: { uploadQuotaBytes: 0, uploadMaxBytes: 2 ** 50 } })
  try {
    const someone = await free.app.as('user')
    const answer = await tus(free.app.url, someone, 'POST', '', { headers: { 'upload-length': String(2 ** 49) } })
    assert.deepEqual([answer.status, answer.body.code], [507, 'storage_full'])
    assert.equal((await someone.get('/upload/quota')).body.quotaBytes, null)
  } finally {
    await free.app.stop()
  }
})
