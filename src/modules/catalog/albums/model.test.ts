import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as fc from 'fast-check'
import { createModel, type Model, type ModelSong, WHO, type Who } from './model.ts'
import { type Albums, startAlbums, titlesOf } from './testing.ts'

const SONGS_EACH = 2
const RUNS = 8
const STEPS_MAX = 12

type Op =
  | { kind: 'create'; who: Who; songs: number[]; isPublic: boolean }
  | { kind: 'add'; who: Who; album: number; songs: number[]; position: number | undefined }
  | { kind: 'set'; who: Who; album: number; songs: number[] }
  | { kind: 'remove'; who: Who; album: number; song: number }
  | { kind: 'show'; who: Who; album: number; isPublic: boolean | undefined }
  | { kind: 'showSong'; who: Who; song: number; isPublic: boolean }
  | { kind: 'hide'; album: number; isVisible: boolean }
  | { kind: 'hideSong'; song: number; isVisible: boolean }
  | { kind: 'delete'; who: Who; album: number }

/** Mostly the artist and their songs: so that much comes together on few albums. */
const who = fc.constantFrom<Who>('artist', 'artist', 'artist', 'artist', 'admin', 'user', 'stranger', 'nobody')
const album = fc.nat(1)
const song = fc.oneof(
  { weight: 3, arbitrary: fc.nat(SONGS_EACH - 1) },
  { weight: 2, arbitrary: fc.nat(SONGS_EACH * 4 - 1) },
)
const songs = fc.uniqueArray(song, { minLength: 1, maxLength: 4 })
const maybe = fc.option(fc.boolean(), { nil: undefined })
const of = <T extends object>(kind: Op['kind'], fields: { [F in keyof T]: fc.Arbitrary<T[F]> }) =>
  fc.record({ kind: fc.constant(kind), ...fields }) as unknown as fc.Arbitrary<Op>
const op: fc.Arbitrary<Op> = fc.oneof(
  of('create', { who, songs, isPublic: fc.boolean() }),
  of('add', { who, album, songs, position: fc.option(fc.nat(5), { nil: undefined }) }),
  of('set', { who, album, songs }),
  of('remove', { who, album, song }),
  { weight: 3, arbitrary: of('show', { who, album, isPublic: maybe }) },
  of('showSong', { who, song, isPublic: fc.boolean() }),
  of('hide', { album, isVisible: fc.boolean() }),
  { weight: 2, arbitrary: of('hideSong', { song, isVisible: fc.boolean() }) },
  { weight: 1, arbitrary: of('delete', { who, album }) },
)
const begin: fc.Arbitrary<Op> = of('create', { who: fc.constant<Who>('artist'), songs, isPublic: fc.boolean() })

const steps = fc.array(fc.tuple(op, fc.constantFrom(...WHO)), { minLength: 6, maxLength: STEPS_MAX })

let a: Albums
before(async () => {
  a = await startAlbums(SONGS_EACH)
})
after(() => a?.stop())

const TITLES = ['A', 'U', 'S', 'L'].flatMap((letter) =>
  Array.from({ length: SONGS_EACH }, (_, i) => `${letter}${i + 1}`),
)
const OWNERS = { A: 'artist', U: 'user', S: 'stranger', L: 'library' } as const
const titlesFor = (numbers: readonly number[]) => numbers.map((n) => TITLES[n % TITLES.length] as string)

/** As at the beginning: no album, all songs private and in sight. */
async function anew(): Promise<Model> {
  await a.sql(`update catalog.songs set album_id = null, is_public = false, is_visible = true, public_via = null`)
  await a.sql('delete from catalog.albums')
  await a.c.app.app.ports.cache.invalidate(['catalog'])
  const all = TITLES.map((title): [string, ModelSong] => {
    const owner = OWNERS[title[0] as keyof typeof OWNERS]
    return [title, { owner, isPublic: false, isVisible: true, via: null }]
  })
  return createModel(new Map(all))
}

const albumAt = (m: Model, n: number): string | undefined => [...m.albums.keys()][n % Math.max(1, m.albums.size)]

type OnAlbum = Exclude<Op, { kind: 'create' | 'showSong' | 'hideSong' }>
type Deeds = { [K in OnAlbum['kind']]: (m: Model, id: string, o: OnAlbum & { kind: K }) => Promise<[number, number]> }

/** Each done here and in the model: the status that came, and the one that should have. */
const deeds: Deeds = {
  async add(m, id, o) {
    const titles = titlesFor(o.songs)
    const { status } = await a.people[o.who].post(`/albums/${id}/songs`, {
      songIds: titles.map(a.id),
      position: o.position,
    })
    return [status, m.add(o.who, id, titles, o.position)]
  },
  async set(m, id, o) {
    const titles = titlesFor(o.songs)
    const named = titles.map((t) => ({ songId: a.id(t) }))
    const { status } = await a.people[o.who].put(`/albums/${id}/songs`, { songs: named })
    return [status, m.set(o.who, id, titles)]
  },
  async remove(m, id, o) {
    const [title] = titlesFor([o.song]) as [string]
    const { status } = await a.people[o.who].delete(`/albums/${id}/songs/${a.id(title)}`)
    return [status, m.remove(o.who, id, title)]
  },
  async show(m, id, o) {
    const body = o.isPublic === undefined ? undefined : { isPublic: o.isPublic }
    const { status } = await a.people[o.who].patch(`/albums/${id}/visibility`, body)
    return [status, m.show(o.who, id, o.isPublic)]
  },
  async hide(m, id, o) {
    m.hide(id, o.isVisible)
    return [(await a.people.admin.patch(`/admin/albums/${id}/visible`, { isVisible: o.isVisible })).status, 200]
  },
  async delete(m, id, o) {
    return [(await a.people[o.who].delete(`/albums/${id}`)).status, m.delete(o.who, id)]
  },
}

/** Both answer alike. */
async function perform(m: Model, o: Op): Promise<void> {
  if (o.kind === 'create') return create(m, o)
  if (o.kind === 'showSong' || o.kind === 'hideSong') return performOnSong(m, o)
  const id = albumAt(m, o.album)
  if (id === undefined) return
  const deed = deeds[o.kind] as (m: Model, id: string, o: OnAlbum) => Promise<[number, number]>
  const [status, expected] = await deed(m, id, o)
  assert.equal(status, expected, JSON.stringify(o))
}

async function create(m: Model, o: Op & { kind: 'create' }): Promise<void> {
  const titles = titlesFor(o.songs)
  const body = { title: `Album ${m.albums.size}`, songIds: titles.map(a.id), isPublic: o.isPublic }
  const answer = await a.people[o.who].post('/albums', body)
  assert.equal(answer.status, m.create(o.who, titles, o.isPublic), JSON.stringify(o))
  if (answer.status === 201) m.made(String(answer.body.id), o.who, titles, o.isPublic)
}

async function performOnSong(m: Model, o: Op & { kind: 'showSong' | 'hideSong' }): Promise<void> {
  const [title] = titlesFor([o.song]) as [string]
  if (o.kind === 'showSong') {
    const { status } = await a.people[o.who].patch(`/songs/${a.id(title)}/visibility`, { isPublic: o.isPublic })
    assert.equal(status, m.showSong(o.who, title, o.isPublic), JSON.stringify(o))
    return
  }
  m.hideSong(title, o.isVisible)
  assert.equal(
    (await a.people.admin.patch(`/admin/songs/${a.id(title)}/visible`, { isVisible: o.isVisible })).status,
    200,
  )
}

type Listed = { id: string; songCount: number; durationMs: number; isPublic: boolean; isVisible: boolean }

/** Everything that `who` can see of albums is what the model says, in its order and counted alike. */
async function compare(m: Model, asking: Who): Promise<void> {
  const client = a.people[asking]
  const listed = new Map(((await client.get('/albums?limit=100')).body.items as Listed[]).map((x) => [x.id, x]))
  const visible = [...m.albums].filter(([, album]) => m.seesAlbum(asking, album))
  assert.deepEqual([...listed.keys()].sort(), visible.map(([id]) => id).sort(), `the list of ${asking}`)
  for (const [id, album] of m.albums) {
    const { status, body } = await client.get(`/albums/${id}`)
    if (!m.seesAlbum(asking, album)) {
      assert.equal(status, m.refusal(asking, undefined), `${asking} sees no ${id}`)
      continue
    }
    const titles = m.seen(asking, album.titles)
    const durationMs = titles.reduce((sum, t) => sum + a.song(t).durationMs, 0)
    for (const shown of [body as Listed, listed.get(id) as Listed])
      assert.deepEqual(
        [shown.songCount, shown.durationMs, shown.isPublic, shown.isVisible],
        [titles.length, durationMs, album.isPublic, album.isVisible],
        `what ${asking} is told of ${id}`,
      )
    assert.deepEqual(titlesOf(body), titles, `the songs of ${id} for ${asking}`)
  }
  const songsSeen = (await a.c.songs('', client)).map((s) => s.title).sort()
  assert.deepEqual(songsSeen, m.seen(asking, [...m.songs.keys()]).sort(), `the songs of ${asking}`)
  if (asking === 'nobody') return
  const mine = ((await client.get('/albums/user/my-albums?limit=100&sort=oldest')).body.items as Listed[]).map(
    (x) => x.id,
  )
  assert.deepEqual(
    mine,
    [...m.albums].filter(([, x]) => x.owner === asking).map(([id]) => id),
    `albums of ${asking}`,
  )
}

/** What chance comes to too seldom. Songs by number: 0 and 1 are the artist's, the last two the library's. */
const ARTIST = { who: 'artist', album: 0 } as const
const told = (...ops: Op[]): [Op, Who][] => ops.map((o) => [o, 'nobody'])
const made: Op = { kind: 'create', who: 'artist', songs: [0, 1, 6, 7], isPublic: false }
const EXAMPLES: [Op, [Op, Who][]][] = [
  // A hidden song is not published with its album, and shows when it is in sight again: to its owner.
  [
    made,
    told(
      { kind: 'hideSong', song: 0, isVisible: false },
      { kind: 'show', ...ARTIST, isPublic: true },
      { kind: 'hideSong', song: 0, isVisible: true },
    ),
  ],
  // Places are counted among the songs that one sees.
  [
    made,
    told(
      { kind: 'hideSong', song: 0, isVisible: false },
      { kind: 'add', ...ARTIST, songs: [7], position: 1 },
      { kind: 'hideSong', song: 0, isVisible: true },
    ),
  ],
  // What an album published stays so when it is deleted, also by the next album.
  [
    made,
    told(
      { kind: 'show', ...ARTIST, isPublic: true },
      { kind: 'delete', ...ARTIST },
      { ...made, isPublic: true },
      { kind: 'show', ...ARTIST, isPublic: false },
    ),
  ],
  // A song that left the album goes back with it; one published by itself meanwhile does not.
  [
    { ...made, isPublic: true },
    told(
      { kind: 'remove', ...ARTIST, song: 0 },
      { kind: 'showSong', who: 'artist', song: 1, isPublic: true },
      { kind: 'hide', album: 0, isVisible: false },
      { kind: 'show', who: 'admin', album: 0, isPublic: undefined },
    ),
  ],
]

test('whatever is done to albums and songs, everybody sees of them what they may, in order, counted so', async () => {
  await fc.assert(
    fc.asyncProperty(begin, steps, async (first, after) => {
      const m = await anew()
      await perform(m, first)
      for (const [step, asking] of after) {
        await perform(m, step)
        await compare(m, asking)
      }
      for (const asking of WHO) await compare(m, asking)
    }),
    { numRuns: RUNS, examples: EXAMPLES },
  )
})
