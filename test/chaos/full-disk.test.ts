import assert from 'node:assert/strict'
import { statfsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeSmallDisk } from '#kernel/db/embedded/testing-tools.ts'
import { type Answer, clientFor } from '#kernel/testing.ts'
import { skipWithoutFfmpeg } from '#test/fixtures/audio.ts'
import { tuneWav } from '#test/fixtures/tunes.ts'
import { allSongs, assertJobsWell, eventually, makeHouse, needsProc, scanned } from './house.ts'

const DISK_MIB = 400
/** 320 kbit/s of this are 2.4 MB. */
const SECONDS = 60
const ENV = { ENABLE_ANALYSIS: 'false', RATE_LIMIT_AUTH_PER_MIN: '100000' }
/** A table grows by pages: so many rows do not fit into what is left of them. */
const WRITES_MAX = 200
const WRITES_AT_ONCE = 10

/** Leaves so many bytes of the disk. */
async function fill(disk: string, leaveBytes: number): Promise<string> {
  const ballast = join(disk, `ballast-${leaveBytes}`)
  const { bavail, bsize } = statfsSync(disk)
  await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)))
  return ballast
}

const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())

const unless = { skip: needsProc.skip || skipWithoutFfmpeg() }
test(
  'a disk that is full during a transcode: heard all the same, survived, over when there is space',
  unless,
  async (t) => {
    const disk = makeSmallDisk(t, DISK_MIB)
    if (!disk) return t.skip('this user may not mount a tmpfs')
    await mkdir(join(disk, 'data'), { mode: 0o711 })
    const house = makeHouse(t, { data: join(disk, 'data') })
    await writeFile(join(house.music, 'long.wav'), tuneWav(SECONDS))
    const product = await house.start(ENV)
    const admin = await house.admin(product)
    await scanned(admin, 1)
    const id = (await allSongs(admin))[0]?.id
    const listen = (query: string, range?: string) =>
      fetch(`${product.base}/api/v1/songs/${id}/stream${query}`, {
        headers: { authorization: `Bearer ${admin.token}`, ...(range && { range }) },
      })
    const isLive = async () => {
      const answer = await fetch(`${product.base}/health/live`)
      assert.equal(answer.status, 200)
    }

    const ballast = await fill(disk, 600 * 1024)
    // What cannot be kept is heard all the same, and made again for whoever asks again.
    const answer = await listen('?quality=high')
    const heard = await bytesOf(answer)
    assert.equal(heard.length, Number(answer.headers.get('content-length')))
    await eventually(async () => house.pieces().length === 0, 'the disk to be given back')
    const more = await fill(disk, 40 * 1024)
    const far = await bytesOf(await listen('?quality=high', 'bytes=2000000-'))
    assert.ok(far.equals(heard.subarray(2_000_000)), 'the same to the bit')
    assert.equal((await bytesOf(await listen(''))).length, SECONDS * 44_100 + 44)
    await isLive()
    await eventually(async () => house.leftovers().length === 0, 'nothing to be left')
    assert.deepEqual(await house.sql('select * from streaming.renditions'), [])

    // To the last byte: the database cannot grow either.
    const rest = await fill(disk, 0)
    const nobody = clientFor(product.base, '', '')
    const refusals: Answer[] = []
    for (let n = 0; n < WRITES_MAX && refusals.length === 0; n += WRITES_AT_ONCE) {
      const made = await Promise.all(
        Array.from({ length: WRITES_AT_ONCE }, (_, i) => {
          const username = `user${n + i}`
          return nobody.post('/auth/register', {
            username,
            email: `${username}@example.org`,
            password: 'a long enough word',
          })
        }),
      )
      refusals.push(...made.filter(({ status }) => status !== 201))
    }
    const shown = refusals.map(({ status, body }) => `${status} ${body['code']}`)
    assert.deepEqual([...new Set(shown)], ['507 disk_full'])
    await isLive()

    await Promise.all([ballast, more, rest].map((path) => rm(path)))
    const whole = await bytesOf(await listen('?quality=high'))
    assert.ok(whole.length > 2_300_000)
    await eventually(async () => (await house.sql('select * from streaming.renditions')).length === 1, 'it to be kept')
    assert.ok((await bytesOf(await listen('?quality=high'))).equals(whole))
    await assertJobsWell(house)
    assert.deepEqual(house.leftovers(), [])
    assert.equal(await product.end('SIGTERM'), 0)
  },
)
