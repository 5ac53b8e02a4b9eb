import type { Song } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { settings } from '#lib/settings/settings.svelte.ts'
import { trackGain } from './gain.ts'
import type { Track } from './graph.ts'
import type { Entry } from './queue.ts'

/** How loud a song is played, as a factor, with the settings of now. */
export const gainOf = (song: Song): number => trackGain(song.gainDb, settings.matchLoudness)

/** What the engine needs of an entry. `turn` tells one playing of it from the next. */
export const trackOf = ({ uid, song }: Entry<Song>, turn: number): Track => ({
  key: `${uid}:${turn}`,
  url:
    settings.quality === 'original'
      ? client.url.streamSong({ id: song.id })
      : client.url.streamSong({ id: song.id, quality: settings.quality }),
  gain: gainOf(song),
})
