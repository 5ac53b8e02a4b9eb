import { Id, Nullable, OneOf, type Static, Time, Type } from '#kernel/schema.ts'
import { MOODS, type Mood } from './mood.ts'

export { MOODS, type Mood }
export const ANALYSIS_STATES = ['none', 'pending', 'processing', 'completed', 'failed'] as const
export const SONG_SORTS = [
  'title',
  '-title',
  'newest',
  'oldest',
  'artist',
  'album',
  'year',
  '-year',
  'duration',
  '-duration',
  'bpm',
  '-bpm',
  'energy',
  '-energy',
  'random',
] as const
export const ALBUM_SORTS = ['title', '-title', 'newest', 'oldest', 'artist', 'year', '-year', 'random'] as const

/** Of people on a recording; `album` stands for the artist of the album alone. */
export const CREDIT_ROLES = [
  'main',
  'featured',
  'remixer',
  'composer',
  'lyricist',
  'arranger',
  'conductor',
  'performer',
  'producer',
  'mixer',
  'engineer',
] as const
export const ALBUM_KINDS = [
  'album',
  'single',
  'ep',
  'compilation',
  'playlist',
  'live',
  'soundtrack',
  'audiobook',
] as const
/** `auto` watches where the system tells of changes and looks again and again where it does not (network drives). */
export const WATCH_MODES = ['auto', 'poll', 'off'] as const

const Ref = Type.Object({ id: Id, title: Type.String() })
export const ArtistCredit = Type.Object({
  id: Id,
  name: Type.String(),
  role: OneOf([...CREDIT_ROLES, 'album'] as const),
})

/** ReplayGain 2: gains in dB to −18 LUFS, not limited by anything; who lifts a song minds its peak. */
export const Loudness = Type.Object(
  {
    trackGainDb: Type.Number(),
    trackPeakDbtp: Nullable(Type.Number({ description: 'Null: not known, so lift nothing' })),
    albumGainDb: Nullable(Type.Number({ description: 'The same for every song of the album, once all are measured' })),
    albumPeakDbtp: Nullable(Type.Number()),
    source: OneOf(['analysis', 'tags'] as const, { description: 'Where the gain of the song comes from' }),
  },
  { $id: 'Loudness' },
)
export type Loudness = Static<typeof Loudness>

const Color = Type.String({ description: '#rrggbb' })
export const CoverPalette = Type.Object(
  {
    dominant: Color,
    vibrant: Color,
    dark: Type.String({ description: 'A ground on which `light` can be read (contrast 4.5 and above)' }),
    light: Color,
    text: Type.String({ description: 'Can be read on `dominant`' }),
  },
  { $id: 'CoverPalette' },
)
/** Of things with a picture, until it is there. */
const coverLooks = {
  coverColor: Nullable(Type.String({ description: '#rrggbb of the cover, for placeholders' })),
  coverBlurhash: Nullable(Type.String({ description: 'BlurHash of the cover, 4 × 4' })),
  coverPalette: Nullable(CoverPalette),
}

export const Song = Type.Object(
  {
    id: Id,
    title: Type.String(),
    artist: Type.String({ description: 'As it is shown: the credits in one line' }),
    artists: Type.Array(ArtistCredit),
    album: Nullable(Ref),
    disc: Nullable(Type.Integer()),
    track: Nullable(Type.Integer()),
    durationMs: Type.Integer({ minimum: 0 }),
    year: Nullable(Type.Integer()),
    genres: Type.Array(Type.String()),
    tags: Type.Array(Type.String()),
    isPublic: Type.Boolean(),
    isVisible: Type.Boolean(),
    isMissing: Type.Boolean({
      description: 'The file is not where it was; it comes back by itself when the file does',
    }),
    ownerId: Nullable(Id),
    coverUrl: Nullable(Type.String()),
    ...coverLooks,
    streamingUrls: Type.Object({
      low: Type.String(),
      medium: Type.String(),
      high: Type.String(),
      original: Type.String(),
      hls: Type.String(),
    }),
    waveformUrl: Type.String(),
    framesUrl: Type.String(),
    codec: Type.String(),
    bitrateKbps: Nullable(Type.Integer()),
    sampleRateHz: Nullable(Type.Integer()),
    channels: Nullable(Type.Integer()),
    lossless: Type.Boolean(),
    sizeBytes: Type.Integer(),
    hasLyrics: Type.Boolean(),
    analysisStatus: OneOf(ANALYSIS_STATES),
    tempo: Nullable(Type.Number({ description: 'BPM, once analysed' })),
    key: Nullable(Type.String({ description: '"D minor", once analysed' })),
    camelot: Nullable(Type.String()),
    energy: Nullable(Type.Number()),
    mood: Nullable(OneOf(MOODS, { description: 'Estimated from tempo, mode and energy, once analysed' })),
    loudnessLufs: Nullable(Type.Number()),
    gainDb: Nullable(Type.Number({ description: 'Track gain to −18 LUFS, kept below clipping by the true peak' })),
    loudness: Nullable(Loudness),
    revision: Type.Integer({ description: 'Grows with every change; also its ETag' }),
    createdAt: Time,
    updatedAt: Time,
  },
  { $id: 'Song' },
)
export type Song = Static<typeof Song>

export const Album = Type.Object(
  {
    id: Id,
    title: Type.String(),
    artist: Type.String(),
    artists: Type.Array(ArtistCredit),
    year: Nullable(Type.Integer()),
    genres: Type.Array(Type.String()),
    songCount: Type.Integer(),
    durationMs: Type.Integer(),
    isCompilation: Type.Boolean(),
    kind: OneOf(ALBUM_KINDS),
    description: Nullable(Type.String()),
    ownerId: Nullable(Type.String({ format: 'uuid', description: 'Null: made of the songs that name it' })),
    isPublic: Type.Boolean({ description: 'Anyone may see it' }),
    isVisible: Type.Boolean(),
    revision: Type.Integer(),
    coverUrl: Nullable(Type.String()),
    ...coverLooks,
    createdAt: Time,
  },
  { $id: 'Album' },
)
export type Album = Static<typeof Album>
export const AlbumWithSongs = Type.Object({ ...Album.properties, songs: Type.Array(Song) }, { $id: 'AlbumWithSongs' })
export type AlbumWithSongs = Static<typeof AlbumWithSongs>

export const Artist = Type.Object(
  {
    id: Id,
    name: Type.String(),
    sortName: Type.String(),
    albumCount: Type.Integer(),
    songCount: Type.Integer(),
    imageUrl: Nullable(Type.String()),
    ...coverLooks,
  },
  { $id: 'Artist' },
)
export type Artist = Static<typeof Artist>
export const Genre = Type.Object(
  { name: Type.String(), songCount: Type.Integer(), albumCount: Type.Integer() },
  { $id: 'Genre' },
)

export const LYRIC_LINES_MAX = 5000
export const LYRIC_WORDS_MAX = 200
const timeMs = Type.Integer({ minimum: 0, maximum: 86_400_000 })
export const LyricsLine = Type.Object({
  timeMs,
  text: Type.String({ maxLength: 2000 }),
  words: Type.Optional(
    Type.Array(Type.Object({ timeMs, text: Type.String({ maxLength: 300 }) }), {
      maxItems: LYRIC_WORDS_MAX,
      description: 'When each word begins; together they are the text',
    }),
  ),
})
export type LyricsLine = Static<typeof LyricsLine>
export type Lyrics = Static<typeof Lyrics>
export const Lyrics = Type.Object(
  {
    songId: Id,
    plain: Nullable(Type.String()),
    lines: Type.Array(LyricsLine, { maxItems: LYRIC_LINES_MAX, description: 'Synced lines, when known' }),
    sync: OneOf(['none', 'line', 'word'] as const),
  },
  { $id: 'Lyrics' },
)

export const SearchResult = Type.Object(
  { songs: Type.Array(Song), albums: Type.Array(Album), artists: Type.Array(Artist) },
  { $id: 'SearchResult' },
)

export const ScanState = Type.Object(
  {
    state: OneOf(['idle', 'scanning', 'watching'] as const),
    startedAt: Nullable(Time),
    finishedAt: Nullable(Time),
    foundFiles: Type.Integer(),
    doneFiles: Type.Integer(),
    added: Type.Integer(),
    changed: Type.Integer(),
    moved: Type.Integer(),
    removed: Type.Integer(),
    faulty: Type.Integer(),
    currentFolder: Nullable(Type.String()),
  },
  { $id: 'ScanState' },
)
export type ScanState = Static<typeof ScanState>
export const LibraryFolder = Type.Object(
  {
    id: Id,
    path: Type.String(),
    state: OneOf(['ok', 'unreachable'] as const),
    detail: Nullable(Type.String()),
    songCount: Type.Integer(),
    isPublic: Type.Boolean(),
    isRestricted: Type.Boolean({ description: 'Only for admins and the people who were let in' }),
    name: Type.String({ description: 'As people see it' }),
    ignore: Type.String({ description: 'Lines as in .gitignore; empty for those who are not admins' }),
    watch: OneOf(WATCH_MODES),
    isPolled: Type.Boolean({ description: 'Nothing tells of changes here: it is compared from time to time' }),
    fromConfig: Type.Boolean(),
  },
  { $id: 'LibraryFolder' },
)
export type LibraryFolder = Static<typeof LibraryFolder>
export const FileFault = Type.Object(
  { path: Type.String(), reasonCode: Type.String(), reason: Type.String(), at: Time },
  { $id: 'FileFault' },
)
export const LibraryStatus = Type.Object(
  {
    scan: ScanState,
    folders: Type.Array(LibraryFolder),
    songCount: Type.Integer(),
    albumCount: Type.Integer(),
    artistCount: Type.Integer(),
    durationMs: Type.Integer(),
    faultCount: Type.Integer(),
  },
  { $id: 'LibraryStatus' },
)
export type LibraryStatus = Static<typeof LibraryStatus>
