import { access, constants, readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { type AppError, conflict, unprocessable } from '#kernel/errors.ts'
import { DiskStalled, disks } from '#modules/catalog/scan/disk.ts'
import { bytesOf, isAudioName, isHidden, keyOf } from '#modules/catalog/scan/names.ts'
import type { Folder } from '#modules/catalog/store/folders.ts'

/** Folders listed of one place; the rest is left out. */
const BROWSE_MAX = 2000
const AUDIO_COUNT_MAX = 1000

const isWithin = (path: string, top: string): boolean =>
  path === top || path.startsWith(top.endsWith(sep) ? top : top + sep)
/** The path behind its links; itself when it cannot be reached or its disk does not answer. */
async function real(path: string): Promise<string> {
  const key = keyOf(Buffer.from(path))
  const found = await disks.ask(key, { kind: 'real', path: key }).catch((thrown: unknown) => {
    if (thrown instanceof DiskStalled) return undefined
    throw thrown
  })
  return found === undefined ? resolve(path) : bytesOf(found).toString()
}

const unreachable = (path: string) =>
  unprocessable(
    'folder_unreachable',
    `"${path}" is not a folder that this server can read: check the path and its permissions.`,
  )

/** @throws 422 `folder_not_absolute`, `folder_unreachable` */
export async function readableFolder(path: string): Promise<string> {
  if (!isAbsolute(path))
    throw unprocessable('folder_not_absolute', 'Name the folder by its whole path, from the root on.')
  const folder = resolve(path)
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory()) throw unreachable(path)
  await access(folder, constants.R_OK | constants.X_OK).catch(() => {
    throw unreachable(path)
  })
  return folder
}

/** Music folders stand apart from each other and from the data folder, links resolved. */
export async function placeFault(
  path: string,
  o: { dataDir: string; folders: readonly Folder[] },
): Promise<AppError | undefined> {
  const wanted = await real(path)
  if (isWithin(wanted, await real(o.dataDir)))
    return unprocessable('folder_is_data', 'This is where Tutti keeps its own data: choose the folder of your music.')
  for (const other of o.folders) {
    const there = await real(other.path.toString())
    if (wanted === there) return conflict('folder_known', `"${path}" is a music folder already.`)
    if (isWithin(wanted, there))
      return conflict(
        'folder_overlaps',
        `"${path}" is inside the music folder "${other.pathText}" and is scanned with it.`,
      )
    if (isWithin(there, wanted))
      return conflict(
        'folder_overlaps',
        `The music folder "${other.pathText}" is inside "${path}": remove it first, then add the outer one.`,
      )
  }
  return undefined
}

async function audioFilesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { encoding: 'buffer' }).catch(() => [])
  let n = 0
  for (const name of names) if (isAudioName(name) && !isHidden(name) && ++n === AUDIO_COUNT_MAX) break
  return n
}

/** Folders inside `path` (default: the home folder) by name; hidden ones and those whose names are not text left out. */
export async function browse(path: string | undefined) {
  const folder = await readableFolder(path ?? homedir())
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw unreachable(folder)
  })
  const names = entries
    .filter((e) => e.isDirectory() && !isHidden(Buffer.from(e.name)) && !e.name.includes('\ufffd'))
    .map((e) => e.name)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .slice(0, BROWSE_MAX)
  const folders = []
  for (const name of names)
    folders.push({ name, path: join(folder, name), audioFiles: await audioFilesIn(join(folder, name)) })
  return { path: folder, parent: dirname(folder) === folder ? null : dirname(folder), folders }
}
