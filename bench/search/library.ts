import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { createWrite } from '#kernel/events/write.ts'
import { createSaver } from '#modules/catalog/scan/save.ts'
import { type CatalogCtx, emptyTally, type Taken } from '#modules/catalog/scan/types.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { folders } from '#modules/catalog/store/folders.ts'
import { newId } from '#kernel/ids.ts'
import { KNOWN, type Known } from './known.ts'

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)

const takenOf = ([title, artist, album]: Known, folder: Taken['wanted']['folder']): Taken => ({
  wanted: {
    folder,
    dir: Buffer.from(`known/${hash(artist + album)}`),
    file: { name: Buffer.from(`${hash(title)}.mp3`), sizeBytes: 5_000_000, mtimeUs: 1 },
    sidecars: '',
    lyricsFile: undefined,
    image: undefined,
    known: undefined,
  },
  probe: {
    ok: true,
    container: 'mp3',
    codec: 'mp3',
    lossless: false,
    sampleRateHz: 44_100,
    channels: 2,
    bitrateKbps: 192,
    durationMs: 200_000,
    tags: {
      title,
      artists: [artist],
      albumArtists: [artist],
      album,
      genres: [],
      composers: [],
      musicbrainz: {},
      replayGain: {},
      compilation: false,
      lyrics: {},
    },
    contentHash: hash(title + artist),
    warnings: [],
  },
  lyrics: undefined,
  cover: undefined,
})

/** Adds the songs that are looked for to a generated library, public so that everybody finds them; again does nothing. */
export async function addKnown(db: Db): Promise<void> {
  const { rows } = await sql<{
    n: number
  }>`select count(*)::int as n from catalog.library_files where dir like 'known/%'::bytea`.execute(db)
  if (rows[0]?.n === KNOWN.length) return
  const [folder] = await folders(db)
  if (!folder) throw new Error('the library has no folder')
  // All that saving uses of a context.
  const ctx = { db, newId, write: createWrite(db as never, () => {}) } as unknown as CatalogCtx
  await createSaver(ctx)({ taken: KNOWN.map((k) => takenOf(k, folder)), refused: [] }, emptyTally())
  await sql`update catalog.songs s set is_public = true from catalog.library_files f
    where f.song_id = s.id and f.dir like 'known/%'::bytea`.execute(db)
  await sql`update catalog.artists ar set shelf = 3 where exists (select from catalog.song_artists sa
    join catalog.songs s on s.id = sa.song_id where sa.artist_id = ar.id and s.shelf = 3)`.execute(db)
  await sql`update catalog.albums al set shelf = 3 where exists (select from catalog.songs s
    where s.album_id = al.id and s.shelf = 3)`.execute(db)
}
