/** Real music of this machine: folders of Debian packages, or those given; album and artist by its tags. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export type Track = { path: string; album: string; artist: string; bytes: number }

const GAMES = '/usr/share/games'
export const LIBRARIES = [
  `${GAMES}/wesnoth/1.16/data/core/music`,
  `${GAMES}/asc/music`,
  ...['aftermath', 'legacy', 'original'].map((name) => `${GAMES}/warzone2100/music/albums/${name}_soundtrack`),
]
const MUSIC = /\.(?:ogg|opus|mp3|flac|m4a|wav)$/i
const DECODED_BYTES_MAX = 1 << 28
/** Of each track, from its beginning. */
const TRACK_SEC = 120

type Probe = { format?: { tags?: Record<string, string> }; streams?: { tags?: Record<string, string> }[] }

/** `wesnoth music`: what the folder is called, and whose it is. */
const nameOf = (folder: string) =>
  `${folder.startsWith(GAMES) ? folder.slice(GAMES.length + 1).split('/')[0]! : basename(dirname(folder))} ${basename(folder)}`

const tagsOf = (path: string): Record<string, string> => {
  const entries = 'format_tags:stream_tags'
  const flags = ['-v', 'error', '-select_streams', 'a:0', '-show_entries', entries, '-of', 'json', path]
  const { format, streams } = JSON.parse(spawnSync('ffprobe', flags, { encoding: 'utf8' }).stdout || '{}') as Probe
  const tags = { ...streams?.[0]?.tags, ...format?.tags }
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name.toLowerCase(), value]))
}

/** Each folder is an album: game music rarely says more. */
export const tracksOf = (folders: readonly string[]): Track[] =>
  folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => MUSIC.test(name))
        .sort()
        .map((name) => {
          const path = join(folder, name)
          return { path, album: nameOf(folder), artist: tagsOf(path).artist ?? '', bytes: statSync(path).size }
        }),
    )

/** Two channels, 44.1 kHz. */
export const decode = (path: string): Float32Array => {
  const output = ['-f', 'f32le', '-ac', '2', '-ar', '44100', '-']
  const { stdout } = spawnSync('ffmpeg', ['-v', 'error', '-nostdin', '-t', String(TRACK_SEC), '-i', path, ...output], {
    maxBuffer: DECODED_BYTES_MAX,
  })
  return new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.byteLength))
}
