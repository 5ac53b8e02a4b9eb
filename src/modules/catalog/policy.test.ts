import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { sql } from 'kysely'
import { type Caller, nobody, ROLES, system } from '#kernel/caller.ts'
import { can } from '#kernel/policy.ts'
import { type SongAccess, songPolicy, viewOf } from './policy.ts'
import { songsInReach } from './store/reach.ts'
import type { Db } from './store/db.ts'
import { type Catalog, startCatalog } from './testing.ts'

const USERS = ['01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002']
const caller: fc.Arbitrary<Caller> = fc.oneof(
  fc.constant(nobody('r')),
  fc.constant(system('r')),
  fc.record({
    kind: fc.constant('user' as const),
    userId: fc.constantFrom(...USERS),
    role: fc.constantFrom(...ROLES),
    requestId: fc.constant('r'),
  }),
)
const song: fc.Arbitrary<SongAccess> = fc.record({
  isPublic: fc.boolean(),
  isVisible: fc.boolean(),
  ownerId: fc.constantFrom(null, ...USERS),
  isWithheld: fc.boolean(),
})

describe('who may see a song', () => {
  let c: Catalog
  before(async () => {
    c = await startCatalog()
  })
  after(() => c?.app.stop())

  test('the policy and its SQL agree for everybody and every song', async () => {
    const db = c.app.app.ports.db.kysely as unknown as Db
    const id = '01900000-0000-7000-8000-0000000000aa'
    await fc.assert(
      fc.asyncProperty(caller, song, fc.boolean(), async (who, s, isGone) => {
        await db.transaction().execute(async (tx) => {
          await sql`insert into catalog.songs (id, title, artist, duration_ms, sort_key, artist_order, album_order, search,
              owner_id, folder_no, is_public, is_visible, is_missing, gone_at, content_id, codec, container, mime_type, lossless, size_bytes)
            values (${id}, 't', 'a', 1, 't', 'a', 'a', '', ${s.ownerId}, ${s.isWithheld ? 7 : null}, ${s.isPublic}, ${s.isVisible}, ${isGone},
              ${isGone ? new Date() : null}, 'c', 'mp3', 'mp3', 'audio/mpeg', false, 1)`.execute(tx)
          const seen = async (level: 'access' | 'shelf') =>
            (await sql`select from catalog.songs t where ${songsInReach(viewOf(who, [3, 7]), level)}`.execute(tx)).rows
              .length > 0
          assert.equal(await seen('access'), can(songPolicy, who, 'see', s))
          assert.equal(await seen('shelf'), can(songPolicy, who, 'see', s) && !isGone)
          await sql`delete from catalog.songs`.execute(tx)
        })
      }),
      { numRuns: 150 },
    )
  })

  test('publishing needs admin, or the artist who owns a song that nobody hid', () => {
    const as = (role: (typeof ROLES)[number], userId = USERS[0] as string): Caller => ({
      kind: 'user',
      userId,
      role,
      requestId: 'r',
    })
    const own = { isWithheld: false, isPublic: false, isVisible: true, ownerId: USERS[0] as string }
    assert.ok(can(songPolicy, as('artist'), 'publish', own))
    assert.ok(!can(songPolicy, as('user'), 'publish', own))
    assert.ok(!can(songPolicy, as('artist', USERS[1]), 'publish', own))
    assert.ok(!can(songPolicy, as('artist'), 'publish', { ...own, isVisible: false }))
    assert.ok(!can(songPolicy, as('artist'), 'publish', { ...own, ownerId: null }))
    assert.ok(can(songPolicy, as('admin', USERS[1]), 'publish', own))
  })
})
