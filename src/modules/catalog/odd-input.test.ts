import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { postSong } from '#modules/catalog/studio/testing.ts'
import { type Catalog, mp3, startCatalog } from './testing.ts'

let c: Catalog
before(async () => {
  c = await startCatalog()
})
after(() => c.app.stop())

const cursorOf = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString('base64url')
const ID = '00000000-0000-7000-8000-000000000000'
const INT8_MIN = String(-(2n ** 63n))

const ODD = [
  `q=${encodeURIComponent('\ufdfa'.repeat(200))}`,
  `q=${encodeURIComponent('\u337f'.repeat(200))}`,
  'q=%ED%A0%80',
  'bpmMin=-1e308&bpmMax=1e308',
  'bpmMin=1e400',
  'bpmMax=1e39',
  'energyMin=1e-320',
  'bpmMin=1e-46',
  `sort=bpm&cursor=${cursorOf(['bpm', 1e-320, ID, 0])}`,
  `sort=random&cursor=${cursorOf(['random', INT8_MIN, ID, 1])}`,
  `sort=random&cursor=${cursorOf(['random', '9223372036854775807', ID, 2 ** 31 - 1])}`,
  `sort=bpm&cursor=${cursorOf(['bpm', 1e308, ID, 0])}`,
  `sort=year&cursor=${cursorOf(['year', 2 ** 31 - 1, ID, -(2 ** 31) + 1])}`,
  'sort=random&offset=10000000',
]

test('whatever a stranger asks lists and the search, the answer is none of a fault of ours', async () => {
  const faults: string[] = []
  for (const path of ['/songs', '/albums', '/artists', '/search'])
    for (const query of ODD) {
      const { status } = await c.app.nobody.get(`${path}?${query}`)
      if (status !== 200 && status !== 400) faults.push(`${status} ${path}?${query}`)
    }
  assert.deepEqual(faults, [])
})

test('no seed makes a random page visit more than the list has', async () => {
  // 24 bits: a stretch for each of 67 million songs.
  for (const [seed, status] of [
    [24, 400],
    [32 * 5 + 31, 400],
    [-1, 400],
    [32 * 5, 200],
  ] as const) {
    const answer = await c.app.nobody.get(`/songs?sort=random&cursor=${cursorOf(['random', '0', ID, seed])}`)
    assert.equal(answer.status, status, `seed ${seed}`)
  }
})

test('a short list in random order is sorted whole', async () => {
  const user = await c.app.as('user')
  for (const title of ['a', 'b']) await postSong(c, user, mp3({ title }))
  for (const [who, path] of [
    [user, '/users/songs'],
    [c.admin, '/admin/songs'],
  ] as const)
    for (let i = 0; i < 5; i++) {
      const { body } = await who.get(`${path}?sort=random&limit=1`)
      const [, , , seed] = JSON.parse(Buffer.from(body['nextCursor'], 'base64url').toString()) as number[]
      assert.equal((seed as number) % 32, 0, path)
    }
})
