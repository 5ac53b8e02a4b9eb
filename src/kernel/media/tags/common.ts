import type { IAudioMetadata, ICommonTagsResult, ILyricsTag } from 'music-metadata'
import { LYRIC_LINES_MAX, LYRICS_MAX_CHARS, TITLE_MAX_CHARS, VALUES_MAX } from '#kernel/media/bounds.ts'
import type { MusicBrainzIds, ReplayGain, SyncedLine, Tags } from '#kernel/media/types.ts'
import { artistsOf, featuredIn, splitGenres } from './artists.ts'
import { creditsOf, releaseKindOf } from './credits.ts'
import { parseLrc } from './lyrics.ts'
import { cleanLine, cleanLines } from './text.ts'

type INativeTags = IAudioMetadata['native']

/** Turns what music-metadata found into our tags. Pure; every text is cleaned and bounded. */

const line = (text: unknown): string | undefined => cleanLine(text, TITLE_MAX_CHARS)
const lines = (texts: unknown): string[] =>
  (Array.isArray(texts) ? texts : [texts]).slice(0, VALUES_MAX).flatMap((text: unknown) => line(text) ?? [])

/** Drops the fields that are undefined, as exact optional properties want it. */
function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}

const within = (value: unknown, min: number, max: number): number | undefined => {
  const number = typeof value === 'string' ? Number.parseFloat(value) : value
  return typeof number === 'number' && number >= min && number <= max ? number : undefined
}
const whole = (value: unknown, min: number, max: number): number | undefined => {
  const number = within(value, min, max)
  return number === undefined ? undefined : Math.trunc(number)
}

const ID_MAX_CHARS = 64
const id = (text: unknown) => cleanLine(text, ID_MAX_CHARS)
const ids = (texts: string[] | undefined) => (texts ? lines(texts) : undefined)
const musicbrainz = (common: ICommonTagsResult): MusicBrainzIds =>
  present<MusicBrainzIds>({
    recordingId: id(common.musicbrainz_recordingid),
    trackId: id(common.musicbrainz_trackid),
    albumId: id(common.musicbrainz_albumid),
    releaseGroupId: id(common.musicbrainz_releasegroupid),
    artistIds: ids(common.musicbrainz_artistid),
    albumArtistIds: ids(common.musicbrainz_albumartistid),
  })

/** Opus writes its gains as Q7.8 against −23 LUFS (RFC 7845); ReplayGain's reference is 5 dB above. */
const r128GainDb = (native: INativeTags, name: string): number | undefined => {
  const tag = native['vorbis']?.find(({ id }) => id.toUpperCase() === name)
  const steps = tag ? within(tag.value, -32_768, 32_767) : undefined
  return steps === undefined ? undefined : steps / 256 + 5
}
const GAIN_MAX_DB = 64
const PEAK_MAX = 100
const gain = (ratio?: { dB: number }) => within(ratio?.dB, -GAIN_MAX_DB, GAIN_MAX_DB)
const peak = (ratio?: { ratio: number }) => within(ratio?.ratio, 0, PEAK_MAX)
const replayGain = (common: ICommonTagsResult, native: INativeTags): ReplayGain =>
  present<ReplayGain>({
    trackGainDb: gain(common.replaygain_track_gain) ?? r128GainDb(native, 'R128_TRACK_GAIN'),
    trackPeak: peak(common.replaygain_track_peak),
    albumGainDb: gain(common.replaygain_album_gain) ?? r128GainDb(native, 'R128_ALBUM_GAIN'),
    albumPeak: peak(common.replaygain_album_peak),
  })

const timed = (tag: ILyricsTag): SyncedLine[] =>
  // Not always there, whatever the library's types say.
  ((tag.syncText as ILyricsTag['syncText'] | undefined) ?? [])
    .slice(0, LYRIC_LINES_MAX)
    .flatMap(({ text, timestamp }) => {
      const timeMs = whole(timestamp, 0, 24 * 3_600_000)
      return timeMs === undefined ? [] : [{ timeMs, text: line(text) ?? '' }]
    })

/** Synchronised lyrics when any tag has them (or holds LRC text), and the plain text. */
function lyricsOf(tags: ILyricsTag[] = []): Tags['lyrics'] {
  const synced = tags.map(timed).find((found) => found.length > 0)
  const plain = tags.map((tag) => cleanLines(tag.text, LYRICS_MAX_CHARS)).find((text) => text !== undefined)
  const fromText = plain ? parseLrc(plain) : {}
  if (synced) return { synced, plain: plain ?? synced.map((entry) => entry.text).join('\n') }
  return fromText
}

/** Only ID3v2.2 and 2.3 separate by a slash, and only when no null character does. */
const slashOrigin = (native: INativeTags): 'separate' | 'cutAtSlash' =>
  native['ID3v2.3'] || native['ID3v2.2'] ? 'cutAtSlash' : 'separate'

/** An `ARTISTS` or `ALBUMARTISTS` tag lists every name by itself: nothing is left to guess. */
const isListed = (native: INativeTags, name: string): boolean =>
  Object.values(native).some((tags) => tags.some(({ id }) => id.toUpperCase().endsWith(name)))

function artistNames(native: INativeTags, name: string, many: string[] | undefined, one: string | undefined): string[] {
  const values = lines(many ?? one)
  return isListed(native, name) ? [...new Set(values)] : artistsOf(values, slashOrigin(native)).slice(0, VALUES_MAX)
}

const some = <T>(all: T[]): T[] | undefined => (all.length > 0 ? all : undefined)

/** A release date as written, when it starts with a year. */
const dateOf = (common: ICommonTagsResult): string | undefined =>
  [common.date, common.originaldate, common.releasedate]
    .map((text) => /^\d{4}(?:-\d{2}(?:-\d{2})?)?/.exec(text ?? '')?.[0])
    .find((date) => date !== undefined)

/** Maps the tags of one file. `common` and `native` as music-metadata gives them. */
export function toTags(common: ICommonTagsResult, native: INativeTags): Tags {
  const date = dateOf(common)
  const artists = artistNames(native, 'ARTISTS', common.artists, common.artist)
  return present<Tags>({
    title: line(common.title),
    artists,
    albumArtists: artistNames(native, 'ALBUMARTISTS', common.albumartists, common.albumartist),
    album: line(common.album),
    disc: whole(common.disk.no, 0, 9999),
    discTotal: whole(common.disk.of ?? common.totaldiscs, 0, 9999),
    track: whole(common.track.no, 0, 99_999),
    trackTotal: whole(common.track.of ?? common.totaltracks, 0, 99_999),
    year: whole(common.year ?? date, 1000, 2999),
    date,
    genres: splitGenres(lines(common.genre ?? [])).slice(0, VALUES_MAX),
    composers: artistsOf(lines(common.composer ?? []), slashOrigin(native)).slice(0, VALUES_MAX),
    featured: some(
      featuredIn([...lines(common.artists ?? []), ...lines(common.artist)]).filter((g) => artists.includes(g)),
    ),
    credits: some(creditsOf(common, native, lines)),
    releaseKind: releaseKindOf(common.releasetype),
    comment: cleanLines(common.comment?.find(({ text }) => text)?.text, LYRICS_MAX_CHARS),
    isrc: cleanLine(common.isrc?.[0], ID_MAX_CHARS),
    musicbrainz: musicbrainz(common),
    bpm: within(common.bpm, 1, 1000),
    key: cleanLine(common.key, ID_MAX_CHARS),
    replayGain: replayGain(common, native),
    compilation: common.compilation === true,
    sortTitle: line(common.titlesort),
    sortArtist: line(common.artistsort),
    sortAlbum: line(common.albumsort),
    sortAlbumArtist: line(common.albumartistsort),
    lyrics: lyricsOf(common.lyrics),
  })
}
