import type { Answers, Api } from '#kernel/contract.ts'
import { withRevision } from '#kernel/http/revision.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { songs } from '#modules/catalog/schema.ts'
import type { studioOps } from './contract.ts'
import { listMySongs } from './lists.ts'
import { lyricsAnswer, lyricsForEditor, removeLyrics, setLyrics } from './lyrics.ts'
import { postSong } from './post.ts'
import { deleteSong, removeCover, setCover, shownToEditor, updateSong } from './songs.ts'

/** What owners and admins do with songs. */
export const createStudio = (ctx: CatalogCtx): Pick<Api<typeof songs>, keyof typeof studioOps> => ({
  createSong: (who, input) => postSong(ctx, who, input),
  updateSong: (who, input) => updateSong(ctx, who, input),
  deleteSong: (who, { id }) => deleteSong(ctx, who, id),
  setSongCover: (who, input) => setCover(ctx, who, input),
  removeSongCover: (who, { id }) => removeCover(ctx, who, id),
  setLyrics: (who, input) => setLyrics(ctx, who, input),
  removeLyrics: (who, { id }) => removeLyrics(ctx, who, id),
  getMySong: (who, { id }) => shownToEditor(ctx, who, id),
  getMyLyrics: (who, { id }) => lyricsForEditor(ctx, who, id),
  listMySongs: (who, input) => listMySongs(ctx, who, input),
  listArtistSongs: (who, input) => listMySongs(ctx, who, input),
})

/** ETags for `If-Match`; analysis adds to a song without a new revision. */
export const songAnswers: Answers<typeof songs> = {
  getSong: withRevision,
  createSong: withRevision,
  getMySong: withRevision,
  updateSong: withRevision,
  setSongVisibility: withRevision,
  setSongCover: withRevision,
  getLyrics: lyricsAnswer,
}
