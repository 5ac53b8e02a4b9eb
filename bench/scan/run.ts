/**
 * Scan: tracks/s of a first scan with tags, memory while it runs, time of a rescan without changes.
 *   npm run bench -- scan [--files 5000] [--entries 50000]
 * The whole product runs: embedded PostgreSQL as shipped (fsync on), tag processes, covers, search documents.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Client, startTestApp } from '#kernel/testing.ts'
import catalog from '#modules/catalog/index.ts'
import identity from '#modules/identity/index.ts'
import { png, taggedMp3 } from '#test/fixtures/audio.ts'

const TRACKS_PER_SEC_MIN = 500
const RSS_GROWTH_MAX_MB = 150
const RESCAN_MAX_SEC = 6
const TRACKS_OF_ALBUM = 12
const ALBUMS_OF_ARTIST = 5
const TRACK_SEC = 0.5
const SYLLABLES = 'ka lo mi ren tas vo bel dor fin gra hul jem nar pol qui sto tur wen yal zor'.split(' ')
const GENRES = ['Rock', 'Jazz', 'Classical', 'Electronic', 'Folk', 'Pop', 'Metal', 'Ambient']

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '5000' },
    entries: { type: 'string', default: '50000' },
  },
})

const word = (k: number): string =>
  Array.from(
    { length: 2 + (k % 3) },
    (_, i) => SYLLABLES[(k * 7 + i * 13 + Math.floor(k / 11)) % SYLLABLES.length],
  ).join('')

/** Words that look like words, the same for the same number. */
function wordsOf(n: number, count: number): string {
  const text = Array.from({ length: count }, (_, i) => word((n * 31 + i * 17) % 40_000)).join(' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

async function generate(root: string, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    const album = Math.floor(i / TRACKS_OF_ALBUM)
    const artist = Math.floor(album / ALBUMS_OF_ARTIST)
    const track = (i % TRACKS_OF_ALBUM) + 1
    const folder = join(root, `Artist ${artist}`, `Album ${album}`)
    if (track === 1 || i === from) {
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'cover.png'), png(64, 64, [album % 256, (album * 7) % 256, (album * 31) % 256]))
    }
    const tags = {
      TIT2: wordsOf(i, 3),
      TPE1: `${wordsOf(artist + 100_000, 2)} ${artist}`,
      TPE2: `${wordsOf(artist + 100_000, 2)} ${artist}`,
      TALB: `${wordsOf(album + 200_000, 2)} ${album}`,
      TRCK: `${track}/${TRACKS_OF_ALBUM}`,
      TDRC: String(1960 + (album % 60)),
      TCON: GENRES[album % GENRES.length] as string,
    }
    await writeFile(
      join(folder, `${String(track).padStart(2, '0')} track.mp3`),
      taggedMp3(tags, { sec: TRACK_SEC, seed: i }),
    )
  }
}

type Scan = {
  state: string
  finishedAt: string | null
  doneFiles: number
  foundFiles: number
  added: number
  faulty: number
}
const scanOf = async (admin: Client): Promise<Scan> => (await admin.get('/library/status')).body['scan'] as Scan

/** The scan at start has ended. */
async function untilIdle(admin: Client): Promise<void> {
  for (;;) {
    const scan = await scanOf(admin)
    if (scan.state !== 'scanning' && scan.finishedAt !== null) return
    await sleep(50)
  }
}

/** Starts work that scans and waits for its end. Returns seconds and the state. */
async function timed(admin: Client, begin: () => Promise<unknown>): Promise<{ seconds: number; scan: Scan }> {
  const before = (await scanOf(admin)).finishedAt
  const startedMs = performance.now()
  await begin()
  for (;;) {
    await sleep(50)
    const scan = await scanOf(admin)
    if (scan.state !== 'scanning' && scan.finishedAt !== null && scan.finishedAt !== before)
      return { seconds: (performance.now() - startedMs) / 1000, scan }
  }
}

function watchMemory(): { end(): { startMb: number; maxMb: number } } {
  const startMb = process.memoryUsage.rss() / 1024 ** 2
  let maxMb = startMb
  const timer = setInterval(() => {
    maxMb = Math.max(maxMb, process.memoryUsage.rss() / 1024 ** 2)
  }, 50)
  return {
    end() {
      clearInterval(timer)
      return { startMb, maxMb }
    },
  }
}

let missed = 0
function report(what: string, figure: number, unit: string, mark: { limit: number; better: 'more' | 'less' }): void {
  const isMet = mark.better === 'more' ? figure >= mark.limit : figure <= mark.limit
  if (!isMet) missed++
  console.log(
    `${isMet ? '✓' : '✗'} ${what}: ${figure.toFixed(1)} ${unit} (mark: ${mark.better === 'more' ? '≥' : '≤'} ${mark.limit})`,
  )
}

async function main(): Promise<void> {
  const files = Number(values.files)
  const entries = Number(values.entries)
  const music = await mkdtemp(join(tmpdir(), 'tutti-bench-music-'))
  const dataDir = await mkdtemp(join(tmpdir(), 'tutti-bench-data-'))
  await chmod(dataDir, 0o711) // As root the database is another user's, who must be able to pass.
  await generate(music, 0, files)
  const app = await startTestApp({
    modules: [identity, catalog],
    // Without the clock there is no watcher: it would scan the files while they are generated.
    duties: ['http', 'jobs'],
    keep: { dataDir, databaseUrl: '' },
  })
  try {
    const admin = await app.as('admin')
    await untilIdle(admin)
    const memory = watchMemory()
    const first = await timed(admin, () => admin.post('/library/folders', { path: music }))
    const { startMb, maxMb } = memory.end()
    console.log(`first scan: ${first.scan.added} added, ${first.scan.faulty} faulty, ${first.seconds.toFixed(2)} s`)
    report('first scan', first.scan.added / first.seconds, 'tracks/s', { limit: TRACKS_PER_SEC_MIN, better: 'more' })
    report(`memory growth of the server (${startMb.toFixed(0)} → ${maxMb.toFixed(0)} MB)`, maxMb - startMb, 'MB', {
      limit: RSS_GROWTH_MAX_MB,
      better: 'less',
    })
    const again = await timed(admin, () => admin.post('/library/scan', {}))
    console.log(`rescan of ${again.scan.foundFiles} entries without changes: ${again.seconds.toFixed(2)} s`)
    if (entries > files) await benchRescan(admin, music, files, entries)
  } finally {
    await app.stop()
    await rm(music, { recursive: true, force: true })
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function benchRescan(admin: Client, music: string, files: number, entries: number): Promise<void> {
  await generate(music, files, entries)
  const more = await timed(admin, () => admin.post('/library/scan', {}))
  console.log(`${more.scan.added} more tracks: ${(more.scan.added / more.seconds).toFixed(0)} tracks/s`)
  const memory = watchMemory()
  const again = await timed(admin, () => admin.post('/library/scan', {}))
  const { startMb, maxMb } = memory.end()
  console.log(`memory during the rescan: ${startMb.toFixed(0)} → ${maxMb.toFixed(0)} MB`)
  report(`rescan of ${again.scan.foundFiles} entries without changes`, again.seconds, 's', {
    limit: RESCAN_MAX_SEC,
    better: 'less',
  })
}

await main()
process.exitCode = missed > 0 ? 1 : 0
