import type { Song } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { settings } from '#lib/settings/settings.svelte.ts'
import { isInAlbum, trackGain } from './gain.ts'
import type { Track } from './graph.ts'
import type { Entry } from './queue.ts'

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

/** What the engine needs of an entry. `turn` tells one playing of it from the next. */
export const trackOf = ({ uid, song }: Entry<Song>, turn: number): Track => ({
  key: `${uid}:${turn}`,
  url:
    settings.quality === 'original'
      ? client.url.streamSong({ id: song.id })
      : client.url.streamSong({ id: song.id, quality: settings.quality }),
  gain: gainOf(song),
})
