import type { KnownFile } from '#modules/catalog/store/files.ts'
import type { Folder } from '#modules/catalog/store/folders.ts'
import { keyOf, stemOf } from './names.ts'
import { type FoundFile, type Listing, lyricsByStem, sidecarsOf } from './sidecars.ts'
import type { Wanted } from './types.ts'

/** `full` reads every file again; `changes` those whose size or time is another than before. */
export type Depth = 'changes' | 'full'
export type Difference = { wanted: Wanted[]; gone: KnownFile[] }

/** Faults that may pass without the file changing: permissions. */
export const PASSING_FAULTS: readonly string[] = ['unreadable']

const isSame = (file: FoundFile, sidecars: string, known: KnownFile): boolean =>
  known.state !== 'missing' &&
  !PASSING_FAULTS.includes(known.faultCode ?? '') &&
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
    const sidecars = sidecarsOf(listing.image, lyricsFile)
    if (depth === 'changes' && before && isSame(file, sidecars, before)) continue
    wanted.push({ folder, dir: listing.dir, file, sidecars, lyricsFile, image: listing.image, known: before })
  }
  return { wanted, gone: [...byName.values()].filter((k) => k.state !== 'missing') }
}
