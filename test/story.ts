import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { io } from 'socket.io-client'
import { sharedTestPostgres } from '#kernel/db/embedded/testing.ts'
import { type Child, startChild } from '#kernel/testing-child.ts'
import { type Client, clientFor, eventually } from '#kernel/testing.ts'
import { wavTone } from '#test/fixtures/audio.ts'

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts')
const PASSWORD = 'correct horse battery'
const SONGS = ['Andante', 'Bourrée', 'Courante']
const TONE_SEC = 6

/** One process of a house: its `--target`, and the names under which the others reach it. */
export type Part = { target: string; roles?: string; reachedAs?: readonly string[] }
export type House = {
  /** Where people go: the last part. */
  readonly url: string
  readonly parts: readonly { part: Part; url: string; child: Child }[]
  /** The size of each file of music, by title. */
  readonly music: ReadonlyMap<string, Buffer>
  stop(): Promise<void>
}

/** For tests: the real program in as many real processes as there are parts, on one real database and music folder. */
export async function openHouse(parts: readonly Part[]): Promise<House> {
  const dir = await mkdtemp(join(tmpdir(), 'tutti-story-'))
  const music = await makeMusic(join(dir, 'music'))
  const server = await sharedTestPostgres()
  const database = await server.createDatabase()
  const ports = await freePorts(parts.length)
  const urlOf = (i: number) => `http://127.0.0.1:${ports[i]}`
  const urls = Object.fromEntries(parts.flatMap((p, i) => (p.reachedAs ?? []).map((n) => [`${n}_URL`, urlOf(i)])))
  const env = {
    ...urls,
    DATABASE_URL: database.url,
    TUTTI_DATA: join(dir, 'data'),
    TUTTI_MUSIC: join(dir, 'music'),
    LOG_LEVEL: 'warn',
    RATE_LIMIT_AUTH_PER_MIN: '1000',
    REDIS_URL: undefined,
  }
  const started: { part: Part; url: string; child: Child }[] = []
  const stop = async () => {
    for (const { child } of started.toReversed()) {
      child.kill('SIGTERM')
      await child.gone
    }
    await rm(dir, { recursive: true, force: true })
    await database.drop()
  }
  try {
    for (const [i, part] of parts.entries()) {
      const args = [`--target=${part.target}`, `--port=${ports[i]}`, ...(part.roles ? [`--roles=${part.roles}`] : [])]
      const child = startChild(MAIN, args, { env, timeoutMs: 180_000 })
      started.push({ part, url: urlOf(i), child })
      await child.line(/^Tutti is ready at /)
    }
  } catch (thrown) {
    await stop()
    throw thrown
  }
  return { url: urlOf(parts.length - 1), parts: started, music, stop }
}

async function makeMusic(dir: string): Promise<Map<string, Buffer>> {
  await mkdir(dir, { recursive: true })
  const made = new Map(
    SONGS.map((title, i) => [title, wavTone({ sec: TONE_SEC, hz: 220 * (i + 2), sampleRate: 22_050 })]),
  )
  for (const [title, bytes] of made) await writeFile(join(dir, `${title}.wav`), bytes)
  return made
}

/** Ports that are free now; held all at once so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((s) => (s.address() as AddressInfo).port)
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))))
  return ports
}

export type Step = { name: string; run: (house: House, people: People) => Promise<void> }
/** Who has signed in so far. */
export type People = { admin: Client; listener: Client; nobody: Client }
export const newPeople = (house: House): People => {
  const nobody = clientFor(house.url, '', '')
  return { nobody, admin: nobody, listener: nobody }
}

async function register(house: House, username: string): Promise<Client> {
  const account = { username, email: `${username}@example.org`, password: PASSWORD }
  const made = await clientFor(house.url, '', '').post('/auth/register', account)
  assert.equal(made.status, 201, made.text)
  return clientFor(house.url, String(made.body.accessToken), String(made.body.user.id))
}
const songsOf = async (who: Client) =>
  (await who.get('/songs?sort=title')).body as { items: { id: string; title: string; durationMs: number }[] }
const firstSong = async (who: Client) => {
  const song = (await songsOf(who)).items[0]
  assert.ok(song)
  return song
}

/** What a newcomer does, told through the public API alone; the same wherever the parts run. */
export const story: readonly Step[] = [
  {
    name: 'the first account becomes admin, the next a listener',
    async run(house, people) {
      assert.equal((await people.nobody.get('/auth/setup')).body.needsFirstAccount, true)
      people.admin = await register(house, 'admin')
      people.listener = await register(house, 'listener')
      assert.equal((await people.admin.get('/auth/me')).body.role, 'admin')
      assert.equal((await people.listener.get('/users/me')).body.username, 'listener')
      assert.equal((await people.nobody.post('/auth/register', { username: 'x' })).body.code, 'invalid_input')
      assert.equal((await people.nobody.get('/auth/me')).body.code, 'unauthorized')
    },
  },
  {
    name: 'the web app signs in by cookie, and only from its own pages',
    async run(house, { nobody }) {
      const cookieMode = { 'x-tutti-session': 'cookie' }
      const signed = await nobody.send('POST', '/auth/login', { username: 'listener', password: PASSWORD }, cookieMode)
      assert.deepEqual([signed.status, signed.body.accessToken], [200, ''])
      const cookie = signed.headers
        .getSetCookie()
        .map((c) => c.split(';')[0])
        .join('; ')
      assert.equal((await nobody.get('/auth/me', { cookie })).body.username, 'listener')
      const refresh = (origin: string) => nobody.send('POST', '/auth/refresh', {}, { ...cookieMode, cookie, origin })
      assert.equal((await refresh('https://evil.example')).body.code, 'wrong_origin')
      assert.equal((await refresh(house.url)).status, 200)
    },
  },
  {
    name: 'the music folder is scanned unasked; signed-in people see it, nobody else does',
    async run(house, { listener, nobody }) {
      await eventually(async () => (await songsOf(listener)).items.length === house.music.size, 'the scan', 40_000)
      const { items } = await songsOf(listener)
      assert.deepEqual(items.map((s) => s.title).sort(), SONGS)
      assert.ok(items.every((s) => Math.abs(s.durationMs - TONE_SEC * 1000) < 60))
      assert.deepEqual((await songsOf(nobody)).items, [])
      const hidden = await nobody.get(`/songs/${items[0]?.id}`)
      assert.ok([401, 404].includes(hidden.status), hidden.text)
      for (const list of ['/albums', '/artists', '/genres']) assert.equal((await listener.get(list)).status, 200, list)
      assert.ok((await listener.get('/search?q=bouree')).text.includes('Bourrée'))
    },
  },
  {
    name: 'a song is streamed whole, in parts and by HEAD',
    async run(house, { listener, nobody }) {
      const { id, title } = await firstSong(listener)
      const original = house.music.get(title) as Buffer
      const stream = async (method: string, headers: Record<string, string> = {}) => {
        const answer = await fetch(`${house.url}/api/v1/songs/${id}/stream`, {
          method,
          headers: { authorization: `Bearer ${listener.token}`, ...headers },
        })
        return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) }
      }
      const whole = await stream('GET')
      assert.equal(whole.status, 200)
      assert.ok(whole.bytes.equals(original))
      const part = await stream('GET', { range: 'bytes=1000-1999' })
      assert.deepEqual([part.status, part.headers.get('content-range')], [206, `bytes 1000-1999/${original.length}`])
      assert.ok(part.bytes.equals(original.subarray(1000, 2000)))
      const head = await stream('HEAD')
      assert.deepEqual(
        [head.status, head.headers.get('content-length'), head.bytes.length],
        [200, String(original.length), 0],
      )
      assert.equal((await stream('GET', { range: 'bytes=99999999-' })).status, 416)
      assert.equal((await stream('GET', { 'if-none-match': whole.headers.get('etag') ?? '' })).status, 304)
      assert.equal((await nobody.get(`/songs/${id}/stream`)).status, 401)
    },
  },
  {
    name: 'analysis arrives by itself',
    async run(house, { listener }) {
      const { id } = await firstSong(listener)
      const done = await eventually(
        async () => {
          const analysis = await listener.get(`/songs/${id}/analysis`)
          assert.ok([200, 202].includes(analysis.status), analysis.text)
          return analysis.status === 200 && analysis.body
        },
        'the analysis',
        60_000,
      )
      assert.equal(typeof done.loudnessLufs, 'number')
      assert.equal((await listener.get(`/songs/${id}/waveform?points=100`)).status, 200)
    },
  },
  {
    name: 'a socket hears, until its session ends',
    async run(house, { nobody }) {
      const signed = await nobody.post('/auth/login', { username: 'listener', password: PASSWORD })
      const token = String(signed.body.accessToken)
      const socket = io(`${house.url}/realtime`, { auth: { token }, transports: ['websocket'], reconnection: false })
      await new Promise((resolve, reject) => {
        socket.once('connected', resolve)
        socket.once('connect_error', reject)
      })
      const closed = new Promise((resolve) => socket.once('disconnect', resolve))
      assert.equal((await clientFor(house.url, token, '').post('/auth/logout')).status, 204)
      await closed
      assert.equal((await clientFor(house.url, token, '').get('/auth/me')).status, 401)
    },
  },
  {
    name: 'only an admin commands the library; forged internal headers are refused',
    async run(house, { admin, listener }) {
      assert.equal((await listener.post('/library/scan', {})).body.code, 'role_required')
      assert.equal((await admin.post('/library/scan', {})).status, 202)
      const forged = await admin.get('/library/faults', { 'x-tutti-internal': 'forged' })
      assert.equal(forged.status, 401)
    },
  },
  {
    name: 'health, the document and the metrics tell of the whole',
    async run(house, { nobody }) {
      const { body } = await nobody.get('//health/services')
      const services = body.services as { name: string; status: string }[]
      assert.deepEqual(
        services.map((s) => s.name),
        ['user', 'song', 'album', 'streaming', 'analysis'],
      )
      assert.deepEqual(
        services.filter((s) => s.status !== 'healthy'),
        [],
      )
      for (const { url } of house.parts) assert.equal((await clientFor(url, '', '').get('//health/ready')).status, 200)
      const { paths } = (await nobody.get('//openapi.json')).body as { paths: Record<string, unknown> }
      for (const path of ['/auth/login', '/songs', '/albums/{id}', '/songs/{id}/stream', '/songs/{id}/analysis'])
        assert.ok(paths[path], path)
      assert.match((await nobody.get('//metrics')).text, /tutti_http_request_seconds_count/)
    },
  },
]
