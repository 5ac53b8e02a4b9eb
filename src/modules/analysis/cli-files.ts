/** What the words of the command line stand for: files as they are, folders as the audio files below them. */
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'

/** A file to analyse, as people call it; or what is wrong with the word. */
export type Wanted = { readonly file: string; readonly path: string; readonly fault?: { code: string; detail: string } }

const FILES_MAX = 200_000
/** Deeper than this only loops go. */
const DEPTH_MAX = 64
/** In folders only these are taken; a file that is named is tried whatever it is called. */
const AUDIO = new Set(
  '.mp3 .mp2 .flac .ogg .oga .opus .m4a .m4b .mp4 .aac .wav .wave .aif .aiff .aifc .wma .ape .wv .mpc .tta .caf .au .snd .mka .webm .dsf .dff'.split(
    ' ',
  ),
)

export class TooManyFiles extends Error {
  constructor() {
    super(`There are more than ${FILES_MAX} files: name fewer folders.`)
  }
}

const faulty = (file: string, path: string, code: string, detail: string): Wanted => ({
  file,
  path,
  fault: { code, detail },
})

/** What is in a folder by name, without what is hidden; undefined when it cannot be read. */
async function entriesOf(path: string): Promise<Dirent[] | undefined> {
  try {
    const entries = (await readdir(path, { withFileTypes: true })).filter((entry) => !entry.name.startsWith('.'))
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  } catch {
    return undefined
  }
}

/** The audio files below a folder in the order of their names. Links are passed over, so that there are no loops. */
async function below(shown: string, path: string, found: Wanted[], depth = 0): Promise<void> {
  const entries = await entriesOf(path)
  if (!entries) return void found.push(faulty(shown, path, 'folder_unreadable', 'This folder cannot be read.'))
  for (const entry of entries) {
    const inner: [string, string] = [join(shown, entry.name), join(path, entry.name)]
    if (entry.isDirectory() && depth < DEPTH_MAX) await below(...inner, found, depth + 1)
    else if (entry.isFile() && AUDIO.has(extname(entry.name).toLowerCase())) {
      if (found.length >= FILES_MAX) throw new TooManyFiles()
      found.push({ file: inner[0], path: inner[1] })
    }
  }
}

async function lookAt(file: string, path: string, found: Wanted[]): Promise<void> {
  const kind = await stat(path).catch(() => undefined)
  if (!kind) return void found.push(faulty(file, path, 'media_not_found', 'There is no such file.'))
  if (kind.isFile()) return void found.push({ file, path })
  if (!kind.isDirectory()) return void found.push(faulty(file, path, 'not_a_file', 'This is no file and no folder.'))
  const before = found.length
  await below(file, path, found)
  if (found.length === before) found.push(faulty(file, path, 'folder_empty', 'There is no audio in this folder.'))
}

/** Throws `TooManyFiles`. */
export async function wantedFiles(words: readonly string[], from: string): Promise<Wanted[]> {
  const found: Wanted[] = []
  for (const word of words) await lookAt(word, resolve(from, word), found)
  return found
}
