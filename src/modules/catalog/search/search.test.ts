import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Album, Artist, Song } from '#modules/catalog/schema.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from '#modules/catalog/testing.ts'

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
  ['So What', 'P!nk', 'Funhouse'],
  ['TiK ToK', 'Ke$ha', 'Animal'],
  ['Mrs. Robinson', 'Simon & Garfunkel', 'Bookends'],
  ["Rock'n'Roll Train", 'AC/DC', 'Black Ice'],
  ['Seven Nation Army', 'The White Stripes', 'Elephant'],
  ['Black Dog', 'Led Zeppelin', 'Led Zeppelin IV'],
  ['Get Lucky', 'Daft Punk', 'Random Access Memories'],
  ['Обійми', 'Київ', 'Земля'],
  ['Ελλάδα', 'Βαγγέλης', 'Ωδές'],
  ['봄날', '방탄소년단', '서울'],
  ['稻香', '周杰伦', '北京'],
  ['Pamyu', 'きゃりーぱみゅぱみゅ', 'なんだこれ'],
  ['Quentins Theme', 'Quen', 'Film Music'],
  ...Array.from({ length: 12 }, (_, i): [string, string, string] => [`Anthem ${i + 1}`, 'Queen', 'Anthems']),
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
    assert.deepEqual((await search('b')).artists.slice(0, 2), ['Björk', 'The Beatles'])
    assert.deepEqual((await search('lo')).songs.slice(0, 3).toSorted(), ['Losing My Religion', 'Love', 'Love Me Do'])
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

  test('reads signs, conjunctions and numbers as they are said, however they are written', async () => {
    for (const q of ['p!nk', 'pink', 'pnk', 'PINK so what'])
      assert.ok((await search(q)).artists.includes('P!nk') || (await search(q)).songs.includes('So What'), q)
    for (const q of ['kesha', 'ke$ha', 'Ke$ha tik tok']) assert.deepEqual((await search(q)).songs, ['TiK ToK'], q)
    for (const q of ['simon and garfunkel', 'simon & garfunkel', 'simon garfunkel'])
      assert.deepEqual((await search(q)).artists, ['Simon & Garfunkel'], q)
    for (const q of ['rock and roll train', 'rock n roll train', "rock'n'roll train"])
      assert.deepEqual((await search(q)).songs, ["Rock'n'Roll Train"], q)
    assert.deepEqual((await search('7 nation army')).songs, ['Seven Nation Army'])
    assert.deepEqual((await search('led zeppelin 4')).albums, ['Led Zeppelin IV'])
    assert.deepEqual((await search('fuer elise')).songs, ['Für Elise'])
  })

  test('finds other scripts by Latin letters, and the other way round', async () => {
    for (const [q, artist] of [
      ['kyiv', 'Київ'],
      ['vaggelis', 'Βαγγέλης'],
      ['zhou jie lun', '周杰伦'],
      ['zhoujielun', '周杰伦'],
      ['jielun', '周杰伦'],
      ['周杰', '周杰伦'],
      ['kyari', 'きゃりーぱみゅぱみゅ'],
      ['bangtan', '방탄소년단'],
    ] as const)
      assert.ok((await search(q)).artists.includes(artist), q)
    for (const [q, album] of [
      ['beijing', '北京'],
      ['bei jing', '北京'],
      ['seoul', '서울'],
      ['zemlya', 'Земля'],
    ] as const)
      assert.deepEqual((await search(q)).albums, [album], q)
    assert.deepEqual((await search('нирвана')).artists, ['Nirvana'])
    assert.deepEqual((await search('ellada')).songs, ['Ελλάδα'])
  })

  test('forgives a space that was forgotten, and one too many', async () => {
    assert.deepEqual((await search('daftpunk')).artists, ['Daft Punk'])
    assert.deepEqual((await search('daftpu')).artists, ['Daft Punk'])
    assert.deepEqual((await search('beat les')).artists, ['The Beatles'])
    assert.deepEqual((await search('hyper ballad')).songs, ['Hyperballad'])
  })

  test('takes a rare word for what is much likelier, but says first what was typed', async () => {
    const { artists, songs } = await search('quen')
    assert.deepEqual(artists.slice(0, 2), ['Quen', 'Queen'])
    assert.equal(songs[0], 'Quentins Theme')
    assert.ok(songs.length > 5)
  })

  test('leaves out words that nothing is like, and one of three that stand nowhere together', async () => {
    assert.deepEqual((await search('nirvana xqzvwk')).artists, ['Nirvana'])
    assert.deepEqual((await search('daft punk lucky video')).songs, ['Get Lucky'])
    assert.deepEqual((await search('nirvana spirit hyperballad')).songs[0], 'Smells Like Teen Spirit')
  })

  test('tells nobody of words that only hidden songs hold: neither finds them nor forgives errors towards them', async () => {
    const pool = c.app.app.ports.db.pool
    await pool.query("update catalog.songs set is_visible = false where title = 'Hyperballad'")
    const user = await c.app.as('user')
    const of = async (who: typeof user, q: string) =>
      ((await who.get(`/search?q=${q}`)).body['songs'] as Song[]).filter((s) => s.title === 'Hyperballad').length
    try {
      for (const q of ['hyperballad', 'hyperb', 'hyprballad', 'hyper%20ballad']) {
        assert.equal(await of(user, q), 0, q)
        assert.equal(await of(c.app.nobody, q), 0, q)
        assert.equal(await of(c.admin, q), 1, q)
      }
      // A list says as little: that the word exists does not keep errors from being forgiven.
      const list = async (who: typeof user, q: string) =>
        ((await who.get(`/songs?q=${q}`)).body['items'] as Song[]).map((s) => s.title)
      await pool.query("update catalog.songs set search = search || 'nirvanna'::tsvector where title = 'Hyperballad'")
      assert.deepEqual(await list(c.admin, 'nirvanna'), ['Hyperballad'])
      assert.deepEqual(await list(user, 'nirvanna'), ['Smells Like Teen Spirit'])
    } finally {
      await pool.query("update catalog.songs set is_visible = true where title = 'Hyperballad'")
    }
  })

  test('takes any text for what it is', async () => {
    for (const q of ["'", "a' | b", ':*', '\\', '%', '& !', '(((', 'x'.repeat(200), '😀', 'a '.repeat(90)])
      await search(q)
    assert.equal((await c.admin.get('/search?q=')).status, 400)
    assert.equal((await c.admin.get('/songs?q=%27%20%7C')).status, 200)
  })
})
