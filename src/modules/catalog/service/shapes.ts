import { ACCESS } from '#modules/catalog/policy.ts'
import { coverKey } from '#modules/catalog/scan/covers.ts'
import type { Blobs } from '#kernel/blob/index.ts'
import type { Album, Artist, Lyrics, LyricsLine, Song } from '#modules/catalog/schema.ts'
import type { AlbumRow } from '#modules/catalog/store/albums.ts'
import type { ArtistRow } from '#modules/catalog/store/artists.ts'
import type { LoudnessRow } from '#modules/catalog/store/loudness.ts'
import type { SongFileRow, SongRow } from '#modules/catalog/store/songs.ts'
import { loudnessOf, safeGainDb } from './loudness.ts'

const BASE = '/api/v1'
/** `real` columns carry seven digits; the rest is noise of the conversion. */
const single = (n: number | null): number | null => (n === null ? null : Number(n.toPrecision(6)))

/** The version makes the address change with the picture, so that clients may keep it for ever. */
const pictureUrl = (path: string, hash: string | null): string | null =>
  hash === null ? null : `${BASE}/${path}?v=${hash.slice(0, 8)}`

const gains = (r: LoudnessRow) => {
  const loudness = loudnessOf(r)
  return { gainDb: safeGainDb(loudness), loudness }
}

export const toSong = (r: SongRow): Song => ({
  id: r.id,
  title: r.title,
  artist: r.artist,
  artists: r.credits ?? [],
  album: r.albumId === null ? null : { id: r.albumId, title: r.albumTitle ?? '' },
  disc: r.disc,
  track: r.track,
  durationMs: r.durationMs,
  year: r.year,
  genres: r.genres,
  tags: r.tags,
  isPublic: r.isPublic,
  isVisible: r.isVisible,
  isMissing: r.isMissing,
  ownerId: r.ownerId,
  coverUrl: pictureUrl(`songs/${r.id}/cover`, r.coverHash),
  coverColor: r.coverColor,
  coverBlurhash: r.coverBlurhash,
  coverPalette: r.coverPalette,
  streamingUrls: streamingUrls(r.id),
  waveformUrl: `${BASE}/songs/${r.id}/waveform`,
  framesUrl: `${BASE}/songs/${r.id}/frames`,
  codec: r.codec,
  bitrateKbps: r.bitrateKbps,
  sampleRateHz: r.sampleRateHz,
  channels: r.channels,
  lossless: r.lossless,
  sizeBytes: r.sizeBytes,
  hasLyrics: r.hasLyrics,
  analysisStatus: r.analysisStatus ?? 'none',
  tempo: single(r.tempo),
  key: r.key,
  camelot: r.camelot,
  energy: single(r.energy),
  mood: r.mood,
  loudnessLufs: single(r.loudnessLufs),
  ...gains(r),
  revision: r.revision,
  createdAt: r.createdAt.toISOString(),
  updatedAt: r.updatedAt.toISOString(),
})

const streamingUrls = (id: string): Song['streamingUrls'] => {
  const at = (quality: string) => `${BASE}/songs/${id}/stream?quality=${quality}`
  const hls = `${BASE}/songs/${id}/hls/master.m3u8`
  return { low: at('low'), medium: at('medium'), high: at('high'), original: at('original'), hls }
}

export const toAlbum = (r: AlbumRow): Album => ({
  id: r.id,
  title: r.title,
  artist: r.artist,
  artists: r.credits ?? [],
  year: r.year,
  genres: r.genres,
  songCount: r.songCount,
  durationMs: r.durationMs,
  isCompilation: r.isCompilation,
  kind: r.kind,
  description: r.description,
  ownerId: r.ownerId,
  isPublic: r.ownerId === null ? r.shelf === ACCESS.anyone : r.isPublic,
  isVisible: r.isVisible,
  revision: r.revision,
  coverUrl: pictureUrl(`albums/${r.id}/cover`, r.coverHash),
  coverColor: r.coverColor,
  coverBlurhash: r.coverBlurhash,
  coverPalette: r.coverPalette,
  createdAt: r.createdAt.toISOString(),
})

export const toArtist = (r: ArtistRow): Artist => ({
  id: r.id,
  name: r.name,
  sortName: r.sortName,
  albumCount: r.albumCount,
  songCount: r.songCount,
  imageUrl: pictureUrl(`artists/${r.id}/image`, r.coverHash),
  coverColor: r.coverColor,
  coverBlurhash: r.coverBlurhash,
  coverPalette: r.coverPalette,
})

const syncOf = (lines: readonly LyricsLine[]): Lyrics['sync'] => {
  if (lines.some((l) => l.words !== undefined)) return 'word'
  return lines.length > 0 ? 'line' : 'none'
}
export const toLyrics = (songId: string, row: { plain: string | null; lines: LyricsLine[] } | undefined): Lyrics => ({
  songId,
  plain: row?.plain ?? null,
  lines: row?.lines ?? [],
  sync: syncOf(row?.lines ?? []),
})

/** Where uploaded audio lies. */
export const assetKey = (hash: string): string => `catalog/audio/${hash}`

/** The file of the library, else the blob of the upload. */
const pathOf = (blobs: Pick<Blobs, 'localPath'>, r: SongFileRow): Buffer =>
  r.path ?? Buffer.from(r.assetHash === null ? '' : blobs.localPath(assetKey(r.assetHash)))

export const toSongFile = (blobs: Pick<Blobs, 'localPath'>, r: SongFileRow) => ({
  songId: r.songId,
  pathBase64: pathOf(blobs, r).toString('base64'),
  blobKey: r.path === null && r.assetHash !== null ? assetKey(r.assetHash) : null,
  contentId: r.contentId,
  codec: r.codec,
  container: r.container,
  mimeType: r.mimeType,
  sizeBytes: r.sizeBytes,
  durationMs: r.durationMs,
  bitrateKbps: r.bitrateKbps,
  isMissing: r.isMissing,
  isPublic: r.isPublic,
  isShared: r.isShared,
  coverKey: r.coverHash === null ? null : coverKey(r.coverHash),
  loudness: loudnessOf(r),
})
