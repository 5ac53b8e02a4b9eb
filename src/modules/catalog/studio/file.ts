import type { AppError } from '#kernel/errors.ts'
import { conflict } from '#kernel/errors.ts'
import { compare } from '#modules/catalog/scan/compare.ts'
import { read } from '#modules/catalog/scan/read.ts'
import type { CatalogCtx, Taken } from '#modules/catalog/scan/types.ts'
import { listFolder } from '#modules/catalog/scan/walk.ts'
import { folderById } from '#modules/catalog/store/folders.ts'
import { libraryPlace } from './store.ts'

/** Reading one file takes no longer than this. */
const READ_MS_MAX = 60_000

const gone = (): AppError =>
  conflict(
    'song_file_missing',
    'The file of this song cannot be read now: bring it back (or connect its disk), then change what is said of it.',
  )

/** The file of a library song as a scan would read it now. Throws 409 `song_file_missing`. */
export async function readLibraryFile(ctx: CatalogCtx, songId: string): Promise<Taken> {
  const place = await libraryPlace(ctx.db, songId)
  const folder = place && (await folderById(ctx.db, place.folderId))
  if (!folder) throw gone()
  const listing = await listFolder(folder.path, place.dir).catch(() => undefined)
  const audio = listing?.audio.filter((f) => f.name.equals(place.name)) ?? []
  if (!listing || audio.length === 0) throw gone()
  const { wanted } = compare(folder, { ...listing, audio }, [], 'full')
  const { taken } = await read(ctx, wanted, AbortSignal.timeout(READ_MS_MAX))
  if (!taken[0]) throw gone()
  return taken[0]
}
