import assert from 'node:assert/strict'
import { rename, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { io, type Socket } from 'socket.io-client'
import type { Client } from '#kernel/testing.ts'
import { skipWithoutFfmpeg, writeLibrary } from '#test/fixtures/audio.ts'
import { tuneWav } from '#test/fixtures/tunes.ts'
import { allSongs, assertJobsWell, eventually, makeHouse, needsProc, type Product, scanned } from './house.ts'

const SMALL_FILES = 800
const LONG_SECONDS = 300
/** Told to end, it is gone after this also on a busy machine; a quiet one needs a second. */
const STOP_MS_MAX = 8000

/** Takes the first bytes and then no more, as a paused player does. */
const slowly = (product: Product, admin: Client, path: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = get(`${product.base}/api/v1${path}`, { headers: { authorization: `Bearer ${admin.token}` } })
    request.once('response', (answer) => {
      answer.once('data', () => answer.pause())
      answer.on('error', () => {})
      resolve(answer)
    })
    request.once('error', reject)
  })

async function connected(product: Product, admin: Client): Promise<Socket> {
  const socket = io(product.base, { transports: ['websocket'], auth: { token: admin.token }, reconnection: false })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })
  return socket
}

const unless = { skip: needsProc.skip || skipWithoutFfmpeg() }
test('SIGTERM in the middle of everything ends it in order, and the next start goes on', unless, async (t) => {
  const house = makeHouse(t)
  for (const n of [1, 2]) await writeFile(join(house.music, `.long ${n}.wav`), tuneWav(LONG_SECONDS + n))
  for (const n of [1, 2]) await rename(join(house.music, `.long ${n}.wav`), join(house.music, `a long ${n}.wav`))
  const first = await house.start({ ANALYSIS_WORKERS: '1' })
  const admin = await house.admin(first)
  await scanned(admin, 2)
  const long = (await allSongs(admin)).find((s) => s.title === 'a long 1')?.id
  const socket = await connected(first, admin)
  await slowly(first, admin, `/songs/${long}/stream`)
  await writeLibrary(house.music, SMALL_FILES)
  await admin.post('/library/scan')
  await eventually(async () => {
    const { body } = await admin.get('/library/status')
    return body['songCount'] > 2
  }, 'the scan at work')
  const work = await house.sql<{ state: string }>(`select state from analysis.songs where state <> 'completed'`)
  assert.ok(work.length > 0, 'analysis at work')
  const second = await house.refused()
  assert.equal(second.code, 1)
  assert.match(second.said, /Another Tutti \(process \d+\) already runs on .*: stop it first/)
  assert.equal((await admin.get('/auth/me')).status, 200, 'the first one is unharmed')

  await slowly(first, admin, `/songs/${long}/stream?quality=high`)
  const metrics = await (await fetch(`${first.base}/metrics`)).text()
  assert.match(metrics, /transcodes_active 1\b/)
  const toldMs = performance.now()
  assert.equal(await first.end('SIGTERM'), 0)
  const tookMs = performance.now() - toldMs
  t.diagnostic(`ended after ${Math.round(tookMs)} ms`)
  assert.ok(tookMs < STOP_MS_MAX, `ended after ${tookMs} ms`)
  await eventually(async () => socket.disconnected, 'the socket to hear of it')
  assert.deepEqual(first.helpers(), [])
  assert.equal(house.postgres(), 0)
  assert.match(house.postgresLog(), /database system is shut down\n$/)
  assert.deepEqual(house.leftovers(), [])
  assert.doesNotMatch(first.said(), /"level":(50|60)/)

  const next = await house.start({ ANALYSIS_WORKERS: '1' })
  assert.doesNotMatch(house.postgresLog(), /not properly shut down|automatic recovery/)
  const attempts = await house.sql<{ attempts: number }>('select attempts from graphile_worker.jobs where attempts > 1')
  assert.deepEqual(attempts, [], 'nobody lost a try')
  await assertJobsWell(house)
  await scanned(await house.admin(next), SMALL_FILES + 2)
  assert.equal(await next.end('SIGTERM'), 0)
})
