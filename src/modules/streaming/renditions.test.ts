import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { encoders, ffmpeg, type Music, makeTune, needsFfmpeg, startMusic } from './testing.ts'

let music: Music
const SECONDS = 12
const FRAME_BYTES = { low: 192, medium: 384, high: 960 }

if (!needsFfmpeg.skip) {
  before(async () => {
    music = await startMusic(async (folder) => {
      await makeTune(folder, { name: 'short.flac', seconds: SECONDS })
      await makeTune(folder, { name: 'other.flac', seconds: SECONDS + 1 })
      await makeTune(folder, { name: 'small.mp3', seconds: 5, args: ['-b:a', '96k'] })
    })
  })
  after(() => music?.[Symbol.asyncDispose]())
}

const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())
const length = (answer: Response) => Number(answer.headers.get('content-length'))
const codeOf = async (answer: Response) => [answer.status, ((await answer.json()) as { code: string }).code]
const kept = async (profile: string) =>
  (
    await music.app.app.ports.db.pool.query<{ version: string }>(
      'select version from streaming.renditions where profile = $1',
      [profile],
    )
  ).rows
const isKept = (profile: string, count = 1) =>
  music.app.eventually(async () => (await kept(profile)).length === count, `${profile} to be kept`)
const pieces = async (profile: string) => {
  const all = await readdir(join(music.app.dataDir, 'cache'), { recursive: true }).catch(() => [])
  return all.filter((path) => path.includes(`/${profile}/`))
}

test('the first play has its exact length, and the second is the same bytes', needsFfmpeg, async () => {
  const answer = await music.fetch('short.flac', '/stream?quality=medium')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-type'), 'audio/mpeg')
  assert.equal(answer.headers.get('accept-ranges'), 'bytes')
  assert.equal(answer.headers.get('tutti-rendition'), 'mp3-128')
  const first = await bytesOf(answer)
  assert.equal(first.length, length(answer))
  assert.equal(first.length % FRAME_BYTES.medium, 0)
  for (let at = 0; at < first.length; at += FRAME_BYTES.medium)
    assert.equal(first.readUInt16BE(at), 0xfffb, `frame at ${at}`)
  await isKept('mp3-128')
  const again = await music.fetch('short.flac', '/stream?quality=medium')
  assert.equal(again.headers.get('etag'), answer.headers.get('etag'), 'also when it lies elsewhere by now')
  assert.ok((await bytesOf(again)).equals(first))
  await music.app.eventually(async () => (await pieces('mp3-128')).length === 0, 'the pieces to go')
})

test('each quality has its own rate, and HEAD starts no encoder', needsFfmpeg, async () => {
  for (const [quality, kbps] of [
    ['low', 64],
    ['high', 320],
  ] as const) {
    const head = await music.fetch('short.flac', `/stream?quality=${quality}`, { method: 'HEAD' })
    assert.deepEqual(await encoders(), [])
    const answer = await music.fetch('short.flac', `/stream?quality=${quality}`)
    assert.deepEqual(
      ['content-length', 'content-type', 'etag'].map((name) => head.headers.get(name)),
      ['content-length', 'content-type', 'etag'].map((name) => answer.headers.get(name)),
    )
    assert.ok(Math.abs(((await bytesOf(answer)).length * 8) / 1000 / SECONDS / kbps - 1) < 0.02, quality)
    await music.app.eventually(async () => (await encoders()).length === 0, 'the encoder to end')
  }
})

const ask = (headers: Record<string, string>) => music.fetch('other.flac', '/stream?quality=low', { headers })

test('conditions hold at first play as they do later', needsFfmpeg, async () => {
  const first = await ask({ range: 'bytes=1000-1999' })
  const etag = first.headers.get('etag') ?? ''
  assert.match(etag, /^"[\w.-]+-mp3-64-[0-9a-f]{16}"$/)
  const part = await bytesOf(first)
  const same = await ask({ range: 'bytes=1000-1999', 'if-range': etag })
  assert.equal(same.status, 206)
  assert.ok((await bytesOf(same)).equals(part))
  const old = await ask({ range: 'bytes=1000-1999', 'if-range': '"another"' })
  assert.equal(old.status, 200)
  assert.ok((await bytesOf(old)).subarray(1000, 2000).equals(part))
  assert.equal((await ask({ 'if-none-match': etag })).status, 304)
  assert.equal((await ask({ 'if-match': '"another"' })).status, 412)
  const outside = await ask({ range: 'bytes=99999999-' })
  assert.deepEqual(await codeOf(outside), [416, 'range_not_satisfiable'])
})

test('an MP3 within the quality is sent as it is', needsFfmpeg, async () => {
  const answer = await music.fetch('small.mp3', '/stream?quality=high')
  assert.equal(answer.headers.get('tutti-rendition'), 'original')
  await answer.body?.cancel()
  const lower = await music.fetch('small.mp3', '/stream?quality=low')
  assert.equal(lower.headers.get('tutti-rendition'), 'mp3-64')
  await lower.arrayBuffer()
})

test('what has no length before it is made comes as HLS only; the original always comes', needsFfmpeg, async () => {
  for (const [title, format] of [
    ['short.flac', 'aac'],
    ['small.mp3', 'flac'],
  ] as const) {
    assert.deepEqual(await codeOf(await music.fetch(title, `/stream?format=${format}`)), [422, 'hls_only'])
    const head = await music.fetch(title, `/stream?format=${format}`, { method: 'HEAD' })
    assert.equal(head.status, 422)
  }
  const original = await music.fetch('short.flac', '/stream?format=flac')
  assert.equal(original.headers.get('tutti-rendition'), 'original')
  await original.body?.cancel()
})

test('what FFmpeg decodes again is the music, to the sample', needsFfmpeg, async () => {
  const bytes = await bytesOf(await music.fetch('short.flac', '/stream?quality=high'))
  const path = join(music.app.dataDir, 'heard.mp3')
  await writeFile(path, bytes)
  await ffmpeg('-i', path, '-f', 's16le', '-ac', '1', '-ar', '48000', `${path}.raw`)
  const { stat } = await import('node:fs/promises')
  assert.equal((await stat(`${path}.raw`)).size / 2, SECONDS * 48_000)
})

test('a stream as loud as others: of a song that was never measured it is the song as it is', needsFfmpeg, async () => {
  const answer = await music.fetch('short.flac', '/stream?quality=medium&normalize=track')
  assert.equal(answer.headers.get('tutti-rendition'), 'mp3-128')
  await answer.body?.cancel()
  assert.equal((await music.fetch('short.flac', '/stream?normalize=loud')).status, 400)
})
