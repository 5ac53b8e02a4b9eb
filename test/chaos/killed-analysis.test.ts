import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { framesIntact, readFrameHeader } from '#engines/audio/index.ts'
import type { Client } from '#kernel/testing.ts'
import { skipWithoutFfmpeg } from '#test/fixtures/audio.ts'
import { tuneWav } from '#test/fixtures/tunes.ts'
import { allSongs, assertJobsWell, eventually, makeHouse, needsProc, type Product } from './house.ts'

const SONGS = 5
const SECONDS = 30
/** Kill while a song is at work and at least so many are done. */
const KILL_AT = [0, 2]
const ENV = { ANALYSIS_WORKERS: '1' }

type Queue = { waiting: number; processing: number; completed: number; failed: number }
const queueOf = async (admin: Client) => (await admin.get('/analysis/queue')).body as Queue
type Done = { content_id: string; analyzed_at: string }

/** The frames are sealed with a CRC; the waveform covers the whole song. */
async function assertWhole(product: Product, admin: Client, id: string): Promise<void> {
  const headers = { authorization: `Bearer ${admin.token}` }
  const frames = await fetch(`${product.base}/api/v1/songs/${id}/frames`, { headers })
  assert.equal(frames.status, 200)
  const bytes = new Uint8Array(await frames.arrayBuffer())
  assert.ok(framesIntact(bytes), 'the seal of the frames')
  assert.ok(readFrameHeader(bytes).frameCount >= SECONDS * 59)
  const waveform = await admin.get(`/songs/${id}/waveform?points=200`)
  const { durationSec, points, max } = waveform.body as { durationSec: number; points: number; max: number[] }
  assert.deepEqual([waveform.status, points], [200, 200])
  assert.ok(durationSec >= SECONDS - 0.1 && max.every((v) => v > 0))
}

const unless = { skip: needsProc.skip || skipWithoutFfmpeg() }
test('kill -9 during analysis: what is done stays, the rest is done, nothing is stuck', unless, async (t) => {
  const house = makeHouse(t)
  // Lengths differ, so that no song is another's copy.
  const files = Array.from({ length: SONGS }, (_, i) => [`song ${i}.wav`, tuneWav(SECONDS + i / 4)] as const)
  for (const [name, bytes] of files) await writeFile(join(house.music, name), bytes)
  const done = () => house.sql<Done>('select content_id, analyzed_at::text from analysis.features order by 1')
  const kept: Done[] = []
  for (const least of KILL_AT) {
    const product = await house.start(ENV)
    const admin = await house.admin(product)
    await eventually(
      async () => {
        const queue = await queueOf(admin)
        return queue.processing > 0 && queue.completed >= least && queue
      },
      `an analysis at work after ${least}`,
      30_000,
    )
    await house.kill(product)
    kept.push(...(await done()))
  }
  assert.ok(kept.length > 0 && (await done()).length < SONGS, 'killed in the middle')

  const product = await house.start(ENV)
  const admin = await house.admin(product)
  await eventually(async () => (await queueOf(admin)).completed === SONGS, 'all songs', 60_000)
  const { waiting, processing, completed, failed } = await queueOf(admin)
  assert.deepEqual([waiting, processing, completed, failed], [0, 0, SONGS, 0])
  const found = new Set((await done()).map((row) => JSON.stringify(row)))
  for (const row of kept) assert.ok(found.has(JSON.stringify(row)), `${row.content_id} was analysed again`)
  for (const { id } of await allSongs(admin)) await assertWhole(product, admin, id)
  await assertJobsWell(house)
  assert.deepEqual(house.leftovers(), [])
  assert.equal(await product.end('SIGTERM'), 0)
  assert.deepEqual(product.helpers(), [])
})
