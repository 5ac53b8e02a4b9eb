import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { png } from '#test/fixtures/audio.ts'
import type { Change } from './library/contract.ts'
import { lookAtCovers } from './scan/looks.ts'
import { coverKey } from './scan/covers.ts'
import type { CatalogCtx } from './scan/types.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from './testing.ts'

const COLORS: [number, number, number][] = [
  [200, 20, 20],
  [20, 200, 20],
  [20, 20, 200],
]
let music: MusicFolder
let c: Catalog
before(async () => {
  music = await musicFolder()
  for (const [i, rgb] of COLORS.entries())
    await music.put(`${i}.mp3`, mp3({ title: `S${i}`, artist: 'A', album: `Album ${i}`, picture: png(40, 40, rgb) }))
  c = await startCatalog({ musicDirs: [music.root] })
})
after(async () => {
  await c?.app.stop()
  await music.remove()
})

const looks = async () =>
  (await c.songs('&sort=title')).map(({ coverColor, coverBlurhash, coverPalette }) => ({
    coverColor,
    coverBlurhash,
    coverPalette,
  }))
const ctxOf = (): CatalogCtx => {
  const { db, media, blobs, cache } = c.app.app.ports
  return { db: db.kysely, media, blobs, cache } as unknown as CatalogCtx
}
/** As a program left them that knew of colours alone. */
const makeOld = () =>
  sql`update catalog.covers set look = 0, blurhash = null, palette = null, color = '#000000'`.execute(
    c.app.app.ports.db.kysely,
  )
const left = async () => {
  const { rows } = await c.app.app.ports.db.pool.query<{ n: number }>(
    'select count(*)::int as n from catalog.covers where look = 0',
  )
  return rows[0]?.n
}

test('songs, albums and artists tell what their pictures look like', async () => {
  const found = await looks()
  for (const { coverBlurhash, coverPalette, coverColor } of found) {
    assert.equal(coverBlurhash?.length, 36)
    assert.equal(coverPalette?.dominant, coverColor)
  }
  const [album] = await c.albums()
  assert.equal(album?.coverBlurhash?.length, 36)
  assert.deepEqual(Object.keys(album?.coverPalette ?? {}).sort(), ['dark', 'dominant', 'light', 'text', 'vibrant'])
  const [artist] = await c.artists()
  assert.equal(artist?.coverBlurhash?.length, 36)
})

test('pictures that an older program kept are looked at; what is done stays done when it is ended', async () => {
  const before = await looks()
  await makeOld()
  const ending = new AbortController()
  const ctx = ctxOf()
  let seen = 0
  const media = {
    ...ctx.media,
    look: (input: Parameters<typeof ctx.media.look>[0]) => {
      if (++seen === 2) ending.abort(new Error('the server stops'))
      return ctx.media.look(input)
    },
  }
  await assert.rejects(lookAtCovers({ ...ctx, media }, ending.signal), /the server stops/)
  assert.equal(await left(), COLORS.length - 2)
  await lookAtCovers(ctx, AbortSignal.timeout(20_000))
  assert.equal(await left(), 0)
  assert.deepEqual(await looks(), before)
})

test('one whose bytes are gone or cannot be decoded any more is passed over and keeps its colour', async () => {
  await makeOld()
  const { blobs } = ctxOf()
  const { rows } = await c.app.app.ports.db.pool.query<{ hash: string }>(
    'select hash from catalog.covers order by hash',
  )
  const [first, second] = rows.map((r) => coverKey(r.hash)) as [string, string]
  await blobs.delete(first)
  await blobs.put(second, Buffer.from('no picture'))
  await lookAtCovers(ctxOf(), AbortSignal.timeout(20_000))
  assert.equal(await left(), 0)
  const found = await looks()
  assert.equal(found.filter((l) => l.coverBlurhash === null && l.coverColor === '#000000').length, 2)
})

test('the feed tells of pictures that look otherwise', async () => {
  const { next } = (await c.admin.get('/library/changes?limit=500')).body as { next: string }
  await makeOld()
  const { items } = (await c.admin.get(`/library/changes?limit=500&since=${next}`)).body as { items: Change[] }
  const count = (kind: Change['kind']) => items.filter((i) => i.kind === kind).length
  // The other two were passed over above: they look as old as they did.
  assert.deepEqual([count('song'), count('album'), count('artist')], [1, 1, 1])
})
