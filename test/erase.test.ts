import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pruneEvents } from '#kernel/events/relay.ts'
import type { Client } from '#kernel/testing.ts'
import {
  makePerson,
  makeWorld,
  needlesOf,
  PASSWORD,
  quirina,
  searchFiles,
  searchTables,
  settled,
  tablesOf,
  type World,
} from './erase-person.ts'

/** `none`: holds nothing of a person. `erased`: rows go, or lose the person. `later`: {@link LATER} says what stays and how long. */
type Treatment = 'none' | 'erased' | 'later'

/** Every table of the database. A new one fails the test until somebody has thought of the people in it. */
const TABLES: Readonly<Record<string, Treatment>> = {
  'analysis.control': 'none',
  'analysis.features': 'none',
  'analysis.songs': 'none',
  'analysis.timelines': 'none',
  'catalog.album_artists': 'none',
  'catalog.album_songs': 'erased',
  'catalog.albums': 'erased',
  'catalog.artist_pictures': 'none',
  'catalog.artists': 'none',
  'catalog.assets': 'erased',
  'catalog.changes': 'erased',
  'catalog.covers': 'none',
  'catalog.duplicates': 'none',
  // Digests of ids, for a day.
  'catalog.erased_owners': 'none',
  'catalog.feed_state': 'none',
  'catalog.folder_users': 'erased',
  'catalog.folders': 'none',
  'catalog.known_artists': 'erased',
  'catalog.library_files': 'erased',
  'catalog.list_versions': 'none',
  'catalog.lyrics': 'erased',
  'catalog.scan_state': 'none',
  'catalog.search_state': 'none',
  'catalog.song_artists': 'none',
  'catalog.song_facets': 'none',
  'catalog.songs': 'erased',
  'catalog.tallies': 'erased',
  'catalog.uploads': 'erased',
  // Single words of titles, tied to nothing.
  'catalog.words': 'none',
  'graphile_worker._private_job_queues': 'none',
  'graphile_worker._private_jobs': 'erased',
  'graphile_worker._private_known_crontabs': 'none',
  'graphile_worker._private_tasks': 'none',
  'graphile_worker.migrations': 'none',
  'identity.api_keys': 'erased',
  'identity.audit_log': 'erased',
  'identity.blocks': 'erased',
  'identity.exchange_codes': 'erased',
  'identity.flows': 'erased',
  'identity.identities': 'erased',
  'identity.letters': 'erased',
  'identity.mail_tokens': 'erased',
  'identity.refresh_tokens': 'erased',
  'identity.sessions': 'erased',
  'identity.setup_code': 'none',
  'identity.users': 'erased',
  'kernel.cron_runs': 'none',
  'kernel.dead_events': 'none',
  'kernel.event_cursors': 'none',
  'kernel.events': 'later',
  'kernel.idempotency': 'erased',
  'kernel.job_workers': 'none',
  'kernel.jobs': 'none',
  'kernel.migrations': 'none',
  'kernel.signing_keys': 'none',
  'streaming.link_keys': 'none',
  'streaming.renditions': 'none',
  'streaming.timelines': 'none',
}
/** Events tell every module whom to forget, and the audit log what was hidden: the bare id, for the seven days that they are kept. */
const LATER = { table: 'kernel.events', events: ['identity.user-deleted.v1', 'catalog.moderated.v1'], days: 7 }

describe('nothing is left of a person', () => {
  let w: World
  before(async () => {
    w = await makeWorld()
  })
  after(() => w.stop())

  test('every table of the database says what it does with people', async () => {
    assert.deepEqual(await tablesOf(w), Object.keys(TABLES).toSorted())
  })

  const ways: Readonly<Record<string, (her: Client) => Promise<{ status: number; text: string }>>> = {
    'who leaves by herself': (her) => her.send('DELETE', '/users/me', { password: PASSWORD }),
    'whom an admin erases': (her) => w.admin.delete(`/admin/users/${her.userId}`),
  }
  for (const [way, erase] of Object.entries(ways))
    test(`of one ${way}`, async () => {
      const her = await makePerson(w)
      const needles = needlesOf(her.userId)
      const before = new Set((await searchTables(w, needles)).map((f) => f.where))
      const seeded = Object.keys(TABLES).filter((t) => TABLES[t] !== 'none')
      // Invariant: the search can find. A table whose rows name nobody by a word is told from the others by its rows' going.
      const wordless = [
        'catalog.album_songs',
        'catalog.library_files',
        'catalog.lyrics',
        'graphile_worker._private_jobs',
        'identity.refresh_tokens',
      ]
      assert.deepEqual([...before].toSorted(), seeded.filter((t) => !wordless.includes(t)).toSorted())
      const [song] = await w.sql('select id from catalog.songs where owner_id = $1', [her.userId])
      const counts = () =>
        w.sql(
          'select (select count(*)::int from identity.refresh_tokens) as tokens, (select count(*)::int from catalog.songs) as songs',
        )
      const [was] = await counts()

      const answer = await erase(her)
      assert.equal(answer.status, 204, answer.text)
      await settled(w)

      const left = await searchTables(w, needles)
      assert.deepEqual(
        left.filter((f) => f.where !== LATER.table || !LATER.events.some((name) => f.text.includes(name))),
        [],
      )
      assert.ok(left.length > 0, 'the event is kept')
      for (const word of needlesOf(her.userId).slice(1, Object.keys(quirina).length + 1))
        assert.ok(!left.some((f) => f.text.toLowerCase().includes(word)), 'more than the bare id')
      assert.deepEqual(await searchFiles(w, needles), [])
      const pictures = await readdir(join(w.app.dataDir, 'blobs', 'identity', 'avatars'))
      assert.deepEqual(pictures, [], 'her pictures')
      const [is] = await counts()
      assert.equal(Number(was?.['tokens']) - Number(is?.['tokens']), 2, 'refresh tokens')
      assert.equal((await w.admin.get(`/songs/${String(song?.['id'])}`)).status, 404, 'her song')
      assert.deepEqual(await w.sql('select from catalog.library_files where song_id = $1', [song?.['id']]), [])
      assert.deepEqual(await w.sql('select from catalog.album_songs'), [], 'her album')

      await w.sql(`update kernel.events set created_at = created_at - $1 * interval '1 day'`, [LATER.days])
      await pruneEvents(w.app.app.ports.db.kysely)
      assert.deepEqual(await searchTables(w, needles), [])
      await restoreLibrary(w)
    })

  test('that something happened is remembered, not to whom', async () => {
    const rows = await w.sql(
      `select actor_id, subject_id, address from identity.audit_log where action = 'account.erased' order by id`,
    )
    assert.deepEqual(
      rows.map((r) => [r['actor_id'], r['subject_id']]),
      [
        [null, null],
        [w.admin.userId, null],
      ],
    )
    assert.equal(rows[0]?.['address'], null)
  })

  test('who is left is as before', async () => {
    assert.equal((await w.friend.get('/users/me')).status, 200)
    assert.deepEqual((await w.friend.get('/blocks')).body.items, [])
    assert.equal((await w.admin.get('/auth/sessions')).status, 200)
  })
})

/** The file of the erased song lies where it was: the next scan finds it as the library's. */
async function restoreLibrary(w: World): Promise<void> {
  await w.admin.post('/library/scan', { full: true })
  await w.app.eventually(
    async () => (await w.admin.get('/songs')).body.items.length === 2,
    'the song to be found again',
  )
}
