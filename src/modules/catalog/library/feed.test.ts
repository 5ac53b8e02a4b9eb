import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { sql } from 'kysely'
import { SYNC_PER_MIN_LEAST } from '#kernel/http/limits.ts'
import { PAGE_MAX } from '#kernel/schema.ts'
import { type Client, startTestApp, type TestApp } from '#kernel/testing.ts'
import catalog from '#modules/catalog/index.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import identity from '#modules/identity/index.ts'
import { forgetRemoved } from './changes-store.ts'
import type { Changes } from './contract.ts'
import { shelfOf, SONGS } from './testing-shelf.ts'

/** So few requests a minute that paging by the ordinary limit would be refused at once. */
const PER_MIN = 10

const page = async (who: Client, query = ''): Promise<Changes> => {
  const { status, body, text } = await who.get(`/library/changes?limit=500${query}`)
  assert.equal(status, 200, text)
  return body as unknown as Changes
}
const told = (changes: Changes): string[] =>
  changes.items.map((i) => `${i.what} ${i.kind} ${i.song?.title ?? i.album?.title ?? i.artist?.name ?? ''}`.trim())

describe('the feed of changes', () => {
  let app: TestApp
  let admin: Client
  let user: Client
  let db: Db
  let shelf: ReturnType<typeof shelfOf>
  const add = (song: number) => shelf.run({ do: 'add', song, owner: null, isPublic: false, number: song })

  before(async () => {
    app = await startTestApp({ modules: [identity, catalog], duties: ['http'], config: { rateLimitPerMin: PER_MIN } })
    admin = await app.as('admin')
    user = await app.as('user')
    db = app.app.ports.db.kysely as unknown as Db
    shelf = shelfOf({ app, admin }, [user.userId])
  })
  beforeEach(() => shelf.empty())
  after(() => app?.stop())

  test('answers everything first, then only what is news', async () => {
    await add(0)
    const first = await page(user)
    assert.deepEqual(told(first).toSorted(), [
      'changed album Album 0',
      'changed artist Artist 0',
      'changed song Song 0',
    ])
    assert.deepEqual([first.hasMore, first.reset], [false, false])
    const second = await page(user, `&since=${first.next}`)
    assert.deepEqual([second.items, second.hasMore, second.reset], [[], false, false])
    await shelf.run({ do: 'delete', song: 0 })
    const third = await page(user, `&since=${second.next}`)
    assert.deepEqual(told(third).toSorted(), ['removed album', 'removed artist', 'removed song'])
    assert.deepEqual((await page(user)).items, [], 'a copy that begins now is told of nothing that is gone')
  })

  test('a place that is none is refused; that of somebody else begins anew', async () => {
    await add(0)
    for (const since of [
      'abc',
      Buffer.from('[1,"x",-1,0]').toString('base64url'),
      Buffer.from('[]').toString('base64url'),
    ]) {
      const { status, body } = await user.get(`/library/changes?since=${since}`)
      assert.deepEqual([status, body['code']], [400, 'bad_since'])
    }
    const { next } = await page(admin)
    const mine = await page(user, `&since=${next}`)
    assert.deepEqual([mine.reset, mine.items.length], [true, 3])
  })

  test('begins anew when other folders are open to the caller', async () => {
    await add(0)
    const { next } = await page(user)
    await shelf.run({ do: 'restrict', folder: 0, on: true, users: [] })
    const closed = await page(user, `&since=${next}`)
    assert.deepEqual([closed.reset, closed.items], [true, []])
    assert.equal((await page(admin)).items.length, 3)
    await shelf.run({ do: 'restrict', folder: 0, on: true, users: [0] })
    const opened = await page(user, `&since=${closed.next}`)
    assert.deepEqual([opened.reset, opened.items.length], [true, 3])
  })

  test('numbers follow the order of commits, so that nobody reads past what is not there yet', async () => {
    await add(0)
    await add(1)
    const { next } = await page(user)
    const [may, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const rename = (title: string, wait: Promise<void>) =>
      db.transaction().execute(async (tx) => {
        await sql`update catalog.songs set title = ${title} where title = ${`Song ${title === 'early' ? 0 : 1}`}`.execute(
          tx,
        )
        held.resolve()
        await wait
      })
    const early = rename('early', may.promise)
    await held.promise
    const late = rename('late', Promise.resolve())
    await app.eventually(async () => {
      const { rows } = await sql`select from pg_locks where locktype = 'advisory' and not granted`.execute(db)
      return rows.length > 0
    }, 'the second writer to wait for the first')
    const between = await page(user, `&since=${next}`)
    assert.deepEqual(between.items, [])
    may.resolve()
    await Promise.all([early, late])
    assert.deepEqual(told(await page(user, `&since=${between.next}`)), ['changed song early', 'changed song late'])
  })

  test('a picture that is kept at last and facts of analysis are changes', async () => {
    await add(0)
    const { next } = await page(user)
    await shelf.run({ do: 'paint', cover: 0, isKept: true })
    const painted = await page(user, `&since=${next}`)
    assert.ok(painted.items.find((i) => i.kind === 'song')?.song?.coverUrl)
    assert.ok(painted.items.find((i) => i.kind === 'album')?.album?.coverUrl)
    await shelf.run({ do: 'analyze', song: 0 })
    const analyzed = await page(user, `&since=${painted.next}`)
    assert.deepEqual(told(analyzed), ['changed song Song 0'])
    assert.equal(analyzed.items[0]?.song?.analysisStatus, 'completed')
  })

  test('what was removed long ago is forgotten; a copy that never heard of it begins anew', async () => {
    await add(0)
    await add(1)
    const { next } = await page(user)
    await shelf.run({ do: 'delete', song: 0 })
    const fresh = await page(user, `&since=${next}`)
    assert.equal(await forgetRemoved(db, 180, 100), 0)
    await sql`update catalog.changes set at = now() - interval '181 days' where what = 'removed'`.execute(db)
    let forgotten = 0
    for (let n = 1; n > 0; forgotten += n) n = await forgetRemoved(db, 180, 1)
    assert.equal(forgotten, 3, 'the song, its album and its artist')
    const old = await page(user, `&since=${next}`)
    assert.deepEqual([old.reset, told(old).includes('changed song Song 1')], [true, true])
    assert.equal((await page(user, `&since=${fresh.next}`)).reset, false)
  })

  test('a full sync is never refused for paging, however small the other limits are', async () => {
    // INVARIANT: 100 000 songs with as many albums and artists, page after page in one minute.
    assert.ok((3 * 100_000) / PAGE_MAX <= SYNC_PER_MIN_LEAST)
    for (let n = 0; n < SONGS; n++) await add(n)
    let [requests, since] = [0, '']
    for (let hasMore = true; hasMore; requests++) {
      const { status, body } = await user.get(`/library/changes?limit=1${since}`)
      assert.equal(status, 200)
      since = `&since=${body['next']}`
      hasMore = body['hasMore'] === true
    }
    assert.ok(requests > PER_MIN)
    const others: number[] = []
    for (let n = 0; n <= PER_MIN; n++) others.push((await user.get('/songs')).status)
    assert.ok(others.includes(429), 'the small limit holds for the lists')
    assert.equal((await user.get('/library/changes?limit=1')).status, 200)
  })
})
