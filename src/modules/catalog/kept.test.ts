import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { skipRedis, startTestRedis, type TestRedis } from '#kernel/pubsub/testing.ts'
import identity from '#modules/identity/index.ts'
import catalog from './index.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from './testing.ts'

const SONGS = 6
/** So unlike each other that a forgiving search takes none for another. */
const WORDS = [
  'alder',
  'birch',
  'cypress',
  'damson',
  'foxglove',
  'ginkgo',
  'hazel',
  'ivory',
  'juniper',
  'kumquat',
] as const
const VIEWERS = ['nobody', 'stranger', 'artist', 'admin'] as const
type Viewer = (typeof VIEWERS)[number]
type Song = { id: string; title: string; owner: Viewer | null; isPublic: boolean; isVisible: boolean }

type Write =
  | { kind: 'publish'; song: number; to: boolean }
  | { kind: 'hide'; song: number; to: boolean }
  | { kind: 'title'; song: number; to: string }
type Read = { who: Viewer; what: 'songs' | 'page' | 'filter' | 'albums' | 'search' | 'genres'; n: number }
type Step = { write: Write; reads: Read[] }

const song = fc.nat(SONGS - 1)
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ kind: fc.constant('publish' as const), song, to: fc.boolean() }),
  fc.record({ kind: fc.constant('hide' as const), song, to: fc.boolean() }),
  fc.record({ kind: fc.constant('title' as const), song, to: fc.constantFrom(...WORDS) }),
)
const read: fc.Arbitrary<Read> = fc.record({
  who: fc.constantFrom(...VIEWERS),
  what: fc.constantFrom('songs', 'page', 'filter', 'albums', 'search', 'genres'),
  n: fc.integer({ min: 1, max: SONGS }),
})
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ write, reads: fc.array(read, { minLength: 2, maxLength: 5 }) }),
  {
    minLength: 5,
    maxLength: 12,
  },
)

const sees = (who: Viewer, s: Song): boolean => {
  if (who === 'admin') return true
  if (!s.isVisible) return false
  if (s.isPublic) return true
  return s.owner === null ? who !== 'nobody' : s.owner === who
}
/** What an answer is to say, from the model alone. */
function expected(model: readonly Song[], { who, what, n }: Read): unknown {
  const seen = model
    .filter((s) => sees(who, s))
    .toSorted((a, b) => (a.title === b.title ? (a.id < b.id ? -1 : 1) : a.title < b.title ? -1 : 1))
  const word = WORDS[n]
  if (what === 'songs') return seen.map((s) => s.title)
  if (what === 'page') return seen.slice(0, n).map((s) => s.id)
  if (what === 'albums') return seen.length
  if (what === 'genres') return seen.length
  return seen.filter((s) => s.title === word).map((s) => s.id)
}
async function actual(client: Client, { what, n }: Read): Promise<unknown> {
  const ask = async (path: string) => {
    const answer = await client.get(path)
    assert.equal(answer.status, 200, answer.text)
    return answer.body
  }
  const items = async (path: string): Promise<{ id: string; title: string }[]> => (await ask(path))['items']
  if (what === 'songs') return (await items('/songs?limit=100')).map((s) => s.title)
  if (what === 'page') return (await items(`/songs?limit=${n}`)).map((s) => s.id)
  if (what === 'filter') return (await items(`/songs?q=${WORDS[n]}`)).map((s) => s.id)
  if (what === 'albums') return (await items('/albums?limit=100')).length
  if (what === 'genres') return ((await ask('/genres'))['items'] as { songCount: number }[])[0]?.songCount ?? 0
  const found = (await ask(`/search?q=${WORDS[n]}`))['songs'] as { id: string; title: string }[]
  return found.filter((s) => s.title === WORDS[n]).map((s) => s.id)
}
const sorted = (value: unknown): unknown => (Array.isArray(value) ? value.toSorted() : value)

/** Random writes and reads of everybody at once, in two processes with a cache each (or one in Redis). */
function suite(name: string, o: { redis: boolean }): void {
  describe(`what is kept is never wrong nor another’s: ${name}`, { skip: o.redis && skipRedis }, () => {
    let redis: TestRedis | undefined
    let music: MusicFolder
    let c: Catalog
    let other: TestApp
    let clients: Record<Viewer, Client>
    let model: Song[]
    before(async () => {
      redis = o.redis ? await startTestRedis() : undefined
      music = await musicFolder()
      for (let i = 0; i < SONGS; i++)
        await music.put(
          `${i}.mp3`,
          mp3({ title: WORDS[i] as string, album: `Album ${i}`, albumArtist: `A${i}`, genre: 'Wood' }),
        )
      const config = { rateLimitPerMin: 10_000_000, ...(redis ? { redisUrl: redis.url } : {}) }
      c = await startCatalog({ musicDirs: [music.root], config })
      const keep = { dataDir: c.app.dataDir, databaseUrl: c.app.databaseUrl }
      other = await startTestApp({ modules: [identity, catalog], duties: ['http'], config, keep })
      clients = {
        nobody: c.app.nobody,
        stranger: await c.app.as('stranger'),
        artist: await c.app.as('artist'),
        admin: c.admin,
      }
      model = (await c.songs()).map((s) => ({
        id: s.id,
        title: s.title,
        owner: null,
        isPublic: false,
        isVisible: true,
      }))
    })
    after(async () => {
      await other?.stop()
      await c?.app.stop()
      await music?.remove()
      await redis?.close()
    })

    async function apply(w: Write): Promise<void> {
      const { id } = model[w.song] as Song
      const answer =
        w.kind === 'publish'
          ? await c.admin.patch(`/songs/${id}/visibility`, { isPublic: w.to })
          : w.kind === 'hide'
            ? await c.admin.patch(`/admin/songs/${id}/visible`, { isVisible: w.to })
            : await c.admin.patch(`/songs/${id}`, { title: w.to })
      assert.equal(answer.status, 200, answer.text)
    }
    const modelAfter = (w: Write): Song[] =>
      model.map((s, i) => {
        if (i !== w.song) return s
        if (w.kind === 'title') return { ...s, title: w.to }
        return w.kind === 'publish' ? { ...s, isPublic: w.to } : { ...s, isVisible: w.to }
      })

    test('each answer is that of before or after a write under way, and that of after once it is done', async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          for (const { write: w, reads } of all) {
            const then = modelAfter(w)
            const during = reads.map(async (r) => ({ r, got: sorted(await actual(clients[r.who], r)) }))
            await apply(w)
            for (const { r, got } of await Promise.all(during)) {
              const either = [expected(model, r), expected(then, r)].map((e) => JSON.stringify(sorted(e)))
              assert.ok(
                either.includes(JSON.stringify(got)),
                `${r.who} ${r.what}: ${JSON.stringify(got)} of ${either.join(' or ')}`,
              )
            }
            model = then
            for (const r of reads)
              assert.deepEqual(
                sorted(await actual(clients[r.who], r)),
                sorted(expected(model, r)),
                `${r.who} ${r.what}`,
              )
            await c.app.eventually(async () => agrees(reads), 'the other process to agree', 1000)
          }
        }),
        // A run begins where the one before ended, so a failure cannot be made smaller.
        { numRuns: 3, endOnFailure: true },
      )
    })
    async function agrees(reads: readonly Read[]): Promise<boolean> {
      for (const r of reads) {
        const there = clientFor(other.url, clients[r.who].token, clients[r.who].userId)
        if (JSON.stringify(sorted(await actual(there, r))) !== JSON.stringify(sorted(expected(model, r)))) return false
      }
      return true
    }
  })
}

suite('in the memory of each process', { redis: false })
suite('in Redis', { redis: true })
