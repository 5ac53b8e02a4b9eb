import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { io } from 'socket.io-client'
import { sharedTestPostgres } from '#kernel/db/embedded/testing.ts'
import { writeLibrary } from '#test/fixtures/audio.ts'
import type { ScanState } from './schema.ts'
import { type MusicFolder, mp3, musicFolder, startCatalog } from './testing.ts'

const FILES = 1500

const PROGRAM = fileURLToPath(new URL('./crash.test-child.ts', import.meta.url))

describe('a scan that is interrupted', () => {
  let music: MusicFolder
  let keep: { dataDir: string; databaseUrl: string }
  let drop: () => Promise<void>
  before(async () => {
    music = await musicFolder()
    await writeLibrary(music.root, FILES)
    const server = await sharedTestPostgres()
    const database = await server.createDatabase()
    keep = { dataDir: await mkdtemp(join(tmpdir(), 'tutti-crash-')), databaseUrl: database.url }
    drop = database.drop
  })
  after(async () => {
    await drop?.()
    await rm(keep.dataDir, { recursive: true, force: true })
    await music.remove()
  })

  test('goes on at the next start after a kill: nothing lost, nothing twice, nothing read again', async (t) => {
    const child = spawn(process.execPath, [PROGRAM], {
      env: { ...process.env, DATA: keep.dataDir, DATABASE: keep.databaseUrl, MUSIC: music.root },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const exited = once(child, 'exit')
    const { Client } = await import('pg')
    const db = new Client(keep.databaseUrl)
    await db.connect()
    t.after(() => db.end())
    const count = async (): Promise<number> =>
      db.query<{ n: string }>('select count(*) as n from catalog.songs').then(
        (r) => Number(r.rows[0]?.n),
        () => 0, // the table is not there yet
      )
    const until = Date.now() + 60_000
    while ((await count()) < 200 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10))
    child.kill('SIGKILL')
    await exited
    const half = await count()
    assert.ok(half >= 200 && half < FILES, `killed after ${half} of ${FILES}`)

    const c = await startCatalog({ musicDirs: [music.root], keep })
    try {
      const { scan, songCount } = await c.app.eventually(
        async () => {
          const s = await c.status()
          return s.scan.finishedAt !== null && s.songCount === FILES && s.scan.state === 'idle' && s
        },
        'the rest of the songs',
        60_000,
      )
      assert.equal(songCount, FILES)
      assert.equal(scan.added, FILES - half)
      assert.equal(scan.changed, 0)
      const events = await c.events<{ songs: { songId: string }[] }>('catalog.song-audio-ready.v1')
      const announced = events.flatMap((e) => e.songs.map((s) => s.songId))
      assert.equal(announced.length, FILES)
      assert.equal(new Set(announced).size, FILES)
      assert.ok(events.every((e) => e.songs.length <= 200))
    } finally {
      await c.app.stop()
    }
  })

  test('a stop in the middle is quick, and the next start goes on', async () => {
    const c = await startCatalog({ musicDirs: [music.root], keep })
    const before = (await c.status()).scan.startedAt
    await c.admin.post('/library/scan', { full: true })
    await c.app.eventually(async () => {
      const { scan } = await c.status()
      return scan.state === 'scanning' && scan.startedAt !== before && scan.doneFiles > 0
    }, 'a scan at work')
    const stoppedAtMs = performance.now()
    await c.app.stop()
    assert.ok(performance.now() - stoppedAtMs < 5000, 'stops within five seconds')
    const again = await startCatalog({ musicDirs: [music.root], keep })
    try {
      await again.app.eventually(async () => (await again.status()).scan.state === 'idle', 'the scan to end', 60_000)
      assert.equal((await again.status()).songCount, FILES)
    } finally {
      await again.app.stop()
    }
  })

  test('a folder that disappears while it is scanned loses nothing; progress is told at most four times a second', async () => {
    const c = await startCatalog({ musicDirs: [music.root], keep })
    const socket = io(c.app.url, { transports: ['websocket'], auth: { token: c.admin.token } })
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('connect_error', reject)
      })
      const told: ScanState[] = []
      let changes = 0
      socket.on('library:progress', (state: ScanState) => told.push(state))
      socket.on('library:changed', () => changes++)
      const scanning = c.scan({ full: true })
      await c.app.eventually(async () => told.some((t) => t.doneFiles > 200), 'some progress')
      await rename(music.root, `${music.root}-away`)
      const cut = await scanning
      // Told late, the scan may have been over before the folder went: then the next one meets it gone.
      const away = cut.folders[0]?.state === 'ok' ? await c.scan() : cut
      assert.equal(away.folders[0]?.state, 'unreachable')
      assert.deepEqual([away.songCount, away.scan.removed, away.faultCount], [FILES, 0, 0])
      assert.ok((await c.songs()).every((s) => s.isMissing))
      await rename(`${music.root}-away`, music.root)
      await music.put('more.mp3', mp3({ title: 'More' }))
      const back = await c.scan()
      // The watcher may have seen the folder come back before this scan: who added the new one is not said.
      assert.deepEqual([back.scan.removed, back.songCount], [0, FILES + 1])
      assert.ok((await c.songs()).every((s) => !s.isMissing))
      assert.ok(changes > 0)
      // The answer to a question may overtake what the socket tells.
      await c.app.eventually(async () => told.at(-1)?.state === 'idle', 'the last word')
      // By the clock of the server: on a busy machine words arrive in heaps.
      for (const [startedAt, words] of Map.groupBy(told, (t) => t.startedAt)) {
        const end = words.find((w) => w.finishedAt !== null)?.finishedAt
        const seconds = (Date.parse(end ?? '') - Date.parse(startedAt ?? '')) / 1000
        assert.ok(words.length <= 4 * seconds + 3, `${words.length} in ${seconds} s`)
      }
    } finally {
      socket.disconnect()
      await c.app.stop()
    }
  })
})
