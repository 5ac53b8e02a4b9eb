import assert from 'node:assert/strict'
import { appendFile, rename, rm } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { createDue, touchedBy } from './scan/touched.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from './testing.ts'

describe('the watcher', () => {
  let music: MusicFolder
  let c: Catalog
  const titles = async () => (await c.songs()).map((s) => s.title).sort()
  const until = (wanted: string[], what: string) =>
    c.app.eventually(async () => JSON.stringify(await titles()) === JSON.stringify(wanted), what)
  before(async () => {
    music = await musicFolder()
    await music.put('a/one.mp3', mp3({ title: 'One' }))
    c = await startCatalog({ musicDirs: [music.root], isWatching: true })
    await until(['One'], 'the first scan')
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
  })

  test('takes new files, also in new folders, and says that it watches', async () => {
    assert.equal((await c.status()).scan.state, 'watching')
    await music.put('a/two.mp3', mp3({ title: 'Two' }))
    await music.put('b/c/three.mp3', mp3({ title: 'Three' }))
    await until(['One', 'Three', 'Two'], 'the new files')
  })

  test('follows moves of files and of folders with their ids', async () => {
    const { id } = await c.song('Two')
    await rename(music.at('a/two.mp3'), music.at('b/moved.mp3'))
    await rename(music.at('b'), music.at('renamed'))
    await c.app.eventually(async () => {
      const { rows } = await c.app.app.ports.db.pool.query<{ path_text: string }>(
        `select path_text from catalog.library_files where song_id = $1 and state = 'ok'`,
        [id],
      )
      return rows.some((r) => r.path_text.endsWith('/renamed/moved.mp3'))
    }, 'the new place')
    assert.deepEqual(await titles(), ['One', 'Three', 'Two'])
    assert.equal((await c.song('Two')).id, id)
  })

  test('takes changes of tags, and removals of folders', async () => {
    await music.put('a/one.mp3', mp3({ title: 'Uno' }))
    await until(['Three', 'Two', 'Uno'], 'the new title')
    await rm(music.at('renamed'), { recursive: true })
    await until(['Uno'], 'the removal')
  })

  test('a file that is still being copied is taken when it is whole', async () => {
    const bytes = mp3({ title: 'Slow', seconds: 4 })
    await music.put('slow.mp3', bytes.subarray(0, 8000))
    for (let at = 8000; at < bytes.length; at += 8000) {
      await new Promise((resolve) => setTimeout(resolve, 150))
      await appendFile(music.at('slow.mp3'), bytes.subarray(at, at + 8000))
    }
    await until(['Slow', 'Uno'], 'the copy')
    assert.ok((await c.song('Slow')).durationMs > 3900)
    const events = await c.events<{ songs: { songId: string }[] }>('catalog.song-audio-ready.v1')
    const { id } = await c.song('Slow')
    assert.equal(events.flatMap((e) => e.songs).filter((s) => s.songId === id).length, 1)
  })

  test('what could not be stored is tried again', async () => {
    const { pool } = c.app.app.ports.db
    // A sequence keeps its number when the transaction that took it fails.
    await pool.query(`create sequence refusals; create function refuse() returns trigger language plpgsql as $$
      begin perform nextval('refusals'); raise exception 'refused'; end $$;
      create trigger refuse before insert on catalog.library_files execute function refuse()`)
    await music.put('stubborn.mp3', mp3({ title: 'Stubborn' }))
    await c.app.eventually(async () => {
      const { rows } = await pool.query<{ is_called: boolean }>('select is_called from refusals')
      return rows[0]?.is_called
    }, 'the first try')
    await pool.query('drop trigger refuse on catalog.library_files')
    await until(['Slow', 'Stubborn', 'Uno'], 'the next try')
  })
})

const at = (path: string) => {
  const t = touchedBy('/music', path)
  return t && `${t.extent} ${t.dir.toString()}`
}
test('an event asks for the directory of a file that matters, or for what may be a folder', () => {
  assert.equal(at('/music/a/b.mp3'), 'alone a')
  assert.equal(at('/music/b.lrc'), 'alone ')
  assert.equal(at('/music/a/cover.jpg'), 'alone a')
  assert.equal(at('/music/a/Artist.png'), 'alone a')
  assert.equal(at('/music/a/New Album'), 'below a/New Album')
  assert.equal(at('/music/a/Vol. 2'), 'below a/Vol. 2')
  assert.equal(at('/music/a/notes.pdf'), undefined)
  assert.equal(at('/music/.trash/a.mp3'), undefined)
  assert.equal(at('/music/.trash/.ndignore'), undefined)
  assert.equal(at('/music/a.d/b.mp3/.tuttiignore'), 'below a.d/b.mp3')
  assert.equal(at('/music/.ndignore'), 'below ')
  assert.equal(at('/music/a/\ufffd/b.mp3'), 'below a')
  assert.equal(at('/music'), 'below ')
})

test('a directory is due when it was quiet for a second, or after ten in any case', () => {
  let now = 0
  const due = createDue(() => now)
  const dir = Buffer.from('a')
  due.add({ dir, extent: 'alone' })
  now = 900
  assert.equal(due.take().length, 0)
  due.add({ dir, extent: 'alone' })
  now = 1800
  assert.equal(due.take().length, 0)
  now = 1900
  assert.equal(due.take().length, 1)
  assert.equal(due.take().length, 0)
  for (now = 10_000; now < 20_000; now += 500) {
    due.add({ dir, extent: 'alone' })
    assert.equal(due.take().length, 0)
  }
  due.add({ dir, extent: 'alone' })
  assert.equal(due.take().length, 1)
})

test('very many directories are due as one whole, no later than the first of them', () => {
  let now = 0
  const due = createDue(() => now)
  for (let i = 0; i < 5000; i++) {
    now += 2
    due.add({ dir: Buffer.from(`${i}`), extent: 'alone' })
  }
  const taken = due.take().map((t) => `${t.extent} ${t.dir.toString()}`)
  assert.ok(taken.includes('below '))
  assert.ok(taken.length < 2000)
})
