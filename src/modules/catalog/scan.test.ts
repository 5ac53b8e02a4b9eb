import assert from 'node:assert/strict'
import { rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { invalidUtf8Path, png, pngBomb, writeLinkLoop, writeSparse } from '#test/fixtures/audio.ts'
import { type Catalog, listingOf, mp3, type MusicFolder, musicFolder, startCatalog } from './testing.ts'

const ONE = { artist: 'Ann', album: 'Keep', albumArtist: 'Ann', track: '1', audio: 'one' }
type Ready = { songs: { songId: string; contentId: string }[] }

describe('a scan', () => {
  let music: MusicFolder
  let other: MusicFolder
  let c: Catalog
  before(async () => {
    music = await musicFolder()
    other = await musicFolder()
    await music.put('keep/one.mp3', mp3({ ...ONE, title: 'One' }))
    await music.put('keep/two.mp3', mp3({ title: 'Two', artist: 'Ann', album: 'Keep', albumArtist: 'Ann', track: '2' }))
    await other.put('three.mp3', mp3({ title: 'Three', artist: 'Bob' }))
    c = await startCatalog({ musicDirs: [music.root, other.root] })
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
    await other.remove()
  })

  test('takes the configured folders unasked and announces every song once', async () => {
    const status = await c.status()
    assert.deepEqual(
      [status.scan.added, status.songCount, status.albumCount, status.artistCount, status.faultCount],
      [3, 3, 1, 2, 0],
    )
    assert.deepEqual(
      status.folders.map((f) => [f.path, f.state, f.fromConfig, f.isPublic]).sort(),
      [music, other].map((m) => [m.root, 'ok', true, false]).sort(),
    )
    const ready = (await c.events<Ready>('catalog.song-audio-ready.v1')).flatMap((e) => e.songs.map((s) => s.songId))
    assert.deepEqual(ready.sort(), (await c.songs()).map((s) => s.id).sort())
  })

  test('reads nothing again when nothing changed', async () => {
    const { scan } = await c.scan()
    assert.deepEqual([scan.foundFiles, scan.doneFiles, scan.added, scan.changed, scan.moved], [3, 3, 0, 0, 0])
    assert.equal((await c.scan({ full: true })).scan.changed, 3)
  })

  test('keeps the id of a moved file, also into another folder and with other tags', async () => {
    const { id } = await c.song('One')
    await rename(music.at('keep/one.mp3'), music.at('renamed.mp3'))
    assert.equal((await c.scan()).scan.moved, 1)
    assert.equal((await c.song('One')).id, id)
    await other.put('deep/er/uno.mp3', mp3({ ...ONE, title: 'Uno' }))
    await rm(music.at('renamed.mp3'))
    const { scan } = await c.scan()
    assert.deepEqual([scan.moved, scan.added, scan.removed], [1, 0, 0])
    const song = await c.song('Uno')
    assert.equal(song.id, id)
    assert.equal(song.isMissing, false)
    await rename(other.at('deep/er/uno.mp3'), music.at('keep/one.mp3'))
    assert.equal((await c.scan()).scan.moved, 1)
    assert.equal((await c.song('Uno')).id, id)
  })

  test('a removed file leaves the lists, is kept by id, and comes back as the same song from anywhere', async () => {
    const { id } = await c.song('Three')
    await rename(other.at('three.mp3'), `${other.root}-three.mp3`)
    await other.put('filler.mp3', mp3({ title: 'Filler' }))
    const gone = await c.scan()
    assert.equal(gone.scan.removed, 1)
    assert.ok(!(await c.songs()).some((s) => s.id === id))
    const kept = await c.admin.get(`/songs/${id}`)
    assert.deepEqual([kept.status, kept.body['isMissing']], [200, true])
    assert.deepEqual((await c.admin.get('/search?q=three')).body['songs'], [])
    await music.put('back.mp3', mp3({ title: 'Three', artist: 'Bob' }))
    const { scan } = await c.scan()
    assert.deepEqual([scan.moved, scan.added], [1, 0])
    assert.equal((await c.song('Three')).id, id)
    await rm(`${other.root}-three.mp3`)
    assert.deepEqual(await c.events('catalog.songs-removed.v1'), [])
  })

  test('a retag keeps id and audio; other audio at the same path keeps the id and is announced', async () => {
    const announced = async () => (await c.events<Ready>('catalog.song-audio-ready.v1')).length
    await music.put('tag.mp3', mp3({ title: 'Before', artist: 'Cy', audio: 'same' }))
    await c.scan()
    const { id } = await c.song('Before')
    const first = await announced()
    await music.put('tag.mp3', mp3({ title: 'Afterwards', artist: 'Dee', audio: 'same' }))
    assert.equal((await c.scan()).scan.changed, 1)
    assert.equal((await c.song('Afterwards')).id, id)
    assert.equal(await announced(), first)
    assert.ok(!(await c.artists()).some((a) => a.name === 'Cy'), 'an artist with no song left is gone')
    await music.put('tag.mp3', mp3({ title: 'Afterwards', artist: 'Dee', audio: 'another' }))
    await c.scan()
    assert.equal((await c.song('Afterwards')).id, id)
    assert.equal(await announced(), first + 1)
  })

  test('a copy is a song of its own', async () => {
    const bytes = mp3({ title: 'Twin', artist: 'Eve' })
    await music.put('twin-a.mp3', bytes)
    await music.put('twin-b.mp3', bytes)
    assert.equal((await c.scan()).scan.added, 2)
    assert.equal(new Set((await c.songs('&q=twin')).map((s) => s.id)).size, 2)
  })

  test('a file that is moved by copying it first keeps its id, too, however the scans fall', async () => {
    const bytes = mp3({ title: 'Carried', artist: 'Dan' })
    await music.put('carried.mp3', bytes)
    await c.scan()
    const { id } = await c.song('Carried')
    await other.put('carried/here.mp3', bytes)
    assert.equal((await c.scan()).scan.added, 1)
    const copy = (await c.songs('&q=carried')).find((s) => s.id !== id)
    await rm(music.at('carried.mp3'))
    const { scan } = await c.scan()
    assert.deepEqual([scan.moved, scan.removed], [1, 0])
    assert.deepEqual(
      (await c.songs('&q=carried')).map((s) => [s.id, s.isMissing]),
      [[id, false]],
    )
    const [removed] = (await c.events<{ songIds: string[] }>('catalog.songs-removed.v1')).slice(-1)
    assert.deepEqual(removed?.songIds, [copy?.id])
    assert.equal((await c.artists()).find((a) => a.name === 'Dan')?.songCount, 1)
  })

  test('faulty and hostile files are told with their reason, stop nothing, and are taken when mended', async () => {
    await music.put('bad/text.mp3', 'this is no audio at all')
    await music.put('bad/empty.flac', '')
    await music.put('bad/wrong-extension.flac', mp3({ title: 'Wrong Extension' }))
    await writeSparse(music.at('bad/sparse.wav').toString(), 10 * 1024 ** 3)
    await writeLinkLoop(music.at('bad').toString())
    await music.put('bad/bomb.mp3', mp3({ title: 'Bomb', picture: pngBomb(20_000) }))
    await music.put('bad/line\nbreak.mp3', mp3({ title: 'Line Break' }))
    await writeFile(invalidUtf8Path(music.at('bad').toString()), mp3({ title: 'Not Text' }))
    await symlink('..', music.at('bad/loop'))
    const { scan, faultCount } = await c.scan()
    assert.equal(scan.faulty, 4)
    assert.equal(faultCount, 4)
    const faults = (await c.admin.get('/library/faults?count=true')).body as {
      items: { path: string; reasonCode: string }[]
      total: number
    }
    assert.deepEqual(faults.items.map((f) => `${f.path.split('/').at(-1)} ${f.reasonCode}`).sort(), [
      'empty.flac empty',
      'loop.mp3 not_a_file',
      'sparse.wav too_large',
      'text.mp3 not_audio',
    ])
    assert.equal(faults.total, 4)
    for (const title of ['Wrong Extension', 'Line Break', 'Not Text'])
      assert.equal((await c.song(title)).isMissing, false)
    assert.equal((await c.song('Bomb')).coverUrl, null)
    const page = await c.admin.get('/library/faults?limit=2')
    const rest = await c.admin.get(`/library/faults?limit=2&cursor=${page.body['nextCursor']}`)
    assert.equal((rest.body['items'] as unknown[]).length, 2)

    assert.equal((await c.scan()).scan.faulty, 0, 'an unchanged faulty file is not read again')
    await music.put('bad/text.mp3', mp3({ title: 'Mended' }))
    await truncate(music.at('bad/sparse.wav'), 0)
    await rm(music.at('bad/empty.flac'))
    const mended = await c.scan()
    assert.equal((await c.song('Mended')).title, 'Mended')
    assert.equal(mended.faultCount, 2)
    await rm(music.at('bad/sparse.wav'))
    await rm(music.at('bad/loop.mp3'))
    assert.equal((await c.scan()).faultCount, 0)
  })

  test('a file that breaks keeps its song, marked, until it is mended', async () => {
    const good = mp3({ title: 'Fragile', artist: 'Flo' })
    await music.put('fragile.mp3', good)
    await c.scan()
    const { id } = await c.song('Fragile')
    await music.put('fragile.mp3', 'broken')
    await c.scan()
    assert.deepEqual([(await c.song('Fragile')).isMissing, (await c.status()).faultCount], [true, 1])
    await music.put('fragile.mp3', good)
    await c.scan()
    const mended = await c.song('Fragile')
    assert.deepEqual([mended.id, mended.isMissing, (await c.status()).faultCount], [id, false, 0])
  })

  test('a folder that is unplugged loses nothing and comes back whole', async () => {
    const was = (await c.songs()).map((s) => s.id).sort()
    const aside = `${other.root}-unplugged`
    await rename(other.root, aside)
    const away = await c.scan()
    assert.equal(away.folders.find((f) => f.path === other.root)?.state, 'unreachable')
    const songs = await c.songs()
    assert.deepEqual(songs.map((s) => s.id).sort(), was)
    assert.ok(songs.some((s) => s.isMissing) && songs.some((s) => !s.isMissing))
    await rename(aside, other.root)
    const back = await c.scan()
    assert.equal(back.folders.find((f) => f.path === other.root)?.state, 'ok')
    assert.deepEqual([back.scan.added, back.scan.changed, back.scan.removed], [0, 0, 0])
    assert.ok((await c.songs()).every((s) => !s.isMissing))
  })

  test('a folder that is empty all at once counts as unplugged, too', async () => {
    const empty = await musicFolder()
    const aside = `${other.root}-mounted`
    await rename(other.root, aside)
    await rename(empty.root, other.root)
    const away = await c.scan()
    assert.equal(away.folders.find((f) => f.path === other.root)?.state, 'unreachable')
    assert.equal(away.scan.removed, 0)
    await rm(other.root, { recursive: true })
    await rename(aside, other.root)
    assert.equal((await c.scan()).folders.find((f) => f.path === other.root)?.state, 'ok')
  })

  test('writes nothing into the music folders', async () => {
    await utimes(music.at('twin-a.mp3'), 1e9, 1e9)
    const listing = await listingOf(music.root)
    await c.scan({ full: true })
    assert.deepEqual(await listingOf(music.root), listing)
  })

  test('covers: embedded before folder picture, kept once, with a colour; a new folder picture is noticed', async () => {
    const red = png(64, 64, [220, 20, 20])
    const blue = png(64, 64, [20, 20, 220])
    const album = { artist: 'Gil', album: 'Colours', albumArtist: 'Gil' }
    await music.put('colours/1.mp3', mp3({ title: 'Red', ...album, track: '1', picture: red }))
    await music.put('colours/2.mp3', mp3({ title: 'Bare', ...album, track: '2' }))
    await c.scan()
    const song = await c.song('Red')
    assert.match(song.coverUrl ?? '', new RegExp(`^/api/v1/songs/${song.id}/cover\\?v=[0-9a-f]{8}$`))
    assert.match(song.coverColor ?? '', /^#(?:[c-f][0-9a-f])(?:[0-3][0-9a-f]){2}$/)
    assert.equal((await c.song('Bare')).coverUrl, null)
    const shown = (await c.albums()).find((a) => a.title === 'Colours')
    assert.equal(shown?.coverColor, song.coverColor)
    assert.match((await c.artists()).find((a) => a.name === 'Gil')?.imageUrl ?? '', /^\/api\/v1\/artists\//)
    await music.put('colours/folder.png', blue)
    await c.scan()
    assert.match((await c.song('Bare')).coverColor ?? '', /^#(?:[0-3][0-9a-f]){2}[c-f][0-9a-f]$/)
    assert.equal((await c.song('Red')).coverUrl, song.coverUrl)
  })

  test('lyrics: a file beside wins over what is embedded', async () => {
    await music.put('sung.mp3', mp3({ title: 'Sung', lyrics: 'embedded words' }))
    await c.scan()
    const { id } = await c.song('Sung')
    assert.equal((await c.admin.get(`/songs/${id}/lyrics`)).body['plain'], 'embedded words')
    await music.put('sung.lrc', '[00:01.50]First\n[00:03.00]Second\n')
    await c.scan()
    const { body } = await c.admin.get(`/songs/${id}/lyrics`)
    assert.deepEqual(body['lines'], [
      { timeMs: 1500, text: 'First' },
      { timeMs: 3000, text: 'Second' },
    ])
    assert.equal((await c.song('Sung')).hasLyrics, true)
  })

  test('a file beside that is a link is no lyrics: it may name any file of the server', async () => {
    await music.put('linked.mp3', mp3({ title: 'Linked', lyrics: 'embedded words' }))
    await symlink('/etc/passwd', music.at('linked.lrc'))
    await c.scan()
    const { id } = await c.song('Linked')
    assert.equal((await c.admin.get(`/songs/${id}/lyrics`)).body['plain'], 'embedded words')
  })
})
