import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { createWrite } from '#kernel/events/write.ts'
import type { Write } from '#kernel/module.ts'
import type { Db, Tables } from '#modules/catalog/store/db.ts'
import { rebuilding } from '#modules/catalog/store/documents.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from '#modules/catalog/testing.ts'
import { DOCUMENTS_VERSION, rebuildDocuments } from './rebuild.ts'

const DOCUMENTS = sql<{ id: string; words: string }>`
  select id, search::text as words from catalog.songs union all
  select id, search::text from catalog.artists union all
  select id, search::text || title_search::text from catalog.albums order by 1`

describe('stored documents after an upgrade', () => {
  let music: MusicFolder
  let c: Catalog
  let db: Db
  before(async () => {
    music = await musicFolder()
    for (const [i, title] of ['Київ', 'Für Elise', "Rock 'n' Roll", '北京'].entries())
      await music.put(
        `${i}.mp3`,
        mp3({ title, artist: `Artist ${i} feat. Ke$ha`, album: `Álbum ${i}`, albumArtist: 'P!nk' }),
      )
    c = await startCatalog({ musicDirs: [music.root] })
    db = c.app.app.ports.db.kysely as unknown as Db
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
  })
  const documents = async () => (await DOCUMENTS.execute(db)).rows
  /** What a version that read nothing but the first word would have left. */
  async function makeOld(): Promise<void> {
    for (const table of ['songs', 'artists', 'albums'])
      await sql`update ${sql.table(`catalog.${table}`)} set search = 'old'`.execute(db)
    await sql`update catalog.albums set title_search = 'old'`.execute(db)
    await sql`update catalog.search_state set version = 0, building = null, kind = null, after_id = null`.execute(db)
  }
  /** Transactions of a process that is killed after so many of them. */
  function writeUntilKilled(parts: number): Write<Tables> {
    const write = createWrite(db as never, () => {}) as unknown as Write<Tables>
    let left = parts
    return async (work) => {
      if (left-- === 0) throw new Error('killed')
      return write(work)
    }
  }
  const rebuild = (write: Write<Tables>) =>
    rebuildDocuments({ db, write, cache: c.app.app.ports.cache }, new AbortController().signal)

  test('a new installation is of the version of this program', async () => {
    await c.app.eventually(async () => (await rebuilding(db)).version === DOCUMENTS_VERSION, 'the version')
  })

  test('are made anew as a scan makes them, wherever the process is killed meanwhile', async () => {
    const wanted = await documents()
    for (let parts = 0; parts < 7; parts++) {
      await makeOld()
      assert.notDeepEqual(await documents(), wanted)
      await rebuild(writeUntilKilled(parts)).catch(() => {})
      assert.equal((await rebuilding(db)).version, parts < 6 ? 0 : DOCUMENTS_VERSION, `${parts} parts`)
      await rebuild(writeUntilKilled(-1))
      assert.deepEqual(await documents(), wanted, `killed after ${parts} parts`)
    }
  })

  test('what another version began is begun anew', async () => {
    const wanted = await documents()
    await makeOld()
    await sql`update catalog.search_state set building = -1, kind = 'song'`.execute(db)
    await rebuild(writeUntilKilled(-1))
    assert.deepEqual(await documents(), wanted)
  })
})
