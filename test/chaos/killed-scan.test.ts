import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeLibrary } from '#test/fixtures/audio.ts'
import { allSongs, eventually, makeHouse, needsProc, scanned } from './house.ts'

const FILES = 1200
/** Kill when this many songs are there: with the first of them, and far on. */
const KILL_AT = [1, 700]
const ENV = { ENABLE_ANALYSIS: 'false' }

test('kill -9 during a scan: every song once, ids kept, nothing left behind', needsProc, async (t) => {
  const house = makeHouse(t)
  await writeLibrary(house.music, FILES)
  const told = new Map<string, string>()
  const killedAt: number[] = []
  for (const least of KILL_AT) {
    const product = await house.start(ENV)
    const admin = await house.admin(product)
    // What has been answered before the kill must hold after it.
    const songs = await eventually(async () => {
      const all = await allSongs(admin)
      return all.length >= least && all
    }, `${least} songs`)
    for (const { id, title } of songs) told.set(title, id)
    await house.kill(product)
    killedAt.push(songs.length)
  }
  assert.ok((killedAt[0] ?? FILES) < FILES, `killed after ${killedAt.join(', ')} of ${FILES}`)

  const product = await house.start(ENV)
  const admin = await house.admin(product)
  const status = await scanned(admin, FILES)
  assert.equal(status['faultCount'], 0)
  const songs = await allSongs(admin)
  assert.equal(songs.length, FILES)
  assert.deepEqual(new Set(songs.map((s) => s.title)).size, FILES)
  assert.ok(songs.every((s) => !s.isMissing))
  const ids = new Map(songs.map((s) => [s.title, s.id]))
  for (const [title, id] of told) assert.equal(ids.get(title), id, `the id of ${title}`)
  assert.deepEqual((await admin.get('/library/faults')).body['items'], [])
  assert.deepEqual(house.leftovers(), [])
  assert.equal(await product.end('SIGTERM'), 0)
  assert.deepEqual(product.helpers(), [])
  assert.equal(house.postgres(), 0)
})
