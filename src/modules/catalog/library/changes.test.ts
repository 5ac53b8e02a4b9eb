import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { type Client, clientFor } from '#kernel/testing.ts'
import type { Album, Artist, Song } from '#modules/catalog/schema.ts'
import { type Catalog, startCatalog } from '#modules/catalog/testing.ts'
import type { Changes } from './contract.ts'
import { FOLDERS, shelfOf, SONGS, type Step } from './testing-shelf.ts'

const song = fc.nat({ max: SONGS - 1 })
const owner = fc.nat({ max: 1 })
const on = fc.boolean()
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      song,
      owner: fc.option(owner),
      isPublic: on,
      number: fc.nat({ max: 8 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('edit', 'delete', 'lose', 'find', 'analyze' as const), song }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('publish', 'show' as const), song, on }) },
  fc.record({ do: fc.constant('move' as const), song, folder: fc.nat({ max: FOLDERS - 1 }) }),
  fc.record({ do: fc.constant('rename' as const), album: fc.nat({ max: 2 }) }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('collect' as const),
      album: fc.nat({ max: 1 }),
      owner,
      isPublic: on,
      isVisible: on,
      songs: fc.array(song, { maxLength: 3 }),
    }),
  },
  fc.record({ do: fc.constant('paint' as const), cover: fc.nat({ max: 1 }), isKept: on }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('restrict' as const),
      folder: fc.nat({ max: FOLDERS - 1 }),
      on,
      users: fc.subarray([0, 1]),
    }),
  },
)
/** A step of the library, or one page more of somebody's copy. */
const move = fc.oneof(
  step,
  fc.record({ do: fc.constant('read' as const), who: fc.nat({ max: 3 }), limit: fc.integer({ min: 1, max: 4 }) }),
)

type Thing = Song | Album | Artist
/** A client that keeps a copy and knows nothing but the feed. */
function follower(who: Client) {
  let since: string | undefined
  const copy = new Map<string, Thing>()
  const told = new Set<string>()
  async function page(limit: number): Promise<Changes> {
    const { status, body, text } = await who.get(`/library/changes?limit=${limit}${since ? `&since=${since}` : ''}`)
    assert.equal(status, 200, text)
    const changes = body as unknown as Changes
    assert.ok(changes.items.length <= limit)
    if (changes.reset) copy.clear()
    for (const { id, what, song: s, album, artist } of changes.items) {
      told.add(id)
      const thing = s ?? album ?? artist
      assert.equal(what, thing ? 'changed' : 'removed')
      if (thing) copy.set(id, thing)
      else copy.delete(id)
    }
    since = changes.next
    return changes
  }
  return {
    who,
    copy,
    told,
    /** Of everything it ever saw in lists. */
    seen: new Set<string>(),
    page,
    async catchUp(): Promise<void> {
      while ((await page(3)).hasMore);
    },
  }
}
type Follower = ReturnType<typeof follower>

const RUNS = 6

const byId = (things: Iterable<Thing>): Thing[] => [...things].toSorted((a, b) => (a.id < b.id ? -1 : 1))
async function wholeOf(who: Client): Promise<Thing[]> {
  const lists = await Promise.all(['songs', 'albums', 'artists'].map((list) => who.get(`/${list}?limit=500`)))
  return byId(lists.flatMap((l) => l.body['items'] as Thing[]))
}

/** Ids of everything it sees in lists now. */
const remember = (all: readonly Follower[]) =>
  Promise.all(all.map(async (f) => (await wholeOf(f.who)).forEach(({ id }) => f.seen.add(id))))

describe('a copy of the library', () => {
  let c: Catalog
  let shelf: ReturnType<typeof shelfOf>
  let everybody: Client[]
  before(async () => {
    c = await startCatalog()
    // The first two own songs and are let into folders; the third is a stranger to all.
    const more = async (name: string): Promise<Client> => {
      const login = { username: name, password: 'four words are quite fine' }
      await c.app.nobody.post('/auth/register', { ...login, email: `${name}@example.org` })
      const { body } = await c.app.nobody.post('/auth/login', login)
      return clientFor(c.app.url, String(body['accessToken']), (body['user'] as { id: string }).id)
    }
    everybody = [await c.app.as('artist'), await c.app.as('user'), await more('stranger'), c.admin]
    shelf = shelfOf(
      c,
      everybody.map((p) => p.userId),
    )
  })
  after(() => c?.app.stop())

  test('that follows the feed is what the lists say, whoever keeps it, whatever happens meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 10, maxLength: 30 }), async (moves) => {
        await shelf.empty()
        const all = everybody.map(follower)
        for (const m of moves)
          if (m.do === 'read') await (all[m.who] as Follower).page(m.limit)
          else {
            await shelf.run(m)
            await remember(all)
          }
        for (const f of all) {
          await f.catchUp()
          assert.deepEqual(byId(f.copy.values()), await wholeOf(f.who))
          assert.deepEqual(
            [...f.told].filter((id) => !f.seen.has(id)),
            [],
            'told of what they never could see',
          )
        }
      }),
      { numRuns: RUNS },
    )
  })
})
