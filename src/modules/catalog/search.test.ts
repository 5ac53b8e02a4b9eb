import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Album, Artist, Song } from './schema.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from './testing.ts'

const LIBRARY: [title: string, artist: string, album: string][] = [
  ['Symphony No. 5', 'Ludwig van Beethoven', 'The Nine Symphonies'],
  ['Symphony No. 9', 'Ludwig van Beethoven', 'The Nine Symphonies'],
  ['Roll Over Beethoven', 'Chuck Berry', 'Rock It'],
  ['Army of Me', 'Björk', 'Post'],
  ['Hyperballad', 'Björk', 'Post'],
  ['Smells Like Teen Spirit', 'Nirvana', 'Nevermind'],
  ['Love', 'John Lennon', 'Plastic Ono Band'],
  ['Love Me Do', 'The Beatles', 'Please Please Me'],
  ['All You Need Is Love', 'The Beatles', 'Magical Mystery Tour'],
  ['Losing My Religion', 'R.E.M.', 'Out of Time'],
  ['Thunderstruck', 'AC/DC', 'The Razors Edge'],
  ['上を向いて歩こう', '坂本九', 'Sukiyaki'],
  ['!!!', '!!!', 'Louden Up Now'],
  ['Für Elise', 'Ludwig van Beethoven', 'Bagatelles'],
  ['The Piano Sonatas', 'Alfred Brendel', 'Sonatas'],
]

describe('search', () => {
  let music: MusicFolder
  let c: Catalog
  before(async () => {
    music = await musicFolder()
    for (const [i, [title, artist, album]] of LIBRARY.entries())
      await music.put(`${i}.mp3`, mp3({ title, artist, album, albumArtist: artist }))
    c = await startCatalog({ musicDirs: [music.root] })
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
  })
  const search = async (q: string) => {
    const { body, status } = await c.admin.get(`/search?q=${encodeURIComponent(q)}`)
    assert.equal(status, 200)
    return {
      songs: (body['songs'] as Song[]).map((s) => s.title),
      albums: (body['albums'] as Album[]).map((a) => a.title),
      artists: (body['artists'] as Artist[]).map((a) => a.name),
    }
  }

  test('groups by kind, and puts the whole title before its beginning before a word inside', async () => {
    assert.deepEqual((await search('love')).songs, ['Love', 'Love Me Do', 'All You Need Is Love'])
    const { artists, songs } = await search('beethoven')
    assert.deepEqual(artists, ['Ludwig van Beethoven'])
    assert.equal(songs[0], 'Roll Over Beethoven', 'a title counts more than an artist')
    assert.equal(songs.length, 4)
  })

  test('folds diacritics and case both ways', async () => {
    assert.deepEqual((await search('bjork')).artists, ['Björk'])
    assert.deepEqual((await search('BJÖRK')).artists, ['Björk'])
    assert.deepEqual((await search('fur elise')).songs, ['Für Elise'])
  })

  test('forgives typing errors: one in short words, two in longer ones', async () => {
    assert.deepEqual((await search('bethoven')).artists, ['Ludwig van Beethoven'])
    assert.deepEqual((await search('beathofen')).artists, ['Ludwig van Beethoven'])
    assert.deepEqual((await search('bjrok')).artists, ['Björk'])
    assert.deepEqual((await search('nirvanna')).artists, ['Nirvana'])
    assert.deepEqual((await search('smels like ten spirit')).songs, ['Smells Like Teen Spirit'])
    assert.deepEqual((await search('xqzvwk')).songs, [])
  })

  test('finds while one types, also with an error in the beginning', async () => {
    for (const q of ['beet', 'beeth', 'bethov', 'hyperb', 'hyprball']) assert.ok((await search(q)).songs.length > 0, q)
    assert.deepEqual((await search('b')).artists, ['Björk', 'The Beatles'])
    assert.deepEqual((await search('lo')).songs.toSorted(), ['Losing My Religion', 'Love', 'Love Me Do'])
  })

  test('finds words that stand in title, artist and album together, in any order', async () => {
    assert.deepEqual((await search('beethoven symphony 5')).songs, ['Symphony No. 5'])
    assert.deepEqual((await search('post bjork army')).songs, ['Army of Me'])
    assert.deepEqual((await search('nine symphonies')).albums, ['The Nine Symphonies'])
    assert.deepEqual((await search('beatles love')).songs.toSorted(), ['All You Need Is Love', 'Love Me Do'])
  })

  test('knows initials, articles, signs and scripts without spaces', async () => {
    assert.deepEqual((await search('rem')).artists, ['R.E.M.'])
    assert.deepEqual((await search('acdc')).artists, ['AC/DC'])
    assert.deepEqual((await search('ac/dc')).artists, ['AC/DC'])
    assert.deepEqual((await search('the beatles')).artists, ['The Beatles'])
    assert.deepEqual((await search('beatles')).artists, ['The Beatles'])
    assert.deepEqual((await search('!!!')).artists, ['!!!'])
    assert.deepEqual((await search('坂本')).artists, ['坂本九'])
    assert.deepEqual((await search('歩こう')).songs, ['上を向いて歩こう'])
  })

  test('takes any text for what it is', async () => {
    for (const q of ["'", "a' | b", ':*', '\\', '%', '& !', '(((', 'x'.repeat(200), '😀', 'a '.repeat(90)])
      await search(q)
    assert.equal((await c.admin.get('/search?q=')).status, 400)
    assert.equal((await c.admin.get('/songs?q=%27%20%7C')).status, 200)
  })
})
