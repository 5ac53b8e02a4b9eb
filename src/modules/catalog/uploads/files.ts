import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#kernel/errors.ts'

type Place = { readonly dataDir: string }
const SUFFIX = '.part'

const roomOf = ({ dataDir }: Place): string => join(dataDir, 'uploads')
/** Where the bytes of an upload lie until they are kept. Its name is made of the id alone. */
export const partPath = (place: Place, id: string): string => join(roomOf(place), `${id}${SUFFIX}`)

export const makeRoom = async (place: Place): Promise<void> =>
  void (await mkdir(roomOf(place), { recursive: true, mode: 0o700 }))

/** Ids of the uploads that have a file here. */
export async function partIds(place: Place): Promise<string[]> {
  const names = await readdir(roomOf(place)).catch(() => [])
  return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length))
}
export const removePart = (place: Place, id: string): Promise<void> => rm(partPath(place, id), { force: true })

/** The file of an upload, cut to what is known to be whole. Throws 410 when less than that is left of it. */
export async function openPart(place: Place, id: string, offset: number): Promise<FileHandle> {
  await makeRoom(place)
  const file = await open(partPath(place, id), offset === 0 ? 'w+' : 'r+', 0o600).catch((thrown: unknown) => {
    throw (thrown as { code?: string }).code === 'ENOENT' ? lost() : thrown
  })
  try {
    if ((await file.stat()).size < offset) throw lost()
    await file.truncate(offset)
    return file
  } catch (thrown) {
    await file.close()
    throw thrown
  }
}
const lost = () => new AppError(410, 'upload_gone', 'What was received of this upload is lost: begin it anew.')

/** Makes a file the bytes of an upload; both survive a power cut once it resolves. */
export async function adoptFile(place: Place, path: string, id: string): Promise<void> {
  await makeRoom(place)
  await syncPath(path)
  await rename(path, partPath(place, id))
  await syncPath(roomOf(place))
}
async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** SHA-256 in hex. */
export async function hashOf(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const bytes: AsyncIterable<Buffer> = createReadStream(path, {
    highWaterMark: 1024 ** 2,
    ...(signal ? { signal } : {}),
  })
  for await (const chunk of bytes) hash.update(chunk)
  return hash.digest('hex')
}
