import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import type { Lyrics, Song } from '#modules/catalog/schema.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from '#modules/catalog/testing.ts'
import { postSong } from './testing.ts'

describe('lyrics that people write', () => {
  let music: MusicFolder
  let c: Catalog
  let user: Client
  let id: string
  before(async () => {
    music = await musicFolder()
    await music.put('a.mp3', mp3({ title: 'Of the library', lyrics: 'of the file' }))
    c = await startCatalog({ musicDirs: [music.root] })
    user = await c.app.as('user')
    id = (await postSong(c, user, mp3({ title: 'Sung', lyrics: 'embedded' })))['id'] as string
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
  })

  const read = async (of = id, who: Client = user): Promise<Lyrics> =>
    (await who.get(`/songs/${of}/lyrics`)).body as Lyrics
  const hasLyrics = async (of = id): Promise<boolean> => ((await c.admin.get(`/songs/${of}`)).body as Song).hasLyrics

  test('plain, by line and by word; a GET can be put back as it is', async () => {
    assert.deepEqual([(await read()).plain, (await read()).sync], ['embedded', 'none'])
    const plain = await user.put(`/songs/${id}/lyrics`, { plain: ' one\r\ntwo\u0007 ' })
    assert.deepEqual(plain.body, { songId: id, plain: 'one\ntwo', lines: [], sync: 'none' })
    const lines = [
      { timeMs: 3000, text: 'second' },
      { timeMs: 1000, text: ' first  line ' },
    ]
    const timed = (await user.put(`/songs/${id}/lyrics`, { lines })).body as Lyrics
    assert.deepEqual([timed.sync, timed.plain], ['line', 'first line\nsecond'])
    assert.deepEqual(timed.lines, [
      { timeMs: 1000, text: 'first line' },
      { timeMs: 3000, text: 'second' },
    ])
    const words = [
      { timeMs: 1000, text: 'Hello' },
      { timeMs: 1400, text: 'you' },
    ]
    const worded = (await user.put(`/songs/${id}/lyrics`, { lines: [{ timeMs: 1000, text: 'Hello you', words }] }))
      .body as Lyrics
    assert.deepEqual([worded.sync, worded.lines[0]?.words?.map((w) => w.text)], ['word', ['Hello ', 'you']])
    const { plain: text, lines: whole } = worded
    assert.deepEqual((await user.put(`/songs/${id}/lyrics`, { plain: text, lines: whole })).body, worded)
    assert.deepEqual(await read(), worded)
  })

  test('an LRC file in, and out again', async () => {
    const lrc = '[ar:Nobody]\n[offset:+100]\n[00:02.10]Second\n[00:01.10]<00:01.10>By <00:01.60>word\n'
    const put = (await user.put(`/songs/${id}/lyrics`, { lrc })).body as Lyrics
    assert.deepEqual([put.sync, put.plain], ['word', 'By word\nSecond'])
    const out = await user.get(`/songs/${id}/lyrics?format=lrc`)
    assert.match(out.headers.get('content-type') ?? '', /^text\/plain/)
    assert.equal(out.text, '[00:01.00]<00:01.00>By <00:01.50>word\n[00:02.00]Second\n')
    assert.deepEqual((await user.put(`/songs/${id}/lyrics`, { lrc: out.text })).body, put)
    assert.equal((await user.put(`/songs/${id}/lyrics`, { lrc: 'no times\nat all' })).body['plain'], 'no times\nat all')
    assert.equal((await user.get(`/songs/${id}/lyrics?format=lrc`)).text, 'no times\nat all')
  })

  test('what is wrong with them is told', async () => {
    const cases: [unknown, number, string][] = [
      [{ lrc: 'x', plain: 'y' }, 400, 'lyrics_twice'],
      [
        { lines: [{ timeMs: 0, text: 'one two', words: [{ timeMs: 0, text: 'one three' }] }] },
        422,
        'lyrics_words_differ',
      ],
      [{ lines: [{ timeMs: -1, text: 'x' }] }, 400, 'invalid_input'],
      [{ lines: [{ timeMs: 0, text: 'x'.repeat(2001) }] }, 400, 'invalid_input'],
      [{ lines: Array.from({ length: 5001 }, () => ({ timeMs: 0, text: '' })) }, 400, 'invalid_input'],
      [{ plain: 'x\u0000' }, 400, 'invalid_input'],
      [{ text: 'x' }, 400, 'invalid_input'],
    ]
    const before = await read()
    for (const [body, status, code] of cases) {
      const answer = await user.put(`/songs/${id}/lyrics`, body)
      assert.deepEqual([answer.status, answer.body['code']], [status, code], JSON.stringify(body).slice(0, 80))
    }
    assert.deepEqual(await read(), before)
  })

  test('taken away they stay away; a request that says nothing brings those of the file back', async () => {
    assert.equal((await user.delete(`/songs/${id}/lyrics`)).status, 204)
    assert.deepEqual([(await read()).plain, await hasLyrics()], [null, false])
    assert.equal((await user.put(`/songs/${id}/lyrics`, {})).body['plain'], 'embedded')
    assert.equal(await hasLyrics(), true)
  })

  test('those of the library are for admins, outlive what the file says, and the file is never written', async () => {
    const song = await c.song('Of the library')
    assert.equal((await user.put(`/songs/${song.id}/lyrics`, { plain: 'no' })).status, 403)
    assert.equal((await c.admin.put(`/songs/${song.id}/lyrics`, { plain: 'by an admin' })).status, 200)
    await music.put('a.mp3', mp3({ title: 'Of the library', lyrics: 'of the file, later', audio: 'other' }))
    await c.scan()
    assert.deepEqual([(await read(song.id)).plain, await hasLyrics(song.id)], ['by an admin', true])
    await c.admin.delete(`/songs/${song.id}/lyrics`)
    await c.scan({ full: true })
    assert.deepEqual([(await read(song.id)).plain, await hasLyrics(song.id)], [null, false])
    assert.equal((await c.admin.put(`/songs/${song.id}/lyrics`, { plain: null })).body['plain'], 'of the file, later')
    await music.put('a.lrc', '[00:01.00]<00:01.00>Be<00:01.20>side\n')
    await c.scan()
    assert.deepEqual((await read(song.id)).lines[0]?.words, [
      { timeMs: 1000, text: 'Be' },
      { timeMs: 1200, text: 'side' },
    ])
  })
})
