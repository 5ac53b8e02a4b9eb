import type { Quality, Song } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { kept } from '#lib/offline/kept.svelte.ts'
import { settings } from '#lib/settings/settings.svelte.ts'
import { crossfadeSec } from './crossfade.ts'
import type { Track } from './deck.ts'
import { isInAlbum, trackGain } from './gain.ts'
import { network } from './network.svelte.ts'
import type { Queue } from './queue.ts'
import { wayOf } from './ways.ts'

/** What stands around a song in the queue. */
export type Around = { before?: Song | undefined; after?: Song | undefined }

/**
 * How loud a song is played, as a factor, with the settings of now. By its album only while the queue plays that in
 * order: among others, a quiet song of a loud album would be lost.
 */
export function gainOf(song: Song, { before, after }: Around = {}): number {
  const mode = settings.loudness === 'album' && !isInAlbum(before, song, after) ? 'track' : settings.loudness
  // Songs of a queue kept by an older version have none.
  return trackGain(song.loudness ?? null, mode, settings.preampDb)
}

/** Kinds whose packets a reel may take; of others only an audio element knows. */
const REELED = /^(mp3|flac|aac|opus|pcm|wav)/i

/** The quality that is asked for now: `auto` follows the network. */
export const qualityNow = (): Quality => (settings.quality === 'auto' ? network.level : settings.quality)

/** What the engine needs of the entry at `index`. `turn` tells one playing of it from the next. */
export function trackOf(q: Queue<Song>, index: number, turn: number, before?: Song): Track | null {
  const entry = q.entries[index]
  if (!entry) return null
  const { uid, song } = entry
  // What is kept on this device is played from there, in the quality in which it is kept.
  const here = kept.qualityOf(song.id)
  const quality = here ?? qualityNow()
  const way = quality === 'original' && here === null ? wayOf(song) : null
  const around = { before: before ?? q.entries[index - 1]?.song, after: q.entries[index + 1]?.song }
  return {
    key: `${uid}:${turn}`,
    url: way?.url ?? client.url.streamSong(quality === 'original' ? { id: song.id } : { id: song.id, quality }),
    gain: gainOf(song, around),
    durationSec: song.durationMs / 1000,
    canReel: quality !== 'original' || way !== null || REELED.test(song.codec),
    fadeSec: before ? crossfadeSec(settings.crossfadeSec, before, song) : 0,
  }
}
