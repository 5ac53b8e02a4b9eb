import type { ProbeOk, Tags } from '#kernel/media/types.ts'
import { camelotOf, keyName } from '#engines/audio/index.ts'
import { GENRES } from './genres.ts'
import { albumTitle, artistName, personName, songTitle } from './names.ts'
import { type Random, randomOf } from './random.ts'
import { type Tongue, tonguesOf } from './words.ts'

/** Albums of the most productive artist. */
const ARTIST_ALBUMS_MAX = 60
const YEAR_LAST = 2026
const YEAR_FIRST = 1955
/** People who bring songs of their own; the first brings most. */
export const OWNERS = 40
const UPLOADING_ARTISTS = 0.03
const PUBLIC_ALBUMS = 0.1
const HIDDEN_SONGS = 0.003
const MISSING_SONGS = 0.005
const ANALYSED_SONGS = 0.96
const OTHER_FOLDER_ARTISTS = 0.15

export type TuneFacts = {
  tempo: number
  key: string
  camelot: string
  energy: number
  loudnessLufs: number
  truePeakDbtp: number
}
/** A file of the library as its tags tell of it, and what people and the analysis make of it. */
export type Tune = {
  readonly probe: ProbeOk
  /** 0 or 1: in which of the two music folders it lies. */
  readonly folder: 0 | 1
  readonly dir: string
  readonly name: string
  /** Names the picture of its album. */
  readonly cover: string | undefined
  /** Number of the person who brought it; undefined for songs of the folders. */
  readonly owner: number | undefined
  readonly isPublic: boolean
  readonly isVisible: boolean
  readonly isMissing: boolean
  readonly facts: TuneFacts | undefined
}

type Artist = {
  name: string
  tongue: Tongue
  genres: string[]
  since: number
  /** Music of one genre is alike: tempo and energy lie around these. */
  tempo: number
  energy: number
  owner: number | undefined
  folder: 0 | 1
}

const clamp = (x: number, min: number, max: number): number => Math.min(max, Math.max(min, x))

function makeArtist(tongues: ReturnType<typeof tonguesOf>, r: Random): Artist {
  const tongue = tongues.any(r)
  const first = r.zipf(GENRES.length)
  const more = r.chance(0.35) ? [GENRES[r.zipf(GENRES.length)] as string] : []
  // The character of a genre follows from its number alone.
  const character = randomOf(first + 1)
  return {
    name: artistName(tongue, r),
    tongue,
    genres: [GENRES[first] as string, ...more],
    since: Math.round(clamp(2012 - Math.abs(r.normal()) * 18, YEAR_FIRST, YEAR_LAST)),
    tempo: 70 + character.unit() * 90,
    energy: 0.15 + character.unit() * 0.7,
    owner: r.chance(UPLOADING_ARTISTS) ? r.zipf(OWNERS) : undefined,
    folder: r.chance(OTHER_FOLDER_ARTISTS) ? 1 : 0,
  }
}

/** One album more often than not, dozens seldom (Pareto). */
const albumsOfArtist = (r: Random): number => Math.min(ARTIST_ALBUMS_MAX, Math.floor((1 - r.unit()) ** -0.75))

/** Singles, EPs, albums and long ones. */
function songsOfAlbum(r: Random): number {
  const kind = r.unit()
  if (kind < 0.2) return 1
  if (kind < 0.32) return 2 + r.below(5)
  if (kind < 0.93) return 8 + r.below(8)
  return 16 + r.below(15)
}
const FORMATS = [
  { container: 'flac', codec: 'flac', lossless: true, kbps: 900, ending: 'flac' },
  { container: 'mp3', codec: 'mp3', lossless: false, kbps: 320, ending: 'mp3' },
  { container: 'mp3', codec: 'mp3', lossless: false, kbps: 192, ending: 'mp3' },
  { container: 'mp4', codec: 'aac', lossless: false, kbps: 256, ending: 'm4a' },
  { container: 'ogg', codec: 'opus', lossless: false, kbps: 128, ending: 'opus' },
] as const

function factsOf(artist: Artist, r: Random): TuneFacts {
  const tonic = (r.zipf(12) * 7) % 12
  const mode = r.chance(0.62) ? 'major' : 'minor'
  const energy = clamp(artist.energy + r.normal() * 0.13, 0.01, 0.99)
  return {
    tempo: Math.round(clamp(artist.tempo + r.normal() * 16, 45, 215) * 100) / 100,
    key: keyName(tonic, mode),
    camelot: camelotOf(tonic, mode),
    energy: Math.round(energy * 1000) / 1000,
    loudnessLufs: Math.round((-24 + energy * 18 + r.normal()) * 10) / 10,
    truePeakDbtp: Math.round((-0.4 + r.normal() * 0.5) * 10) / 10,
  }
}

const safe = (name: string): string => name.replaceAll('/', '_')

type Album = {
  no: number
  title: string
  year: number
  size: number
  cover: string | undefined
  isPublic: boolean
  format: number
}
const makeAlbum = (a: Artist, o: { no: number; year: number }, r: Random): Album => ({
  no: o.no,
  title: albumTitle(a.tongue, r),
  year: o.year,
  size: songsOfAlbum(r),
  cover: r.chance(0.9) ? r.hex(32) : undefined,
  isPublic: r.chance(PUBLIC_ALBUMS),
  format: r.zipf(FORMATS.length),
})

function tagsOf(a: Artist, album: Album, track: number, r: Random): Tags {
  const guest = r.chance(0.06) ? ` feat. ${personName(a.tongue, r)}` : ''
  return {
    title: songTitle(a.tongue, r),
    artists: [`${a.name}${guest}`],
    albumArtists: [a.name],
    album: album.title,
    track: ((track - 1) % 18) + 1,
    ...(album.size > 18 ? { disc: 1 + Math.floor((track - 1) / 18) } : {}),
    ...(r.chance(0.95) ? { year: album.year } : {}),
    genres: a.genres.slice(0, r.chance(0.8) ? 2 : 1),
    composers: r.chance(0.2) ? [personName(a.tongue, r)] : [],
    musicbrainz: {},
    replayGain: {},
    compilation: false,
    lyrics: {},
  }
}

function makeTune(a: Artist, album: Album, track: number, r: Random): Tune {
  const format = FORMATS[album.format] as (typeof FORMATS)[number]
  const durationMs = Math.round(clamp(Math.exp(12.32 + r.normal() * 0.38), 8_000, 3_600_000))
  const tags = tagsOf(a, album, track, r)
  return {
    probe: {
      ok: true,
      container: format.container,
      codec: format.codec,
      lossless: format.lossless,
      sampleRateHz: 44_100,
      channels: 2,
      bitrateKbps: format.kbps,
      durationMs,
      tags,
      contentHash: r.hex(16),
      warnings: [],
    },
    folder: a.folder,
    dir: `${safe(a.name)}/${album.year} ${safe(album.title)} [${album.no}]`,
    name: `${String(track).padStart(2, '0')} ${safe(tags.title ?? '')}.${format.ending}`,
    cover: album.cover,
    owner: a.owner,
    isPublic: album.isPublic,
    isVisible: !r.chance(HIDDEN_SONGS),
    isMissing: r.chance(MISSING_SONGS),
    facts: r.chance(ANALYSED_SONGS) ? factsOf(a, r) : undefined,
  }
}

/**
 * `count` songs of a library as people have them: artists with 1 to 60 albums of 1 to 30 songs, few of them many; genres
 * and words by Zipf's law; thirteen scripts and languages. The same seed gives the same songs; those of one artist come
 * together, as a scan meets them.
 */
export function* tunesOf(seed: number, count: number): Generator<Tune> {
  const r = randomOf(seed)
  const tongues = tonguesOf(seed)
  let left = count
  let no = 0
  while (left > 0) {
    const artist = makeArtist(tongues, r)
    const albums = albumsOfArtist(r)
    let year = artist.since
    for (let i = 0; i < albums && left > 0; i++) {
      const album = makeAlbum(artist, { no: ++no, year }, r)
      for (let track = 1; track <= album.size && left > 0; track++, left--) yield makeTune(artist, album, track, r)
      year = Math.min(YEAR_LAST, year + r.below(3))
    }
  }
}
