import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { sharedTestPostgres } from '#kernel/db/embedded/testing.ts'
import { newId } from '#kernel/ids.ts'
import type { Client as Person } from '#kernel/testing.ts'
import { mp3, startCatalog } from '#modules/catalog/testing.ts'
import { mp3Silence, wavTone } from '#test/fixtures/audio.ts'
import { fragileLine, sendByTus, sha256 } from './testing.ts'

const PROGRAM = fileURLToPath(new URL('./crash.test-child.ts', import.meta.url))
const KILLS = 3

let keep: { dataDir: string; databaseUrl: string }
let db: Client
let drop: () => Promise<void>
before(async () => {
  const server = await sharedTestPostgres()
  const database = await server.createDatabase()
  keep = { dataDir: await mkdtemp(join(tmpdir(), 'tutti-uploads-crash-')), databaseUrl: database.url }
  drop = database.drop
  db = new Client(database.url)
  await db.connect()
})
after(async () => {
  await db.end()
  await drop?.()
  await rm(keep.dataDir, { recursive: true, force: true })
})

/** A server that ends by no will of its own. */
async function startChild() {
  const child = fork(PROGRAM, { env: { ...process.env, DATA: keep.dataDir, DATABASE: keep.databaseUrl } })
  const exited = once(child, 'exit')
  const [{ url }] = (await Promise.race([
    once(child, 'message'),
    exited.then(() => Promise.reject(new Error('ended'))),
  ])) as [{ url: string }]
  return {
    url,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

const one = async <T>(text: string, values: unknown[] = []): Promise<T | undefined> =>
  (await db.query(text, values)).rows[0] as T | undefined
async function until<T>(look: () => Promise<T | undefined | false>, what: string, timeoutMs = 60_000): Promise<T> {
  const endMs = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > endMs) throw new Error(`waited for ${what}`)
    await sleep(5)
  }
}
type Row = {
  id: string
  state: string
  received: number
  hash: string | null
  song_id: string | null
  fault_code: string | null
}
const newest = () =>
  one<Row>(`select id, state, received_bytes::float8 as received, hash, song_id, fault_code
    from catalog.uploads order by id desc limit 1`)
const names = (room: string): Promise<string[]> =>
  readdir(join(keep.dataDir, room)).then(
    (all) => all.filter((n) => !n.startsWith('.')),
    () => [],
  )

/** INVARIANT: bytes and rows say the same, and nothing half-done is left. */
async function assertWhole(): Promise<void> {
  const { rows } = await db.query<{ hash: string }>('select hash from catalog.assets order by hash')
  assert.deepEqual(
    (await names('blobs/catalog/audio')).toSorted(),
    rows.map((r) => r.hash),
  )
  assert.deepEqual(await names('uploads'), [])
  assert.deepEqual(await names('temp/forms'), [])
  const twins = await one('select owner_id from catalog.songs group by owner_id, asset_hash having count(*) > 1')
  assert.equal(twins, undefined)
}

describe('a server that is killed', () => {
  test('while bytes come in: the client goes on with the next one, and every byte is the same', async () => {
    let server = await startChild()
    const person = await signIn(server.url)
    const line = await fragileLine(() => server.url, { bearsBytes: () => 2 ** 40, restMs: 15 })
    const bytes = wavTone({ sec: 100, hz: 600 })
    try {
      const sent = sendByTus(line.url, person, bytes, { retryDelays: Array.from({ length: 2000 }, () => 50) })
      let before = 0
      for (let i = 0; i < 2; i++) {
        before = await until(async () => {
          const row = await newest().catch(() => undefined)
          return row && row.received > before && row.received
        }, 'bytes to come in')
        await server.kill()
        const row = await newest()
        assert.equal(row?.state, 'uploading')
        server = await startChild()
      }
      const id = await sent
      const row = await until(async () => {
        const found = await newest()
        return found?.song_id ? found : undefined
      }, 'the song')
      assert.deepEqual([row.id, row.hash, row.fault_code], [id, sha256(bytes), null])
    } finally {
      await line.close()
      await server.kill()
    }
  })

  test('while it decodes and keeps: the next one goes on, and there is one song of it', async () => {
    const bytes = mp3Silence({ sec: 600, seed: 5 })
    let server = await startChild()
    const person = await signIn(server.url)
    await sendByTus(server.url, person, bytes)
    for (let i = 0; i < KILLS; i++) {
      await until(async () => {
        const running = await one(`select 1 from kernel.jobs where name like 'catalog.process%' and state = 'running'`)
        return running !== undefined || (await newest())?.state !== 'processing'
      }, 'the work on it')
      // Some while it hashes, some while it decodes or keeps, some when all is over: it must not matter.
      await sleep(Math.random() * 400)
      await server.kill()
      server = await startChild()
    }
    const row = await until(async () => {
      const found = await newest()
      return found?.song_id ? found : undefined
    }, 'the song')
    await server.kill()
    assert.deepEqual([row.hash, row.fault_code], [sha256(bytes), null])
    const songs = await one<{ n: number }>('select count(*)::int as n from catalog.songs where asset_hash = $1', [
      row.hash,
    ])
    assert.equal(songs?.n, 1)
  })

  test('between the blob and its row, or before it could clean up: the next one ends it or removes it', async () => {
    const halfway = mp3({ audio: 'blob without a row', title: 'Halfway' })
    const orphan = mp3({ audio: 'blob that nobody wants' })
    const owner = (await one<{ id: string }>(`select owner_id as id from catalog.uploads limit 1`))?.id as string
    const audio = join(keep.dataDir, 'blobs/catalog/audio')
    const insert = `insert into catalog.uploads (id, owner_id, kind, state, size_bytes, received_bytes, hash, song_id, expires_at)
      values ($1, $2, 'audio', $3, $4, $4, $5, $6, now() + interval '1 hour')`
    await mkdir(join(keep.dataDir, 'uploads'), { recursive: true })
    // Killed after the blob was put.
    const processing = newId()
    await writeFile(join(keep.dataDir, 'uploads', `${processing}.part`), halfway)
    await db.query(insert, [processing, owner, 'processing', halfway.length, sha256(halfway), null])
    await copyFile(join(keep.dataDir, 'uploads', `${processing}.part`), join(audio, sha256(halfway)))
    // Killed after the upload was cancelled in that moment.
    await writeFile(join(audio, sha256(orphan)), orphan)
    const longAgo = new Date(Date.now() - 2 * 3_600_000)
    await utimes(join(audio, sha256(orphan)), longAgo, longAgo)
    // Killed after the song was made, before the file went; and after the row went.
    const done = await one<Row>('select id from catalog.uploads where song_id is not null limit 1')
    await writeFile(join(keep.dataDir, 'uploads', `${done?.id}.part`), 'left behind')
    await writeFile(join(keep.dataDir, 'uploads', `${newId()}.part`), 'left behind')

    const c = await startCatalog({ keep, isWatching: true })
    try {
      const row = await until(async () => {
        const found = await one<Row>('select id, song_id, hash from catalog.uploads where id = $1', [processing])
        return found?.song_id ? found : undefined
      }, 'the song')
      assert.equal(row.hash, sha256(halfway))
      await until(async () => (await names('uploads')).length === 0, 'the sweep')
      await until(async () => !(await names('blobs/catalog/audio')).includes(sha256(orphan)), 'the sweep of blobs')
      await assertWhole()
    } finally {
      await c.app.stop()
    }
  })
})

async function signIn(url: string): Promise<Pick<Person, 'token'>> {
  const person = { username: 'uploader', password: 'correct horse battery' }
  const post = (path: string, body: object) =>
    fetch(`${url}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  await post('/auth/register', { ...person, email: 'uploader@example.org' })
  const signed = (await (await post('/auth/login', person)).json()) as { accessToken: string }
  return { token: signed.accessToken }
}
