import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { Client } from '#kernel/testing.ts'
import { skipWithoutFfmpeg } from '#test/fixtures/audio.ts'
import { tuneWav } from '#test/fixtures/tunes.ts'
import {
  allSongs,
  assertJobsWell,
  eventually,
  type House,
  makeHouse,
  needsProc,
  type Product,
  scanned,
} from './house.ts'

const SECONDS = 300
const DECODED_HZ = 8000
const ENV = { ENABLE_ANALYSIS: 'false' }
const run = promisify(execFile)

type Listener = { product: Product; admin: Client; id: string }
const listen = ({ product, admin, id }: Listener, quality: string): Promise<Response> =>
  fetch(`${product.base}/api/v1/songs/${id}/stream?quality=${quality}`, {
    headers: { authorization: `Bearer ${admin.token}` },
  })
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())

async function open(house: House): Promise<Listener> {
  const product = await house.start(ENV)
  const admin = await house.admin(product)
  await scanned(admin, 1)
  const [song] = await allSongs(admin)
  return { product, admin, id: song?.id ?? '' }
}

/** Reads until `part` of the announced bytes are there, then kills; answers how many there were. */
async function killAtPart(house: House, part: number): Promise<{ got: number; promised: number }> {
  const listener = await open(house)
  const answer = await listen(listener, 'medium')
  assert.equal(answer.status, 200)
  const promised = Number(answer.headers.get('content-length'))
  let got = 0
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  while (got < part * promised) got += (await reader.read()).value?.length ?? 0
  await house.kill(listener.product)
  await reader.cancel().catch(() => {})
  return { got, promised }
}

/** Length of the sound in a file, by decoding all of it. */
async function decodedSec(path: string): Promise<number> {
  const args = ['-v', 'error', '-xerror', '-i', path, '-ac', '1', '-ar', String(DECODED_HZ), '-f', 'u8', '-']
  const { stdout, stderr } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 64 * 1024 ** 2 })
  assert.equal(stderr.toString(), '')
  return stdout.length / DECODED_HZ
}

const unless = { skip: needsProc.skip || skipWithoutFfmpeg() }
test('kill -9 during a transcode: nothing left behind, and the next one is whole', unless, async (t) => {
  const house = makeHouse(t)
  await writeFile(join(house.music, 'long.wav'), tuneWav(SECONDS))
  const early = await killAtPart(house, 0.01)
  assert.ok(early.got < early.promised, 'killed in the middle')
  // With the last byte: the encoder has ended, and the file may be half way into the cache.
  await killAtPart(house, 1)

  const listener = await open(house)
  assert.deepEqual(house.leftovers(), [])
  const [one, other] = await Promise.all([listen(listener, 'medium'), listen(listener, 'medium')])
  const [bytes, same] = await Promise.all([bytesOf(one), bytesOf(other)])
  assert.equal(bytes.length, early.promised)
  assert.ok(bytes.equals(same), 'both listeners hear the same')
  const file = join(house.data, 'heard.mp3')
  await writeFile(file, bytes)
  assert.ok(Math.abs((await decodedSec(file)) - SECONDS) < 0.1, 'as long as the song')
  await eventually(async () => house.leftovers().length === 0, 'the transcode to be kept')
  const again = await bytesOf(await listen(listener, 'medium'))
  assert.ok(again.equals(bytes), 'what is kept is what was heard')
  const rows = await house.sql<{ size_bytes: string }>('select size_bytes from streaming.renditions')
  assert.deepEqual(
    rows.map((r) => Number(r.size_bytes)),
    [bytes.length],
  )
  await assertJobsWell(house)
  assert.equal(await listener.product.end('SIGTERM'), 0)
  assert.deepEqual(listener.product.helpers(), [])
})
