import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { partFeatured } from './studio/base.ts'
import type { Song } from './schema.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from './testing.ts'

describe('what tags become', () => {
  let music: MusicFolder
  let c: Catalog
  before(async () => {
    music = await musicFolder()
    const tagged = { album: 'Blue', albumArtist: 'Jo', genre: 'Folk' }
    await music.put(
      'x/CD1/1.mp3',
      mp3({ ...tagged, title: 'D1T1', artist: 'Jo', track: '1/2', disc: '1/2', year: 1971 }),
    )
    await music.put(
      'x/CD1/2.mp3',
      mp3({ ...tagged, title: 'D1T2 (feat. Al & Bea)', artist: 'Jo', track: '2/2', disc: '1/2', year: 1971 }),
    )
    await music.put(
      'elsewhere/3.mp3',
      mp3({
        ...tagged,
        title: 'D2T1',
        artist: 'JO',
        track: '1',
        disc: '2',
        year: 2001,
        album: 'BLUE',
        albumArtist: 'Jô',
      }),
    )
    await music.put('mix/1.mp3', mp3({ title: 'M1', artist: 'Kim', album: 'Mixtape', track: '1' }))
    await music.put('mix/2.mp3', mp3({ title: 'M2', artist: 'Lou', album: 'Mixtape', track: '2' }))
    await music.put('solo/disc 1/1.mp3', mp3({ title: 'S1', artist: 'Max', album: 'Solo', track: '1' }))
    await music.put('solo/disc 2/1.mp3', mp3({ title: 'S2', artist: 'Max', album: 'Solo', track: '2' }))
    await music.put('other/1.mp3', mp3({ title: 'O1', artist: 'Max', album: 'Mixtape', track: '1' }))
    await music.put('bare/07 - Without_Tags.mp3', mp3({ audio: 'bare' }))
    await music.put(
      'multi.mp3',
      mp3({ title: 'Multi', artist: ['Ann', 'Bob'], composer: 'Cho', genre: ['Jazz', 'Blues'] }),
    )
    c = await startCatalog({ musicDirs: [music.root] })
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
  })
  const album = async (title: string, artist: string) => {
    const found = (await c.albums()).find((a) => a.title === title && a.artist === artist)
    assert.ok(
      found,
      `${title} by ${artist} among ${(await c.albums()).map((a) => `${a.title} by ${a.artist}`).join(', ')}`,
    )
    const { body } = await c.admin.get(`/albums/${found.id}`)
    return { ...found, songs: body['songs'] as Song[] }
  }

  test('an album is its title and album artist, however they are spelled and wherever the files are', async () => {
    const blue = await album('Blue', 'Jo')
    assert.deepEqual(
      blue.songs.map((s) => s.title),
      ['D1T1', 'D1T2 (feat. Al & Bea)', 'D2T1'],
    )
    assert.deepEqual([blue.songCount, blue.year, blue.isCompilation, blue.genres], [3, 1971, false, ['Folk']])
    assert.equal(
      blue.durationMs,
      blue.songs.reduce((sum, s) => sum + s.durationMs, 0),
    )
  })

  test('without an album artist the folder decides, disc folders counted as one', async () => {
    const mix = await album('Mixtape', 'Various Artists')
    assert.deepEqual([mix.songs.map((s) => s.title), mix.isCompilation, mix.artists], [['M1', 'M2'], true, []])
    const solo = await album('Solo', 'Max')
    assert.deepEqual([solo.songs.length, solo.isCompilation, solo.artists.map((a) => a.name)], [2, false, ['Max']])
    assert.equal((await album('Mixtape', 'Max')).songCount, 1)
  })

  test('an album that gets another artist becomes various, and the search follows', async () => {
    await music.put('solo/disc 2/2.mp3', mp3({ title: 'S3', artist: 'Ned', album: 'Solo' }))
    await c.scan()
    assert.equal((await album('Solo', 'Various Artists')).songCount, 3)
    const { body } = await c.admin.get('/search?q=solo%20max')
    assert.deepEqual(body['albums'], [])
  })

  test('credits: several artists, featured ones and composers, each an artist of the list', async () => {
    const named = async (title: string) => (await c.song(title)).artists.map((a) => `${a.role} ${a.name}`)
    assert.deepEqual(await named('D1T2 (feat. Al & Bea)'), ['main Jo', 'featured Al', 'featured Bea'])
    assert.deepEqual(await named('Multi'), ['main Ann', 'main Bob', 'composer Cho'])
    assert.equal((await c.song('Multi')).artist, 'Ann, Bob')
    assert.deepEqual((await c.song('Multi')).genres, ['Jazz', 'Blues'])
    const jo = (await c.artists()).find((a) => a.name === 'Jo')
    assert.deepEqual([jo?.songCount, jo?.albumCount], [3, 1])
    const page = await c.admin.get(`/artists/${jo?.id}`)
    assert.deepEqual(
      (page.body['albums'] as { title: string }[]).map((a) => a.title),
      ['Blue'],
    )
  })

  test('a file without tags is known by its name', async () => {
    const song = await c.song('Without Tags')
    assert.deepEqual([song.artist, song.track, song.album], ['Unknown Artist', 7, null])
  })

  test('albums and artists that lost their last song are gone', async () => {
    await mkdir(join(music.root, 'x', '.hidden'))
    await rename(music.at('multi.mp3'), music.at('x/.hidden/multi.mp3'))
    await rename(music.at('other/1.mp3'), music.at('x/.hidden/other.mp3'))
    await c.scan()
    assert.ok(!(await c.artists()).some((a) => a.name === 'Cho'))
    assert.ok(!(await c.albums()).some((a) => a.title === 'Mixtape' && a.artist === 'Max'))
  })
})

test('featured artists are parted from the main one', () => {
  assert.deepEqual(partFeatured('A feat. B & C'), { main: 'A', featured: ['B', 'C'] })
  assert.deepEqual(partFeatured('Song (ft. B, C and D)'), { main: 'Song', featured: ['B', 'C', 'D'] })
  assert.deepEqual(partFeatured('Defeat'), { main: 'Defeat', featured: [] })
})

const WESNOTH = '/usr/share/games/wesnoth/1.16/data/core/music'
const skip = existsSync(WESNOTH) ? false : 'the Debian package wesnoth-1.16-music is not installed'
test('real music: Ogg Vorbis of an orchestra', {
  skip: process.env['TUTTI_TEST_FULL'] === '1' ? false : skip,
}, async () => {
  const c = await startCatalog({ musicDirs: [WESNOTH] })
  try {
    const status = await c.status()
    assert.ok(status.songCount >= 40, `${status.songCount} songs`)
    assert.equal(status.faultCount, 0)
    const songs = await c.songs()
    assert.ok(songs.every((s) => s.codec === 'vorbis' && s.durationMs > 1000 && s.title !== ''))
    const { body } = await c.admin.get('/search?q=battel%20music')
    assert.equal(typeof body['songs'].length, 'number')
  } finally {
    await c.app.stop()
  }
})
