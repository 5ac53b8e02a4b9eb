import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFfmpeg } from '#kernel/media/find-ffmpeg.ts'
import { eventually } from '#kernel/testing.ts'
import { encoders, needsFfmpeg, tuneWav } from '#modules/streaming/testing.ts'
import { createPool, poolSize } from './pool.ts'
import type { Task } from './protocol.ts'

const folder = await mkdtemp(join(tmpdir(), 'tutti-pool-'))
after(() => rm(folder, { recursive: true, force: true }))
const settings = await findFfmpeg({})
const task = (path: string, durationSec = 0): Task => ({ settings, path: Buffer.from(path), channels: 1, durationSec })
const broken = new URL('./broken-worker.ts', import.meta.url)
const code = (expected: string) => (thrown: unknown) => (thrown as { code?: string }).code === expected

async function tune(name: string, seconds: number): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, tuneWav(seconds))
  return path
}

test('files are analysed, threads are reused and end when idle', needsFfmpeg, async () => {
  const pool = createPool(2, { idleMs: 150 })
  const paths = await Promise.all([tune('1.wav', 6), tune('2.wav', 7), tune('3.wav', 8)])
  const found = await Promise.all(paths.map((path) => pool.run(task(path))))
  assert.deepEqual(
    found.map((a) => Math.round(a.durationSec)),
    [6, 7, 8],
  )
  assert.ok(pool.threads() >= 1 && pool.threads() <= 2)
  await sleep(600)
  assert.equal(pool.threads(), 0)
  await pool.close()
})

test('progress rises; the same file gives the same answer in any thread', needsFfmpeg, async () => {
  const pool = createPool(2)
  const path = await tune('long.wav', 90)
  const seen: number[] = []
  const [one, two] = await Promise.all([
    pool.run(task(path, 90), { onProgress: (done) => seen.push(done) }),
    pool.run(task(path)),
  ])
  assert.deepEqual(Buffer.from(one.frames), Buffer.from(two.frames))
  assert.deepEqual(one.beats, two.beats)
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  )
  assert.ok(seen.every((done) => done >= 0 && done <= 1))
  await pool.close()
})

test('a file at fault is named, and the worker goes on', needsFfmpeg, async () => {
  const pool = createPool(1)
  const junk = join(folder, 'junk.mp3')
  await writeFile(junk, 'this is no music')
  await assert.rejects(pool.run(task(junk)), (thrown: unknown) => (thrown as { status?: number }).status === 422)
  await assert.rejects(pool.run(task(join(folder, 'nothing.mp3'))), code('media_not_found'))
  assert.equal(Math.round((await pool.run(task(await tune('ok.wav', 3)))).durationSec), 3)
  assert.equal(pool.threads(), 1)
  await pool.close()
})

test('an abort ends decoder and task at once, and the worker goes on', needsFfmpeg, async () => {
  const pool = createPool(1)
  const path = await tune('abort.wav', 600)
  const stopping = new AbortController()
  const running = pool.run(task(path), { signal: stopping.signal })
  await sleep(500)
  stopping.abort(new Error('shutting down'))
  // At once, and not when the ten minutes of music are over: the reason given is the abort's.
  await assert.rejects(running, /shutting down/)
  // Killed at once; when the system has taken it away is the system's affair.
  await eventually(async () => (await encoders()).length === 0, 'the decoder to end')
  await assert.rejects(pool.run(task(path), { signal: stopping.signal }), /shutting down/)
  assert.equal(Math.round((await pool.run(task(await tune('next.wav', 3)))).durationSec), 3)
  await pool.close()
})

for (const [how, expected] of [
  ['throw', 'analysis_crashed'],
  ['exit', 'analysis_crashed'],
  ['memory', 'analysis_memory'],
] as const)
  test(`a worker that breaks by ${how} fails only its own task`, async () => {
    const pool = createPool(1, { entry: broken })
    const first = pool.run(task(how))
    const second = pool.run(task('exit'))
    await assert.rejects(first, code(expected))
    await assert.rejects(second, code('analysis_crashed'), 'the next task got a worker of its own')
    assert.equal(pool.threads(), 0)
    await pool.close()
  })

test('a worker that hangs is ended', async () => {
  const pool = createPool(1, { entry: broken, taskMsMin: 200 })
  await assert.rejects(pool.run(task('hang')), code('analysis_timeout'))
  assert.equal(pool.threads(), 0)
  await pool.close()
})

test('closing ends what runs', async () => {
  const pool = createPool(2, { entry: broken })
  const running = assert.rejects(pool.run(task('hang')), code('analysis_crashed'))
  await sleep(300)
  await pool.close()
  await running
  assert.equal(pool.threads(), 0)
})

test('the configured number of threads, or as many as there are cores', () => {
  assert.equal(poolSize(3), 3)
  assert.ok(poolSize(0) >= 1)
})
