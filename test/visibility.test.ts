import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { io, type Socket } from 'socket.io-client'
import { pathNames } from '#kernel/contract.ts'
import { type Answer, type Client, clientFor, startTestApp, type TestApp } from '#kernel/testing.ts'
import { id3Picture, png, taggedMp3 } from '#test/fixtures/audio.ts'
import { loadModules, MODULES, OFFERS } from '../src/targets.ts'
import { requestFor, type Route, routesIn } from './authorization/routes.ts'
import { type Marked, SURFACES } from './visibility/surfaces.ts'

const modules = await loadModules(Object.keys(MODULES))
/** What answers with things of the catalogue and is no GET. */
const READS = new Set(['batchSongs'])
const routes = routesIn(OFFERS.map((o) => o.contract)).filter(
  ({ operation, name }) => operation.auth !== 'admin' && (operation.method === 'GET' || READS.has(name)),
)
/** The promise: an answer begun so long after a change shows nothing any more, whichever process gives it. */
const PROMISE_MS = 1000

/** Names of what is made, so unlike each other that no forgiving search takes one for another. */
const NAMES = [
  ['Velmorac', 'Tanquish', 'Brigdole', 'Huxnerpop', 'wozzikat'],
  ['Quorbine', 'Splathem', 'Ductyrof', 'Mijankelu', 'fexybogt'],
  ['Zandrope', 'Kluphite', 'Gobarqui', 'Wentisoch', 'yurmavid'],
  ['Pilvoxan', 'Chestrug', 'Hendyfol', 'Baqotizem', 'ruksnaph'],
] as const

/** The delta feed tells who may have had a thing, by its id alone, that it is gone. */
const FEED = /getChanges/
/** Bytes of a song that stays public. */
const OF_THE_SONG = /streamSong|hls[A-Z]|dashManifest|songCover|artistImage|downloadSong|getWaveform|getFrames/

/** Whether an answer shows the thing: bytes by being there, everything else by an id or a word of it. */
function shows(answer: Answer, route: Route, needles: readonly string[]): boolean {
  if (route.operation.kind === 'raw') return answer.status < 300
  // A problem names the address that was asked, which is nothing that anybody learns.
  const text = JSON.stringify({ ...answer.body, instance: undefined }).toLowerCase()
  return needles.some((needle) => text.includes(needle.toLowerCase()))
}

const albumNeedles = (m: Marked) => [m.albumId, m.album]
const allNeedles = (m: Marked) => [m.songId, m.title, m.artistId, m.artist, m.genre, m.tag]
/** Operations about other things are asked with the ids of this one, too. */
const idFor = (route: Route, m: Marked): Record<string, string> => {
  const ids: Record<string, string> = { id: m.songId, userId: m.ownerId, provider: 'none' }
  return Object.fromEntries(pathNames(route.path).map((name) => [name, ids[name] ?? m.songId]))
}

const ask = (client: Client, route: Route, m: Marked): Promise<Answer> => {
  const surface = SURFACES[route.name]
  const input = surface?.kind === 'ask' ? surface.input(m) : {}
  const { method, path, body } = requestFor(route, { ...idFor(route, m), ...input })
  return client.send(method, path, body)
}

describe('what is private, hidden or deleted shows nowhere', () => {
  let t: TestApp
  /** A second process on the same database, with a cache of its own. */
  let other: TestApp
  let artist: Client
  let admin: Client
  let stranger: Client
  let socket: Socket
  const told: string[] = []
  before(async () => {
    const config = { rateLimitPerMin: 10_000_000 }
    t = await startTestApp({ modules, config })
    admin = await t.as('admin')
    artist = await t.as('artist')
    stranger = await t.as('stranger')
    other = await startTestApp({ modules, config, keep: { dataDir: t.dataDir, databaseUrl: t.databaseUrl } })
    socket = io(t.url, { auth: { token: stranger.token }, transports: ['websocket'] })
    socket.onAny((event: string, ...payload: unknown[]) => told.push(JSON.stringify([event, payload])))
    await new Promise((resolve) => socket.once('connected', resolve))
  })
  after(async () => {
    socket?.close()
    await other?.stop()
    await t?.stop()
  })

  let made = 0
  /** A published song on a published album, analysed, with a picture and lyrics; every name stands nowhere else. */
  async function publishSong(): Promise<Marked> {
    const [title, artistName, album, genre, tag] = NAMES[made] as (typeof NAMES)[number]
    made += 1
    const m = { title, artist: artistName, album, genre, tag }
    const bytes = taggedMp3(
      {
        TIT2: m.title,
        TPE1: m.artist,
        TALB: m.album,
        TCON: m.genre,
        USLT: Buffer.from('\x03eng\0la'),
        APIC: id3Picture('image/png', png(64, 64, [made * 30, 9, 9])),
      },
      { sec: 6, seed: made },
    )
    const form = new FormData()
    form.set('audio', new Blob([Uint8Array.from(bytes)]), 'song.mp3')
    form.set('isPublic', 'true')
    form.set('tags', m.tag)
    const song = await post(artist, '/songs', form)
    const onto = await artist.post('/albums', {
      title: m.album,
      artist: m.artist,
      isPublic: true,
      songIds: [song['id']],
    })
    assert.equal(onto.status, 201, onto.text)
    await artist.patch(`/songs/${song['id']}`, { albumId: onto.body.id })
    const whole = (await artist.get(`/songs/${song['id']}`)).body
    await t.eventually(
      async () => (await artist.get(`/songs/${song['id']}`)).body.analysisStatus === 'completed',
      'the analysis',
    )
    const ids = {
      songId: whole['id'],
      albumId: onto.body.id,
      artistId: whole['artists'][0].id,
      ownerId: artist.userId,
    }
    return { ...m, ...ids }
  }
  async function post(client: Client, path: string, body: FormData): Promise<Answer['body']> {
    const headers = { authorization: `Bearer ${client.token}` }
    const answer = await fetch(`${t.url}/api/v1${path}`, { method: 'POST', headers, body })
    const text = await answer.text()
    assert.equal(answer.status, 201, text)
    return JSON.parse(text)
  }

  const people = (at: TestApp): [string, Client][] => [
    ['nobody', at.nobody],
    ['a stranger', clientFor(at.url, stranger.token, stranger.userId)],
  ]
  /** Names of the surfaces on which a person finds one of `needles`, in either process. */
  async function found(m: Marked, needles: readonly string[]): Promise<string[]> {
    const asked = [t, other].flatMap((at) =>
      people(at).flatMap(([who, client]) => routes.map((route) => ({ at, who, client, route }))),
    )
    const seen = asked.map(async ({ at, who, client, route }) => {
      const isBytes = route.operation.kind === 'raw'
      if (isBytes && SURFACES[route.name]?.kind !== 'ask') return []
      const isShown = shows(await ask(client, route, m), route, needles)
      return isShown ? [`${at === t ? '' : 'elsewhere '}${who} ${route.name} ${route.path}`] : []
    })
    return (await Promise.all(seen)).flat()
  }
  /** After a change: at once where it was made, within the promise everywhere else. */
  async function gone(m: Marked, needles: readonly string[], o: { but?: RegExp } = {}): Promise<void> {
    const here = (all: string[]) => all.filter((s) => !o.but?.test(s))
    const sinceMs = performance.now()
    const at = here(await found(m, needles))
    assert.deepEqual(
      at.filter((s) => !s.startsWith('elsewhere')),
      [],
      'in the process that made the change',
    )
    if (at.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, PROMISE_MS - (performance.now() - sinceMs))))
    assert.deepEqual(here(await found(m, needles)), [], 'in the other process')
  }

  test('every operation that reads says what it shows', () => {
    const names = new Set(routes.map((r) => r.name))
    assert.ok(names.size >= 40)
    assert.deepEqual(
      [...names].filter((n) => !(n in SURFACES)),
      [],
      'add a row to test/visibility/surfaces.ts',
    )
    assert.deepEqual(
      Object.keys(SURFACES).filter((n) => !names.has(n)),
      [],
      'a row of no operation',
    )
  })

  /** Every surface that may show it does, so that "nowhere" below means something. */
  async function everywhere(m: Marked): Promise<void> {
    const seen = new Set(await found(m, [...allNeedles(m), ...albumNeedles(m)]))
    for (const at of ['', 'elsewhere '])
      for (const who of ['nobody', 'a stranger'])
        for (const route of routes) {
          const isFor = who !== 'nobody' || route.operation.auth === 'anyone'
          const isAsked = SURFACES[route.name]?.kind === 'ask'
          assert.equal(
            seen.has(`${at}${who} ${route.name} ${route.path}`),
            isFor && isAsked,
            `${at}${who} ${route.name}`,
          )
        }
  }

  test('a song made private and public again', async () => {
    const m = await publishSong()
    await everywhere(m)
    assert.equal((await artist.patch(`/songs/${m.songId}/visibility`, { isPublic: false })).status, 200)
    // Its album stays what it is, with the name of its artist; of the song nothing is left.
    await gone(m, [m.title, m.tag])
    await gone(m, [m.songId], { but: FEED })
    assert.equal((await artist.patch(`/songs/${m.songId}/visibility`, { isPublic: true })).status, 200)
    await everywhere(m)
  })

  test('an album made private: the song stays, and tells nothing of it', async () => {
    const m = await publishSong()
    await everywhere(m)
    assert.equal((await artist.patch(`/albums/${m.albumId}/visibility`, { isPublic: false })).status, 200)
    assert.equal((await t.nobody.get(`/songs/${m.songId}`)).body.album, null)
    await gone(m, [m.album], { but: OF_THE_SONG })
    await gone(m, [m.albumId], { but: new RegExp(`${FEED.source}|${OF_THE_SONG.source}`) })
    assert.equal((await t.nobody.get(`/search?q=${m.album}`)).text.includes(m.songId), false, 'found by its name')
  })

  test('a song with its album hidden by an admin, and shown again', async () => {
    const m = await publishSong()
    await everywhere(m)
    assert.equal((await admin.patch(`/admin/albums/${m.albumId}/visible`, { isVisible: false })).status, 200)
    assert.equal((await admin.patch(`/admin/songs/${m.songId}/visible`, { isVisible: false })).status, 200)
    await gone(m, [m.title, m.album, m.artist, m.genre, m.tag])
    await gone(m, [m.songId, m.albumId, m.artistId], { but: FEED })
    assert.equal((await admin.patch(`/admin/songs/${m.songId}/visible`, { isVisible: true })).status, 200)
    assert.equal((await admin.patch(`/admin/albums/${m.albumId}/visible`, { isVisible: true })).status, 200)
    await everywhere(m)
  })

  test('a song and its album deleted', async () => {
    const m = await publishSong()
    await everywhere(m)
    assert.equal((await artist.delete(`/albums/${m.albumId}`)).status, 204)
    assert.equal((await artist.delete(`/songs/${m.songId}`)).status, 204)
    await gone(m, [m.title, m.album, m.artist, m.genre, m.tag])
    await gone(m, [m.songId, m.albumId, m.artistId], { but: FEED })
  })

  test('what sockets told a stranger names none of it', () => {
    assert.ok(told.length > 0)
    for (const word of NAMES.flat()) assert.ok(!told.some((x) => x.includes(word)), word)
  })
})
