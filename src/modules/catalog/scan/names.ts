import { extname } from 'node:path'

/** Names of files are bytes: Linux promises no encoding. Keys of maps are their latin1 texts, one character a byte. */
export const keyOf = (bytes: Buffer): string => bytes.toString('latin1')
export const bytesOf = (key: string): Buffer => Buffer.from(key, 'latin1')

const SLASH = Buffer.from('/')
/** Joins raw parts of a path; empty ones are left out. */
export function joinBytes(...parts: Buffer[]): Buffer {
  const [first = Buffer.alloc(0), ...rest] = parts.filter((p) => p.length > 0)
  return rest.reduce((path, p) => Buffer.concat(path.at(-1) === SLASH[0] ? [path, p] : [path, SLASH, p]), first)
}

const SHOWN_MAX_CHARS = 4096
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
/** A path for people: what is not UTF-8 becomes U+FFFD, control characters are written as escapes. */
export const shownPath = (path: Buffer): string =>
  decoder
    .decode(path)
    // oxlint-disable-next-line no-control-regex -- a name may hold any of them
    .replace(/[\u0000-\u001f\u007f]/g, (c) =>
      c === '\n' ? '\\n' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
    )
    .slice(0, SHOWN_MAX_CHARS)
    .toWellFormed()

const AUDIO = new Set(
  '.mp3 .mp2 .flac .ogg .oga .opus .m4a .m4b .mp4 .aac .alac .wav .wave .aif .aiff .aifc .wma .asf .ape .wv .mpc .mka .webm .dsf .dff .spx'.split(
    ' ',
  ),
)
const IMAGE = /^(cover|folder|front|album)\.(jpe?g|png|webp)$/
/** The picture of whose music lies at and below it, as Navidrome, Jellyfin and Kodi name it. */
const PORTRAIT = /^artist\.(jpe?g|png|webp)$/
/** Folders of other programs that hold no music of their own. */
const FOREIGN = new Set(['@eadir', '#recycle', '$recycle.bin', 'lost+found', 'system volume information'])

const lower = (name: Buffer): string => keyOf(name).toLowerCase()
export const isHidden = (name: Buffer): boolean => name[0] === 0x2e || FOREIGN.has(lower(name))
export const isAudioName = (name: Buffer): boolean => AUDIO.has(extname(lower(name)))
export const isLyricsName = (name: Buffer): boolean => kindOf(name) === 'lyrics'

const IMAGE_ORDER = ['cover', 'folder', 'front', 'album']
/** Place in the order of preference of a folder picture, undefined for any other file. */
export const imageRank = (name: Buffer): number | undefined => {
  const found = IMAGE.exec(lower(name))
  return found ? IMAGE_ORDER.indexOf(found[1] as string) : undefined
}
export const isPortraitName = (name: Buffer): boolean => PORTRAIT.test(lower(name))
export type FileKind = 'audio' | 'lyrics' | 'image' | 'portrait'
/** What a file is by its name; undefined for one of no interest. */
export function kindOf(name: Buffer): FileKind | undefined {
  const text = lower(name)
  const ext = extname(text)
  if (AUDIO.has(ext)) return 'audio'
  if (ext === '.lrc' || ext === '.txt') return 'lyrics'
  if (PORTRAIT.test(text)) return 'portrait'
  return IMAGE.test(text) ? 'image' : undefined
}
/** The name without its last extension, as a key. */
export const stemOf = (name: Buffer): string => {
  const key = keyOf(name)
  const ext = extname(key)
  return ext === '' ? key : key.slice(0, -ext.length)
}

/** `cd1`, `Disc 2`, `disk-03`: parts of one album in folders of their own. */
const DISC_FOLDER = /^(?:cd|dis[ck]|vinyl|lp|side)[\s._-]*(?:\d{1,2}|[a-d])$/i
/** The folder that holds the album: without a trailing disc folder. */
export function albumFolder(dir: Buffer): Buffer {
  const at = dir.lastIndexOf('/')
  return DISC_FOLDER.test(keyOf(dir.subarray(at + 1))) ? dir.subarray(0, Math.max(0, at)) : dir
}
