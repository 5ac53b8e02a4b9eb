import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { skipWithoutFfmpeg } from '#test/fixtures/audio.ts'
import { allSongs, eventually, makeHouse, needsProc } from './house.ts'
import { MANY, writeHostile } from './hostile-files.ts'

const BEAT_EVERY_MS = 100
const BEAT_MS_MAX = 1000
const ODD_SONGS = 9 // the halves and the odd tags: songs whose title is nobody's promise
const ENV = { ENABLE_ANALYSIS: 'false', TRANSCODES_MAX: '64' }

/** Asks all the time whether the server lives; `end` answers the longest it took. */
function heartbeat(base: string): { end(): Promise<number> } {
  const ending = new AbortController()
  let longestMs = 0
  const beating = (async () => {
    while (!ending.signal.aborted) {
      const fromMs = performance.now()
      const answer = await fetch(`${base}/health/live`)
      assert.equal(answer.status, 200)
      longestMs = Math.max(longestMs, performance.now() - fromMs)
      await sleep(BEAT_EVERY_MS)
    }
  })()
  return {
    async end() {
      ending.abort()
      await beating
      return longestMs
    },
  }
}

type Fault = { path: string; reasonCode: string; reason: string }
type Problem = { code: string; detail: string }

const unless = { skip: needsProc.skip || skipWithoutFfmpeg() }
test('a folder of hostile files: the good ones play, the bad ones are told with a reason', unless, async (t) => {
  const house = makeHouse(t)
  const hostile = await writeHostile(house.music)
  t.after(() => hostile.close())
  const product = await house.start(ENV)
  const beat = heartbeat(product.base)
  t.after(() => beat.end())
  const admin = await house.admin(product)
  await eventually(
    async () => {
      const { scan } = (await admin.get('/library/status')).body
      return scan.state !== 'scanning' && scan.finishedAt !== null
    },
    'the scan',
    30_000,
  )
  const songs = await allSongs(admin)
  const faults = (await admin.get('/library/faults?limit=500')).body['items'] as Fault[]

  const ask = (id: string, path: string, headers = {}) =>
    fetch(`${product.base}/api/v1/songs/${id}${path}`, {
      headers: { authorization: `Bearer ${admin.token}`, ...headers },
    })
  const byTitle = (title: string) => songs.find((s) => s.title === title)?.id ?? assert.fail(`no song ${title}`)
  for (const title of [...hostile.good, ...hostile.bombs]) byTitle(title)
  assert.equal(songs.filter((s) => /^Track \d+$/.test(s.title)).length, MANY)
  assert.equal(songs.length, MANY + hostile.good.length + hostile.bombs.length + ODD_SONGS)
  for (const { id, title } of songs.filter((s) => !s.title.startsWith('Track '))) {
    const part = { range: 'bytes=0-99' }
    const [original, transcode] = [await ask(id, '/stream', part), await ask(id, '/stream?quality=low', part)]
    const lengths = [(await original.arrayBuffer()).byteLength, (await transcode.arrayBuffer()).byteLength]
    assert.deepEqual([original.status, transcode.status, ...lengths], [206, 206, 100, 100], title)
    assert.ok(title.isWellFormed() && title.trim() !== '' && !title.includes('\0'), JSON.stringify(title))
  }
  for (const title of hostile.bombs) {
    const cover = await ask(byTitle(title), '/cover?size=256')
    const { code, detail } = (await cover.json()) as Problem
    assert.ok([404, 422].includes(cover.status) && code !== '' && detail.endsWith('.'), `${cover.status} ${code}`)
  }
  for (const [name, codes] of Object.entries(hostile.bad)) {
    const fault = faults.find((f) => f.path.endsWith(`/${name}`)) ?? assert.fail(`nothing is said of ${name}`)
    assert.ok(codes.includes(fault.reasonCode), `${name}: ${fault.reasonCode}`)
    assert.match(fault.reason, /^[A-Z].{20,}\.$/, name)
  }
  const [folder] = (await admin.get('/library/status')).body['folders']
  assert.match(String(folder.detail), /deep/)
  const longestMs = await beat.end()
  t.diagnostic(`the slowest answer meanwhile took ${Math.round(longestMs)} ms`)
  assert.ok(longestMs < BEAT_MS_MAX, `${longestMs} ms`)
  // A transcode that nobody listens to any more may just be on its way into the cache.
  await eventually(async () => house.leftovers().length === 0, `nothing left over: ${house.leftovers().join()}`)
  assert.equal(await product.end('SIGTERM'), 0)
  assert.deepEqual(product.helpers(), [])
})
