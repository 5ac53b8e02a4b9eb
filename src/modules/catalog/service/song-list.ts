import { sql } from 'kysely'
import type { Api } from '#kernel/contract.ts'
import { isUuid } from '#modules/catalog/cursor.ts'
import { identityKey, sortKey } from '#modules/catalog/fold.ts'
import { keyNo } from '#modules/catalog/keys.ts'
import { MOODS } from '#modules/catalog/mood.ts'
import type { View } from '#modules/catalog/policy.ts'
import type { songs } from '#modules/catalog/schema.ts'
import { filterQuery } from '#modules/catalog/search/find.ts'
import { albumIdsNamed } from '#modules/catalog/store/albums.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { boundsOfOrder, narrowSongs, SONG_FACTS, type SongFilter } from '#modules/catalog/store/narrow.ts'
import { songsInReach } from '#modules/catalog/store/reach.ts'
import { songsById, songSort } from '#modules/catalog/store/songs.ts'
import { tallyOf } from '#modules/catalog/store/tallies.ts'
import { artistFilter, paged } from './lists.ts'
import { toSong } from './shapes.ts'

type Input = Parameters<Api<typeof songs>['listSongs']>[1]

async function filterOf(db: Db, view: View, i: Input): Promise<SongFilter> {
  const { album } = i
  const named = album === undefined ? undefined : isUuid(album) ? { id: album } : { sortKey: sortKey(album) }
  return {
    artistIds: await artistFilter(db, i.artist),
    albumIds: named && (await albumIdsNamed(db, view, named)),
    genreKey: i.genre === undefined ? undefined : identityKey(i.genre),
    yearMin: i.year ?? i.yearMin,
    yearMax: i.year ?? i.yearMax,
    keyNo: i.key === undefined ? undefined : keyNo(i.key),
    moodNo: i.mood === undefined ? undefined : MOODS.indexOf(i.mood) + 1,
    bpmMin: i.bpmMin,
    bpmMax: i.bpmMax,
    energyMin: i.energyMin,
    energyMax: i.energyMax,
    tag: i.tag,
    lossless: i.lossless,
    search: i.q === undefined ? undefined : await filterQuery(db, 'song', view, i.q),
  }
}

/** Songs in the caller's reach: any order, any filter, from anywhere. */
export async function songList(db: Db, view: View, input: Input) {
  const sortName = input.sort ?? 'title'
  const count = async (): Promise<number> => (await tallyOf(db, 'songs', view)).n
  const filter = await filterOf(db, view, input)
  return paged(db, input, {
    table: sql`catalog.songs`,
    where: [songsInReach(view, 'shelf'), ...boundsOfOrder(filter, sortName, songSort(sortName, 1).by)],
    narrow: narrowSongs(filter),
    facts: SONG_FACTS,
    sortName,
    sort: (seed) => songSort(sortName, seed),
    load: async (ids) => (await songsById(db, view, ids)).map(toSong),
    shuffled: count,
    farKey: JSON.stringify([sortName, view.least, view.ownerId, view.withheld]),
    total: count,
  })
}
