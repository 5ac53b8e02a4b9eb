import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ALBUM_SORTS, SONG_SORTS, type Song } from './schema.ts'
import { type Catalog, type MusicFolder, musicFolder, putMany, startCatalog } from './testing.ts'

const COUNT = 60
const idsOf = (body: Record<string, unknown>): string[] => (body['items'] as Song[]).map((s) => s.id)

describe('lists entered far down', () => {
  let music: MusicFolder
  let c: Catalog
  before(async () => {
    music = await musicFolder()
    await putMany(music, COUNT)
    c = await startCatalog({ musicDirs: [music.root] })
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
  })

  const OFFSETS = [0, 1, 13, COUNT - 1, COUNT]
  for (const sort of SONG_SORTS)
    test(`songs by ${sort}: an offset is as many rows walked, from the start and from a cursor`, async () => {
      // Random is another order each time; its cursor holds on to one.
      const start = (await c.admin.get(`/songs?sort=${sort}&limit=1`)).body
      const from = `/songs?sort=${sort}&cursor=${start['nextCursor']}`
      const rest = (await c.pages(from, 500)).map((s) => s.id)
      assert.equal(rest.length, COUNT - 1)
      for (const offset of OFFSETS) {
        const { body } = await c.admin.get(`${from}&limit=5&offset=${offset}`)
        const ids = idsOf(body)
        assert.deepEqual(ids, rest.slice(offset, offset + 5))
        assert.equal(body['nextCursor'] === null, offset + 5 >= rest.length)
        if (body['nextCursor'] === null) continue
        const next = await c.admin.get(`/songs?sort=${sort}&limit=5&cursor=${body['nextCursor']}`)
        assert.deepEqual(idsOf(next.body), rest.slice(offset + 5, offset + 10))
      }
      if (sort === 'random') return
      const whole = [(start['items'] as Song[])[0]?.id, ...rest]
      for (const offset of OFFSETS) {
        const { body } = await c.admin.get(`/songs?sort=${sort}&limit=500&offset=${offset}&count=true`)
        assert.deepEqual(idsOf(body), whole.slice(offset))
        assert.equal(body['total'], COUNT)
      }
    })
  for (const path of [...ALBUM_SORTS.map((sort) => `/albums?sort=${sort}`), '/artists?', '/songs?genre=jazz'])
    test(`${path}: an offset likewise`, async () => {
      const start = (await c.admin.get(`${path}&limit=1`)).body
      const from = `${path}&cursor=${start['nextCursor']}`
      const rest = (await c.pages(from, 500)).map((s) => s.id)
      for (const offset of [0, 2, rest.length - 1, rest.length]) {
        const { body } = await c.admin.get(`${from}&limit=3&offset=${offset}`)
        assert.deepEqual(idsOf(body), rest.slice(offset, offset + 3))
      }
    })
  test('an offset beyond the bounds is refused', async () => {
    for (const offset of ['-1', '10000001', '1.5', 'far'])
      assert.equal((await c.admin.get(`/songs?offset=${offset}`)).status, 400, offset)
    const { status, body } = await c.admin.get('/songs?offset=10000000')
    assert.deepEqual([status, body['items'], body['nextCursor']], [200, [], null])
  })
})
