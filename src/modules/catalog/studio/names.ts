import type { Db } from '#modules/catalog/store/db.ts'
import { type CreditDraft, ensureAlbums, ensureArtists } from '#modules/catalog/store/write.ts'
import type { SongFacts } from './derive.ts'

/** Ids of the artists and albums that songs name. */
export type Names = {
  albumOf(facts: SongFacts): string | null
  creditsOf(songId: string, facts: SongFacts): CreditDraft[]
}

const distinct = <T extends { key: string }>(all: readonly T[]): T[] => [
  ...new Map(all.map((a) => [a.key, a])).values(),
]

/** Artists and albums that the songs name, made where they do not exist yet. */
export async function ensureNames(tx: Db, all: readonly SongFacts[], newId: () => string): Promise<Names> {
  const artists = distinct(all.flatMap((f) => f.artists)).map((a) => Object.assign({ id: newId() }, a))
  const artistIds = await ensureArtists(tx, artists)
  const albums = distinct(all.flatMap((f) => f.album ?? [])).map(({ artistKeys, ...album }) => ({
    id: newId(),
    ...album,
    artistIds: artistKeys.flatMap((k) => artistIds.get(k) ?? []),
  }))
  const albumIds = await ensureAlbums(tx, albums)
  return {
    albumOf: ({ album }) => (album ? (albumIds.get(album.key) ?? null) : null),
    creditsOf: (song, { credits }) =>
      credits.map(({ key, role, position }) => ({ song, artist: artistIds.get(key) as string, role, position })),
  }
}
