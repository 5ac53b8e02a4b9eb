import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startTestApp } from '#kernel/testing.ts'
import catalog from '#modules/catalog/index.ts'
import identity from '#modules/identity/index.ts'
import streaming from './index.ts'
import { encoders, type Music, makeTune, needsFfmpeg, startMusic, watchedFfmpeg } from './testing.ts'

const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())
const tunes = (seconds: Record<string, number>) => async (folder: string) => {
  for (const [name, length] of Object.entries(seconds)) await makeTune(folder, { name, seconds: length })
}
const kept = async (music: Music): Promise<string[]> => {
  const { rows } = await music.app.app.ports.db.pool.query<{ blob_key: string }>(
    'select blob_key from streaming.renditions order by last_used_at',
  )
  return rows.map((row) => row.blob_key)
}

const filesBelow = async (folder: string): Promise<string[]> => {
  const all = await readdir(folder, { recursive: true, withFileTypes: true })
  return all.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

/** A small file system at `folder`, where this user may make one. */
function mountSmall(folder: string, sizeKiB: number): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKiB}k`, 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('a full disk keeps nobody from hearing anything, and nothing is left on it', needsFfmpeg, async (t) => {
  await using music = await startMusic(tunes({ 'long.flac': 100, 'short.flac': 2 }))
  const folder = join(music.app.dataDir, 'cache', 'renditions', 'v2')
  await mkdir(folder, { recursive: true })
  if (!mountSmall(folder, 400)) return t.skip('this user may not mount a tmpfs')
  await mkdir(join(folder, '.limbo'))
  try {
    // 4 MB into 400 KiB.
    const whole = await music.fetch('long.flac', '/stream?quality=high')
    const bytes = await bytesOf(whole)
    assert.equal(bytes.length, Number(whole.headers.get('content-length')))
    await music.app.eventually(async () => (await encoders()).length === 0, 'the encoder to end', 3000)
    await music.app.eventually(async () => (await filesBelow(folder)).length === 0, 'the disk to be given back')
    assert.deepEqual(await kept(music), [])
    const ballast = join(folder, '.limbo', 'ballast')
    await writeFile(ballast, Buffer.alloc(380 * 1024))
    const far = await music.fetch('long.flac', '/stream?quality=high', { headers: { range: 'bytes=3000000-' } })
    assert.ok((await bytesOf(far)).equals(bytes.subarray(3_000_000)), 'the same again')
    const segment = await music.fetch('long.flac', '/hls/aac-256/40.m4s')
    assert.equal(segment.status, 200)
    assert.ok((await bytesOf(segment)).length > 30_000)
    await rm(ballast)
    const fits = await music.fetch('short.flac', '/stream?quality=low')
    assert.equal((await bytesOf(fits)).length, Number(fits.headers.get('content-length')))
    assert.equal((await music.fetch('long.flac', '/stream').then(bytesOf)).length > 0, true)
  } finally {
    execFileSync('umount', ['-l', folder])
  }
})

test('the cache keeps within its size, the longest unused go first', needsFfmpeg, async () => {
  const one = 8000 * 4
  await using music = await startMusic(tunes({ 'a.flac': 4, 'b.flac': 4.5, 'c.flac': 5 }), {
    config: { transcodeCacheBytes: Math.round(one * 2.6) },
  })
  const play = (title: string) => music.fetch(title, '/stream?quality=low').then(bytesOf)
  const haveKept = (count: number) => music.app.eventually(async () => (await kept(music)).length === count, 'keeping')
  await play('a.flac')
  await haveKept(1)
  await play('b.flac')
  await haveKept(2)
  const [first, second] = await kept(music)
  await play('c.flac')
  await music.app.eventually(async () => !(await kept(music)).includes(first as string), 'the first to go')
  await haveKept(2)
  const left = await kept(music)
  assert.deepEqual([left.length, left.includes(second as string)], [2, true])
  assert.equal(await music.app.app.ports.blobs.stat(first as string), undefined)
})

test('a cache smaller than a song: it plays all the same, from any place', needsFfmpeg, async () => {
  const limit = 300_000
  await using music = await startMusic(tunes({ 'a.flac': 200, 'b.flac': 2 }), {
    config: { transcodeCacheBytes: limit },
  })
  const folder = join(music.app.dataDir, 'cache')
  const ask = (range: string) => music.fetch('a.flac', '/stream?quality=low', { headers: { range } })
  const whole = await bytesOf(await music.fetch('a.flac', '/stream?quality=low'))
  assert.ok(whole.length > 5 * limit)
  const again = await bytesOf(await music.fetch('a.flac', '/stream?quality=low'))
  assert.ok(again.equals(whole), 'what was made again is the same')
  for (const start of [1_500_000, 0, 700_000]) {
    const part = await bytesOf(await ask(`bytes=${start}-${start + 49_999}`))
    assert.ok(part.equals(whole.subarray(start, start + 50_000)), `at ${start}`)
  }
  await bytesOf(await music.fetch('b.flac', '/stream?quality=low'))
  await music.app.eventually(async () => {
    const held = (await filesBelow(folder)).reduce(
      (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
    return (await encoders()).length === 0 && held <= 1.01 * limit
  }, 'the bound to be kept')
})

test('a damaged cache entry is made again', needsFfmpeg, async () => {
  await using music = await startMusic(tunes({ 'a.flac': 5 }))
  const play = () => music.fetch('a.flac', '/stream?quality=medium').then(bytesOf)
  const whole = await play()
  const [key] = await music.app.eventually(async () => {
    const keys = await kept(music)
    return keys.length === 1 && keys
  }, 'keeping')
  const { blobs } = music.app.app.ports
  await blobs.put(key as string, new Uint8Array(10))
  assert.ok((await play()).equals(whole), 'cut short')
  await blobs.delete(key as string)
  assert.ok((await play()).equals(whole), 'gone')
  await music.app.eventually(async () => (await blobs.stat(key as string))?.sizeBytes === whole.length, 'keeping')
  const turned = Buffer.from(whole)
  turned.writeUInt8(turned.readUInt8(50_000) ^ 1, 50_000)
  await blobs.put(key as string, turned)
  assert.ok((await play()).equals(whole), 'one bit')
})

test('a damaged piece is made again, and only that one', needsFfmpeg, async () => {
  const tools = await mkdtemp(join(tmpdir(), 'tutti-watched-'))
  const watched = await watchedFfmpeg(tools)
  try {
    await using music = await startMusic(tunes({ 'a.flac': 60 }), { config: { ffmpegBin: watched.path } })
    const folder = join(music.app.dataDir, 'cache')
    // Not to the end, so that it stays in pieces.
    const ask = () => music.fetch('a.flac', '/stream?quality=medium', { headers: { range: 'bytes=0-399999' } })
    const first = await ask()
    const part = await bytesOf(first)
    await music.app.eventually(async () => (await encoders()).length === 0, 'the encoder to end')
    const files = (await filesBelow(folder)).filter((path) => !path.endsWith('version'))
    if (files.length === 0) return // All of it was made ahead and is one blob by now.
    const damaged = files.find((path) => path.includes('/2-')) as string
    const bytes = await readFile(damaged)
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 4, 5000)
    await writeFile(damaged, bytes)
    await watched.forget()
    const again = await ask()
    assert.ok((await bytesOf(again)).equals(part))
    assert.equal(again.headers.get('etag'), first.headers.get('etag'))
    assert.equal((await watched.starts()).length, 1)
  } finally {
    await rm(tools, { recursive: true })
  }
})

test('a codec that this FFmpeg lacks is refused by name, with what there is', needsFfmpeg, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-ffmpeg-'))
  const wrapper = join(folder, 'ffmpeg')
  const path = execFileSync('sh', ['-c', 'command -v ffmpeg'], { encoding: 'utf8' }).trim()
  await writeFile(
    wrapper,
    `#!/bin/sh\ncase "$*" in *-encoders*) ${path} "$@" | grep -v opus;; *) exec ${path} "$@";; esac\n`,
  )
  await chmod(wrapper, 0o755)
  try {
    await using music = await startMusic(tunes({ 'a.flac': 3 }), { config: { ffmpegBin: wrapper } })
    const answer = await music.fetch('a.flac', '/stream?format=opus')
    const { code, detail } = (await answer.json()) as { code: string; detail: string }
    assert.deepEqual([answer.status, code], [422, 'codec_unavailable'])
    assert.match(detail, /mp3/)
    assert.doesNotMatch(detail, /one of.*opus/)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('what was made is still there after a restart', needsFfmpeg, async () => {
  await using music = await startMusic(tunes({ 'a.flac': 5 }))
  const whole = await music.fetch('a.flac', '/stream?quality=low').then(bytesOf)
  await music.app.eventually(async () => (await kept(music)).length === 1, 'keeping')
  await using again = await startTestApp({
    modules: [identity, catalog, streaming],
    config: { musicDirs: [music.folder] },
    keep: { dataDir: music.app.dataDir, databaseUrl: music.app.databaseUrl },
  })
  const url = `${again.url}/api/v1/songs/${music.id('a.flac')}/stream?quality=low`
  const answer = await fetch(url, { headers: { authorization: `Bearer ${music.token}`, range: 'bytes=100-199' } })
  assert.equal(answer.status, 206)
  assert.ok((await bytesOf(answer)).equals(whole.subarray(100, 200)))
})
