/** Music of a bench, written by a program of its own so that the memory of the server is the server's. */
import { spawn } from 'node:child_process'
import { closeSync, ftruncateSync, futimesSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { png, taggedMp3 } from '#test/fixtures/audio.ts'

export const TRACKS_OF_ALBUM = 12
export const ALBUMS_OF_ARTIST = 5
const TRACK_SEC = 0.5
const SYLLABLES = 'ka lo mi ren tas vo bel dor fin gra hul jem nar pol qui sto tur wen yal zor'.split(' ')
const GENRES = ['Rock', 'Jazz', 'Classical', 'Electronic', 'Folk', 'Pop', 'Metal', 'Ambient']
/** Of files that nobody opens; `known.ts` writes the same into the database. */
export const TINY = { sizeBytes: (i: number): number => 4096 + (i % 1000), mtimeSec: (i: number): number => 1.6e9 + i }

const word = (k: number): string =>
  Array.from(
    { length: 2 + (k % 3) },
    (_, i) => SYLLABLES[(k * 7 + i * 13 + Math.floor(k / 11)) % SYLLABLES.length],
  ).join('')

/** Words that look like words, the same for the same number. */
function wordsOf(n: number, count: number): string {
  const text = Array.from({ length: count }, (_, i) => word((n * 31 + i * 17) % 40_000)).join(' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function placeOf(i: number): { album: number; artist: number; track: number; dir: string; name: string } {
  const album = Math.floor(i / TRACKS_OF_ALBUM)
  const artist = Math.floor(album / ALBUMS_OF_ARTIST)
  const track = (i % TRACKS_OF_ALBUM) + 1
  return {
    album,
    artist,
    track,
    dir: join(`Artist ${artist}`, `Album ${album}`),
    name: `${String(track).padStart(2, '0')} track.mp3`,
  }
}

function writeReal(root: string, i: number, isFirst: boolean): void {
  const { album, artist, track, dir, name } = placeOf(i)
  const folder = join(root, dir)
  if (track === 1 || isFirst) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'cover.png'), png(64, 64, [album % 256, (album * 7) % 256, (album * 31) % 256]))
  }
  const tags = {
    TIT2: wordsOf(i, 3),
    TPE1: `${wordsOf(artist + 100_000, 2)} ${artist}`,
    TPE2: `${wordsOf(artist + 100_000, 2)} ${artist}`,
    TALB: `${wordsOf(album + 200_000, 2)} ${album}`,
    TRCK: `${track}/${TRACKS_OF_ALBUM}`,
    TDRC: String(1960 + (album % 60)),
    TCON: GENRES[album % GENRES.length] as string,
  }
  writeFileSync(join(folder, name), taggedMp3(tags, { sec: TRACK_SEC, seed: i }))
}

/** A hole of the right size and time: a scan that knows it never opens it. */
function writeTiny(root: string, i: number, isFirst: boolean): void {
  const { track, dir, name } = placeOf(i)
  const folder = join(root, dir)
  if (track === 1 || isFirst) mkdirSync(folder, { recursive: true })
  const file = openSync(join(folder, name), 'w')
  ftruncateSync(file, TINY.sizeBytes(i))
  futimesSync(file, TINY.mtimeSec(i), TINY.mtimeSec(i))
  closeSync(file)
}

/** Writes tracks `from` to `to` below a folder, in a process of its own. */
export async function writeMusic(kind: 'real' | 'tiny', root: string, from: number, to: number): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), kind, root, String(from), String(to)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  if (code !== 0) throw new Error(`The music could not be written: the program ended with ${code}.`)
}

if (import.meta.main) {
  const [kind, root = '', from, to] = process.argv.slice(2)
  const write = kind === 'tiny' ? writeTiny : writeReal
  for (let i = Number(from); i < Number(to); i++) write(root, i, i === Number(from))
}
