import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createWrite } from '#kernel/events/write.ts'
import { songAnalyzed } from '#modules/analysis/events.ts'
import { ALBUM_SORTS, SONG_SORTS, type Song } from './schema.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, putMany, startCatalog } from './testing.ts'

const COUNT = 60

describe('lists', () => {
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

  for (const sort of SONG_SORTS)
    test(`songs by ${sort}: pages of any size are one list, without gap or double`, async () => {
      const whole = await c.pages(`/songs?sort=${sort}`, 500)
      assert.equal(whole.length, COUNT)
      const parts = await c.pages(`/songs?sort=${sort}`, 7)
      assert.equal(new Set(parts.map((s) => s.id)).size, COUNT)
      if (sort !== 'random')
        assert.deepEqual(
          parts.map((s) => s.id),
          whole.map((s) => s.id),
        )
      else
        assert.notDeepEqual(
          parts.map((s) => s.id),
          whole.map((s) => s.id),
        )
    })
  for (const sort of ALBUM_SORTS)
    test(`albums by ${sort}: the same`, async () => {
      const whole = await c.pages(`/albums?sort=${sort}`, 500)
      const parts = await c.pages(`/albums?sort=${sort}`, 4)
      assert.ok(whole.length > 20)
      assert.deepEqual(new Set(parts.map((s) => s.id)), new Set(whole.map((s) => s.id)))
      assert.equal(parts.length, whole.length)
    })

  test('sorts mean what they say', async () => {
    const by = async (sort: string) => c.songs(`&sort=${sort}`)
    const titles = (await by('title')).map((s) => s.title.replace('The ', ''))
    assert.deepEqual(titles, titles.toSorted())
    const artists = [...new Set((await by('artist')).map((s) => s.artist))]
    assert.deepEqual(artists, ['ABBA', 'Ärzte', 'bôa', 'Österreich', 'The Zombies'])
    const years = (await by('year')).map((s) => s.year ?? 9999)
    assert.deepEqual(
      years,
      years.toSorted((a, b) => a - b),
    )
    assert.equal((await by('-year')).at(-1)?.year, null)
    const lengths = (await by('-duration')).map((s) => s.durationMs)
    assert.deepEqual(
      lengths,
      lengths.toSorted((a, b) => b - a),
    )
    const ids = (await by('newest')).map((s) => s.id)
    assert.deepEqual(ids, ids.toSorted().toReversed())
    assert.deepEqual(
      (await c.artists()).map((a) => a.name),
      ['ABBA', 'Ärzte', 'bôa', 'Österreich', 'The Zombies'],
    )
  })

  test('a page after an insert goes on where the last one ended', async () => {
    const first = await c.admin.get('/songs?sort=title&limit=20')
    await music.put('new.mp3', mp3({ title: 'Aaa first of all', artist: 'ABBA' }))
    await c.scan()
    const second = (await c.admin.get(`/songs?sort=title&limit=500&cursor=${first.body['nextCursor']}`)).body[
      'items'
    ] as Song[]
    const ids = new Set((first.body['items'] as Song[]).map((s) => s.id))
    assert.equal(second.length, COUNT - 20)
    assert.ok(!second.some((s) => ids.has(s.id)))
  })

  test('a cursor that is none, or of another sort, is a bad_cursor', async () => {
    const { body } = await c.admin.get('/songs?sort=year&limit=2')
    for (const path of [
      '/songs?cursor=nonsense',
      `/songs?sort=title&cursor=${body['nextCursor']}`,
      `/albums?sort=year&cursor=${Buffer.from('["year","x","y",1]').toString('base64url')}`,
      `/songs?sort=random&cursor=${Buffer.from('["random","99999999999999999999","01900000-0000-7000-8000-000000000001",1]').toString('base64url')}`,
    ]) {
      const answer = await c.admin.get(path)
      assert.deepEqual([answer.status, answer.body['code']], [400, 'bad_cursor'], path)
    }
  })

  test('filters by genre, artist, album, year and text, alone and together, with a total', async () => {
    const total = async (query: string) =>
      (await c.admin.get(`/songs?limit=1&count=true&${query}`)).body['total'] as number
    const all = await c.songs()
    const count = (f: (s: Song) => boolean) => all.filter(f).length
    assert.equal(
      await total('genre=ROCK'),
      count((s) => /rock/i.test(s.genres[0] ?? '')),
    )
    assert.equal(
      await total('artist=abba'),
      count((s) => s.artist === 'ABBA'),
    )
    const abba = (await c.artists()).find((a) => a.name === 'ABBA')
    assert.equal(await total(`artist=${abba?.id}`), await total('artist=ABBA'))
    assert.equal(
      await total('album=album%203'),
      count((s) => s.album?.title === 'Album 3'),
    )
    assert.equal(
      await total('year=1991&genre=jazz'),
      count((s) => s.year === 1991 && s.genres.includes('Jazz')),
    )
    assert.equal(
      await total('q=song%20zombies'),
      count((s) => s.artist === 'The Zombies'),
    )
    assert.equal(await total('artist=unheard'), 0)
    assert.equal((await c.admin.get(`/albums?limit=500&artist=${abba?.id}`)).body['items'].length, 7)
    assert.equal((await c.admin.get('/songs?limit=9999')).status, 400)
  })

  test('genres that fold alike are one', async () => {
    const { items } = (await c.admin.get('/genres')).body as { items: { name: string; songCount: number }[] }
    assert.deepEqual(
      items.map((g) => [g.name.toLowerCase(), g.songCount]),
      [
        ['rock', 30],
        ['hip-hop', 15],
        ['jazz', 15],
      ],
    )
  })

  test('a batch keeps its order and leaves unknown ids out', async () => {
    const ids = (await c.songs())
      .slice(0, 5)
      .map((s) => s.id)
      .toReversed()
    const unknown = '01900000-0000-7000-8000-000000000001'
    const { body } = await c.admin.post('/songs/batch', { ids: [unknown, ...ids] })
    assert.deepEqual(
      (body['items'] as Song[]).map((s) => s.id),
      ids,
    )
  })

  test('analysis facts arrive by event and can be filtered by', async () => {
    const song = (await c.songs())[0] as Song
    const ports = c.app.app.ports
    const write = createWrite(ports.db.kysely, () => void ports.pubsub.publish('kernel.events', null))
    const facts = {
      songId: song.id,
      tempo: 128.02,
      key: 'D minor',
      camelot: '7A',
      energy: 0.8,
      loudnessLufs: -9,
      truePeakDbtp: 0.5,
    }
    await write((_tx, emit) => emit(songAnalyzed, { ...facts, state: 'completed' }))
    const seen = await c.app.eventually(async () => {
      const { body } = await c.admin.get(`/songs/${song.id}`)
      return body['analysisStatus'] === 'completed' && (body as unknown as Song)
    }, 'the facts')
    assert.deepEqual([seen.tempo, seen.key, seen.camelot, seen.energy, seen.gainDb], [128.02, 'D minor', '7A', 0.8, -9])
    for (const query of ['key=d%20minor', 'key=7a', 'bpmMin=128&bpmMax=129', 'energyMin=0.7'])
      assert.deepEqual(
        (await c.songs(`&${query}`)).map((s) => s.id),
        [song.id],
        query,
      )
    assert.deepEqual(await c.songs('&bpmMax=100'), [])
  })
})
