/** The bench itself, begun by `run.ts` in a process that is started as the server is. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Client, startTestApp } from '#kernel/testing.ts'
import catalog from '#modules/catalog/index.ts'
import identity from '#modules/identity/index.ts'
import { benchKnown } from './known.ts'
import { allMet, report, timed, untilIdle, watchMemory } from './measure.ts'
import { writeMusic } from './music.ts'

const TRACKS_PER_SEC_MIN = 500
const RSS_MAX_MB = 512
const RESCAN_MAX_SEC = 6

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '5000' },
    entries: { type: 'string', default: '50000' },
    known: { type: 'string', default: '0' },
  },
})
const files = Number(values.files)
const entries = Number(values.entries)
const known = Number(values.known)

async function benchFirst(admin: Client, music: string): Promise<void> {
  const memory = watchMemory()
  const first = await timed(admin, () => admin.post('/library/folders', { path: music }))
  const m = memory.end()
  console.log(`first scan: ${first.scan.added} added, ${first.scan.faulty} faulty, ${first.seconds.toFixed(2)} s`)
  report('first scan', first.scan.added / first.seconds, 'tracks/s', { limit: TRACKS_PER_SEC_MIN, better: 'more' })
  console.log(
    `memory: server ${m.startMb.toFixed(0)} → ${m.serverMaxMb.toFixed(0)} MB resident; with tag and picture processes ${m.allMaxMb.toFixed(0)} MB (PSS)`,
  )
  report('memory of the server while it scans', m.serverMaxMb, 'MB', { limit: RSS_MAX_MB, better: 'less' })
  const again = await timed(admin, () => admin.post('/library/scan', {}))
  console.log(`rescan of ${again.scan.foundFiles} entries without changes: ${again.seconds.toFixed(2)} s`)
}

async function benchRescan(admin: Client, music: string): Promise<void> {
  await writeMusic('real', music, files, entries)
  const more = await timed(admin, () => admin.post('/library/scan', {}))
  console.log(`${more.scan.added} more tracks: ${(more.scan.added / more.seconds).toFixed(0)} tracks/s`)
  const memory = watchMemory()
  const again = await timed(admin, () => admin.post('/library/scan', {}))
  const m = memory.end()
  console.log(`memory during the rescan: ${m.startMb.toFixed(0)} → ${m.serverMaxMb.toFixed(0)} MB`)
  report(`rescan of ${again.scan.foundFiles} entries without changes`, again.seconds, 's', {
    limit: RESCAN_MAX_SEC,
    better: 'less',
  })
}

async function main(): Promise<void> {
  const music = await mkdtemp(join(tmpdir(), 'tutti-bench-music-'))
  const dataDir = await mkdtemp(join(tmpdir(), 'tutti-bench-data-'))
  await chmod(dataDir, 0o711) // As root the database is another user's, who must be able to pass.
  await writeMusic('real', music, 0, files)
  const app = await startTestApp({
    modules: [identity, catalog],
    // Without the clock there is no watcher: it would scan the files while they are generated.
    duties: ['http', 'jobs'],
    keep: { dataDir, databaseUrl: '' },
  })
  try {
    const admin = await app.as('admin')
    await untilIdle(admin)
    if (files > 0) await benchFirst(admin, music)
    if (files > 0 && entries > files) await benchRescan(admin, music)
    if (known > 0) await benchKnown(admin, app.app.ports.db.pool, known)
  } finally {
    await app.stop()
    await rm(music, { recursive: true, force: true })
    await rm(dataDir, { recursive: true, force: true })
  }
}

await main()
process.exitCode = allMet() ? 0 : 1
