import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { AppError } from '#kernel/errors.ts'
import type { albums, songs } from '#modules/catalog/schema.ts'

export type Songs = Api<typeof songs>
export type Albums = Api<typeof albums>
export type SongFile = Awaited<ReturnType<Songs['getSongFiles']>>[number]

/** Also of a song whose file has just been deleted. */
export const fileMissing = () =>
  new AppError(
    404,
    'file_missing',
    'The file of this song is not where it was: it plays again as soon as its folder is back or scanned anew.',
  )

/**
 * The file of a song that `who` may hear. Who may not is told by the catalogue's own policy: 401 to nobody, 404 to
 * everybody else. Throws 404 `file_missing` when the catalogue knows that the file is away.
 */
export async function songFile(songs: Songs, who: Caller, id: string): Promise<SongFile> {
  const [file] = await songs.getSongFiles(who, { ids: [id] })
  if (!file) {
    await songs.getSong(who, { id })
    throw fileMissing()
  }
  if (file.isMissing) throw fileMissing()
  return file
}

/** Turns the system's word for a file that has just gone into ours. */
export const orMissing = (thrown: unknown): never => {
  const { code } = thrown as { code?: string }
  if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ESTALE', 'EIO', 'media_not_found'].includes(code ?? '')) throw fileMissing()
  throw thrown
}
