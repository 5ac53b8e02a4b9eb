import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { png } from '#test/fixtures/audio.ts'
import type { Artist, LibraryFolder } from './schema.ts'
import { sendForm } from './studio/testing.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from './testing.ts'

const RED = png(80, 80, [200, 20, 20])
const GREEN = png(80, 80, [20, 200, 20])
const BLUE = png(80, 80, [20, 20, 200])
const GREY = png(80, 80, [120, 120, 120])

const song = (artist: string, album: string, year: number, picture: Buffer) =>
  mp3({ title: `${artist} ${album}`, artist, albumArtist: artist, album, year, picture })

let music: MusicFolder
let c: Catalog
before(async () => {
  music = await musicFolder()
  await music.put('Ann/Old/1.mp3', song('Ann', 'Old', 1990, RED))
  await music.put('Ann/New/1.mp3', song('Ann', 'New', 2010, GREEN))
  await music.put('Bob/One/1.mp3', song('Bob', 'One', 2000, RED))
  await music.put('Bob/artist.png', BLUE)
  await music.put('Mixed/Cleo/1.mp3', song('Cleo', 'C', 2000, RED))
  await music.put('Mixed/Dan/1.mp3', song('Dan', 'D', 2000, RED))
  await music.put('Mixed/artist.jpg', BLUE)
  c = await startCatalog({ musicDirs: [music.root] })
})
after(async () => {
  await c?.app.stop()
  await music.remove()
})

const artist = async (name: string, who = c.admin): Promise<Artist> => {
  const found = (await c.artists(who)).find((a) => a.name === name)
  assert.ok(found, name)
  return found
}
const isColor = (color: string | null, [r, g, b]: [number, number, number]): boolean =>
  [r, g, b].every((part, i) => Math.abs(Number.parseInt(color?.slice(1 + i * 2, 3 + i * 2) ?? '', 16) - part) < 24)
async function shows(name: string, rgb: [number, number, number], who = c.admin): Promise<void> {
  await c.app.eventually(async () => isColor((await artist(name, who)).coverColor, rgb), `the picture of ${name}`)
}

describe('the picture of an artist', () => {
  test('is that of the newest album', () => shows('Ann', [20, 200, 20]))

  test('or the one in their folder, and comes with all that stands for it', async () => {
    await shows('Bob', [20, 20, 200])
    const { coverBlurhash, coverPalette, imageUrl } = await artist('Bob')
    assert.equal(coverBlurhash?.length, 36)
    assert.ok(coverPalette && isColor(coverPalette.vibrant, [20, 20, 200]))
    assert.match(imageUrl ?? '', /\/image\?v=[0-9a-f]{8}$/)
  })

  test('where several have songs below it, it is that of the one it is named after, or nobody’s', async () => {
    assert.ok(isColor((await artist('Cleo')).coverColor, [200, 20, 20]))
    await music.put(
      'Cleo/Other/1.mp3',
      mp3({ title: 'x', artist: 'Cleo', albumArtist: 'Cleo', album: 'O', year: 1980 }),
    )
    await music.put('Cleo/Other/2.mp3', mp3({ title: 'y', artist: 'Guest', albumArtist: 'Guest', album: 'P' }))
    await music.put('Cleo/artist.webp', GREY)
    await c.scan()
    await shows('Cleo', [120, 120, 120])
    assert.equal((await artist('Guest')).imageUrl, null)
  })

  test('follows the file: another picture, no picture', async () => {
    await writeFile(music.at('Bob/artist.png'), png(90, 90, [200, 20, 20]))
    await c.scan()
    await shows('Bob', [200, 20, 20])
    await rm(music.at('Bob/artist.png'))
    await c.scan()
    await shows('Bob', [200, 20, 20])
    const { rows } = await c.app.app.ports.db.pool.query(
      `select from catalog.artists where name = 'Bob' and folder_cover_hash is not null`,
    )
    assert.equal(rows.length, 0)
  })

  test('one that cannot be decoded leaves that of the album', async () => {
    await music.put('Ann/artist.jpg', Buffer.from('no picture'))
    await c.scan()
    await shows('Ann', [20, 200, 20])
    await rm(music.at('Ann/artist.jpg'))
    await c.scan()
  })

  test('an admin sets one that goes before all, and takes it away again', async () => {
    const { id } = await artist('Ann')
    const files = [{ name: 'image', bytes: png(60, 60, [20, 20, 200]) }]
    const put = await sendForm(c, c.admin, `PUT /artists/${id}/image`, { files })
    assert.equal(put.status, 200, put.text)
    assert.ok(isColor(put.body['coverColor'], [20, 20, 200]))
    await shows('Ann', [20, 20, 200], await c.app.as('user'))
    const bad = await sendForm(c, c.admin, `PUT /artists/${id}/image`, {
      files: [{ name: 'image', bytes: Buffer.from('<svg/>') }],
    })
    assert.equal(bad.status, 415)
    assert.equal((await sendForm(c, c.admin, `PUT /artists/${id}/image`, {})).body['code'], 'upload_missing')
    const stranger = await sendForm(c, await c.app.as('user'), `PUT /artists/${id}/image`, { files })
    assert.equal(stranger.status, 403)
    assert.equal((await c.admin.delete(`/artists/${id}/image`)).status, 204)
    await shows('Ann', [20, 200, 20])
    assert.equal((await c.admin.delete('/artists/01999999-9999-7999-8999-999999999999/image')).status, 404)
  })

  test('what lies in a folder is for those who may open it, and for nobody until all of it is public', async () => {
    await music.put('Bob/artist.png', BLUE)
    await c.scan()
    await shows('Bob', [20, 20, 200])
    const song = await c.song('Bob One')
    await c.admin.send('PATCH', `/songs/${song.id}/visibility`, { isPublic: true })
    await shows('Bob', [200, 20, 20], c.app.nobody)
    const user = await c.app.as('user')
    await shows('Bob', [20, 20, 200], user)
    const [folder] = (await c.status()).folders as [LibraryFolder]
    await c.admin.send('PUT', `/library/folders/${folder.id}/access`, { isRestricted: true })
    await shows('Bob', [200, 20, 20], user)
    await c.admin.send('PUT', `/library/folders/${folder.id}/access`, { isRestricted: false })
    await c.admin.send('PATCH', `/library/folders/${folder.id}/visibility`, { isPublic: true })
    await shows('Bob', [20, 20, 200], c.app.nobody)
  })
})
