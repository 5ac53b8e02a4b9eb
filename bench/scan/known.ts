/** A library so large that nobody would scan it for a bench: its rows are written straight into the database. */
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import type { Client } from '#kernel/testing.ts'
import { report, timed, watchMemory } from './measure.ts'
import { ALBUMS_OF_ARTIST, TRACKS_OF_ALBUM, writeMusic } from './music.ts'

const NEW_FILES = 1000
const RESCAN_MAX_SEC = 30
/** Rows of one statement. */
const PART = 50_000
/** The real ones stand behind all others. */
const REAL_FROM = 100_000_000

/** Files as `writeTiny` leaves them, each with a song; the folder is there already, and empty. */
async function writeRows(pool: pg.Pool, folderId: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += PART) {
    await pool.query(
      `with f as (
        select i, uuidv7() as song, 'bench' || i as content, 4096 + i % 1000 as size, (1600000000::bigint + i) * 1000000 as mtime,
          'Artist ' || i / $4 / $5 || '/Album ' || i / $4 as dir, lpad((i % $4 + 1)::text, 2, '0') || ' track.mp3' as name
        from generate_series($2::int, $3::int - 1) i),
      songs as (insert into catalog.songs (id, title, artist, duration_ms, sort_key, artist_order, album_order, search,
          folder_id, folder_no, content_id, codec, container, mime_type, lossless, size_bytes)
        select song, 'Track ' || i, 'Artist ' || i / $4 / $5, 1000, 'track ' || i, 'artist ' || i / $4 / $5,
          'album ' || i / $4, array_to_tsvector(array['track', i::text]), $1, (select no from catalog.folders where id = $1),
          content, 'mp3', 'mp3', 'audio/mpeg', false, size from f)
      insert into catalog.library_files (folder_id, dir, name, path_text, size_bytes, mtime_us, sidecars, content_id,
          duration_ms, song_id, state)
        select $1, convert_to(dir, 'UTF8'), convert_to(name, 'UTF8'), dir || '/' || name, size, mtime, '|', content,
          1000, song, 'ok' from f`,
      [folderId, from, Math.min(from + PART, count), TRACKS_OF_ALBUM, ALBUMS_OF_ARTIST],
    )
  }
  await pool.query('vacuum analyze catalog.library_files')
  await pool.query('vacuum analyze catalog.songs')
}

const sec = (s: number): string => `${s.toFixed(2)} s`

export async function benchKnown(admin: Client, pool: pg.Pool, count: number): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'tutti-bench-known-'))
  try {
    const added = await timed(admin, () => admin.post('/library/folders', { path: root }))
    const { body } = await admin.get('/library/status')
    const folder = (body['folders'] as { id: string; path: string }[]).find((f) => f.path === root)
    if (!folder) throw new Error(`The folder was not added: ${JSON.stringify(added.scan)}`)
    await writeMusic('tiny', root, 0, count)
    await writeRows(pool, folder.id, count)
    // A share of a second for the state, which counts songs.
    const rescan = () => timed(admin, () => admin.post('/library/scan', { folderId: folder.id }), 500)
    const memory = watchMemory()
    const same = await rescan()
    console.log(`rescan of ${same.scan.foundFiles} known files, nothing changed: ${sec(same.seconds)}`)
    if (same.scan.added + same.scan.removed + same.scan.faulty > 0) throw new Error(JSON.stringify(same.scan))
    await writeMusic('real', root, REAL_FROM, REAL_FROM + NEW_FILES)
    const more = await rescan()
    const m = memory.end()
    if (more.scan.added !== NEW_FILES) throw new Error(JSON.stringify(more.scan))
    report(`+${NEW_FILES} files into ${count}, rescan of all`, more.seconds, 's', {
      limit: RESCAN_MAX_SEC,
      better: 'less',
    })
    console.log(`memory: server ${m.serverMaxMb.toFixed(0)} MB, with tag processes ${m.allMaxMb.toFixed(0)} MB`)
    await benchPart(admin, folder.id, root)
    await benchMoved(rescan, root, count)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

async function benchPart(admin: Client, folderId: string, root: string): Promise<void> {
  await writeMusic('real', join(root, 'Brought'), 0, NEW_FILES)
  const part = await timed(admin, () => admin.post('/library/scan', { folderId, path: 'Brought' }))
  if (part.scan.added !== NEW_FILES) throw new Error(JSON.stringify(part.scan))
  report(`+${NEW_FILES} files, scan of their directory alone`, part.seconds, 's', {
    limit: RESCAN_MAX_SEC,
    better: 'less',
  })
}

/** Moved files are read again: those of the real ones. */
async function benchMoved(rescan: () => ReturnType<typeof timed>, root: string, count: number): Promise<void> {
  await rename(join(root, 'Brought'), join(root, 'Renamed'))
  const { scan, seconds } = await rescan()
  if (scan.moved !== NEW_FILES || scan.removed + scan.added > 0) throw new Error(JSON.stringify(scan))
  console.log(`a folder of ${NEW_FILES} files renamed among ${count}: all keep their ids, ${sec(seconds)}`)
}
