import type { KnownFile } from '#modules/catalog/store/files.ts'
import type { Folder } from '#modules/catalog/store/folders.ts'
import { isLyricsName, keyOf, stemOf } from './names.ts'
import type { Wanted } from './types.ts'
import type { FoundFile, Listing } from './walk.ts'

/** `full` reads every file again; `changes` those whose size or time is another than before. */
export type Depth = 'changes' | 'full'
export type Difference = { wanted: Wanted[]; gone: KnownFile[] }

const mark = (f: FoundFile | undefined): string => (f ? `${keyOf(f.name)}:${f.sizeBytes}:${f.mtimeUs}` : '')
const SIDECARS_MAX_CHARS = 600

/** Lyrics of a song are a file of the same name; `.lrc`, which may have times, wins over `.txt`. */
function lyricsByStem(files: readonly FoundFile[]): Map<string, FoundFile> {
  const byStem = new Map<string, FoundFile>()
  for (const f of files.filter((f) => isLyricsName(f.name))) {
    const isTimed = keyOf(f.name).toLowerCase().endsWith('.lrc')
    if (isTimed || !byStem.has(stemOf(f.name))) byStem.set(stemOf(f.name), f)
  }
  return byStem
}

/** A fault that may pass without the file changing: permissions. */
const PASSING = new Set(['unreadable'])

const isSame = (file: FoundFile, sidecars: string, known: KnownFile): boolean =>
  known.state !== 'missing' &&
  !PASSING.has(known.faultCode ?? '') &&
  known.sizeBytes === file.sizeBytes &&
  known.mtimeUs === file.mtimeUs &&
  known.sidecars === sidecars

/** What of one folder has to be read, and which known files are no longer in it. Reads nothing itself. */
export function compare(folder: Folder, listing: Listing, known: readonly KnownFile[], depth: Depth): Difference {
  const byName = new Map(known.map((k) => [keyOf(k.name), k]))
  const lyrics = lyricsByStem(listing.lyrics)
  const wanted: Wanted[] = []
  for (const file of listing.audio) {
    const key = keyOf(file.name)
    const before = byName.get(key)
    byName.delete(key)
    const lyricsFile = lyrics.get(stemOf(file.name))
    const sidecars = [mark(listing.image), mark(lyricsFile)].join('|').slice(0, SIDECARS_MAX_CHARS)
    if (depth === 'changes' && before && isSame(file, sidecars, before)) continue
    wanted.push({ folder, dir: listing.dir, file, sidecars, lyricsFile, image: listing.image, known: before })
  }
  return { wanted, gone: [...byName.values()].filter((k) => k.state !== 'missing') }
}
