import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as fc from 'fast-check'
import { createModel, type Model, type ModelSong, WHO, type Who } from './model.ts'
import { type Albums, startAlbums, titlesOf } from './testing.ts'

const SONGS_EACH = 3
const RUNS = 12
const STEPS_MAX = 14

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

const who = fc.constantFrom<Who>('artist', 'artist', 'artist', 'admin', 'user', 'stranger', 'nobody')
const index = fc.nat(99)
const songs = fc.uniqueArray(fc.nat(SONGS_EACH * 4 - 1), { minLength: 1, maxLength: 4 })
const maybe = fc.option(fc.boolean(), { nil: undefined })
const of = <K extends Op['kind'], T extends object>(kind: K, fields: { [F in keyof T]: fc.Arbitrary<T[F]> }) =>
  fc.record({ kind: fc.constant(kind), ...fields }) as unknown as fc.Arbitrary<Op>
const op: fc.Arbitrary<Op> = fc.oneof(
  of('create', { who, songs, isPublic: fc.boolean() }),
  of('add', { who, album: index, songs, position: fc.option(fc.nat(5), { nil: undefined }) }),
  of('set', { who, album: index, songs }),
  of('remove', { who, album: index, song: index }),
  of('show', { who, album: index, isPublic: maybe }),
  of('showSong', { who, song: index, isPublic: fc.boolean() }),
  of('hide', { album: index, isVisible: fc.boolean() }),
  of('hideSong', { song: index, isVisible: fc.boolean() }),
  of('delete', { who, album: index }),
)

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

/** Does it here and in the model; both answer alike. */
async function perform(m: Model, o: Op): Promise<void> {
  if (o.kind === 'create') return create(m, o)
  if (o.kind === 'showSong' || o.kind === 'hideSong') return performOnSong(m, o)
  const id = albumAt(m, o.album)
  if (id === undefined) return
  const path = `/albums/${id}`
  const answers: () => Promise<[number, number]> = async () => {
    switch (o.kind) {
      case 'add': {
        const titles = titlesFor(o.songs)
        const body = { songIds: titles.map(a.id), position: o.position }
        return [(await a.people[o.who].post(`${path}/songs`, body)).status, m.add(o.who, id, titles, o.position)]
      }
      case 'set': {
        const titles = titlesFor(o.songs)
        const body = { songs: titles.map((t) => ({ songId: a.id(t) })) }
        return [(await a.people[o.who].put(`${path}/songs`, body)).status, m.set(o.who, id, titles)]
      }
      case 'remove': {
        const [title] = titlesFor([o.song]) as [string]
        return [(await a.people[o.who].delete(`${path}/songs/${a.id(title)}`)).status, m.remove(o.who, id, title)]
      }
      case 'show': {
        const body = o.isPublic === undefined ? undefined : { isPublic: o.isPublic }
        return [(await a.people[o.who].patch(`${path}/visibility`, body)).status, m.show(o.who, id, o.isPublic)]
      }
      case 'hide': {
        ;(m.albums.get(id) as { isVisible: boolean }).isVisible = o.isVisible
        return [(await a.people.admin.patch(`/admin${path}/visible`, { isVisible: o.isVisible })).status, 200]
      }
      case 'delete':
        return [(await a.people[o.who].delete(path)).status, m.delete(o.who, id)]
    }
  }
  const [status, expected] = await answers()
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
  ;(m.songs.get(title) as ModelSong).isVisible = o.isVisible
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

test('whatever is done to albums and songs, everybody sees of them what they may, in order, counted so', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(op, fc.constantFrom(...WHO)), { minLength: 6, maxLength: STEPS_MAX }),
      async (steps) => {
        const m = await anew()
        for (const [step, asking] of steps) {
          await perform(m, step)
          await compare(m, asking)
        }
        for (const asking of WHO) await compare(m, asking)
      },
    ),
    { numRuns: RUNS },
  )
})
