import type { Quality, Song } from '#client/index.ts'
import type { KeptSong } from '#lib/offline/model.ts'
import { fittingQuality } from './fitting.ts'

/** A song that was chosen just now, of which nothing is here yet. */
export const newSong = (song: Song, quality: Quality): KeptSong => ({
  id: song.id,
  song,
  quality: fittingQuality(song, quality),
  copy: null,
  draft: null,
  fault: null,
  isStale: false,
  playedAtMs: 0,
})
