import { createHash } from 'node:crypto'
import { isLyricsName, keyOf, stemOf } from './names.ts'

export type FoundFile = { name: Buffer; sizeBytes: number; mtimeUs: number }
/** One folder as it is on the disk: audio files by name, the lyrics beside them and the best folder picture. */
export type Listing = {
  /** Relative to the music folder; empty for itself. */
  dir: Buffer
  audio: FoundFile[]
  lyrics: FoundFile[]
  image: FoundFile | undefined
}

const SIDECARS_MAX_CHARS = 600
const mark = (f: FoundFile | undefined): string => (f ? `${keyOf(f.name)}:${f.sizeBytes}:${f.mtimeUs}` : '')

/** Lyrics of a song are a file of the same name; `.lrc`, which may have times, wins over `.txt`. */
export function lyricsByStem(files: readonly FoundFile[]): Map<string, FoundFile> {
  const byStem = new Map<string, FoundFile>()
  for (const f of files.filter((f) => isLyricsName(f.name))) {
    const isTimed = keyOf(f.name).toLowerCase().endsWith('.lrc')
    if (isTimed || !byStem.has(stemOf(f.name))) byStem.set(stemOf(f.name), f)
  }
  return byStem
}

/** Fingerprint of the files beside a song that are read with it; as stored with its file. */
export const sidecarsOf = (image: FoundFile | undefined, lyrics: FoundFile | undefined): string =>
  [mark(image), mark(lyrics)].join('|').slice(0, SIDECARS_MAX_CHARS)

/**
 * Fingerprint of all that a comparison looks at in one folder. Invariant: equal to what {@link knownSignatures} makes of
 * the stored rows exactly when a comparison would find no difference, so folders that agree need no row to be read.
 */
export function signatureOf({ audio, lyrics, image }: Omit<Listing, 'dir'>): string {
  const beside = lyrics.length > 0 ? lyricsByStem(lyrics) : undefined
  const hash = createHash('sha256')
  for (const f of audio) {
    const sidecars = sidecarsOf(image, beside?.get(stemOf(f.name)))
    hash.update(f.name)
    // A name holds no slash, so nothing but these two files and marks reads the same.
    hash.update(`/${f.sizeBytes}:${f.mtimeUs}|${sidecars}/`, 'utf8')
  }
  return hash.digest('hex')
}
