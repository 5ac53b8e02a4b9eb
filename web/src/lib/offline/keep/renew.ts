import type { AlbumWithSongs, Song } from '#client/index.ts'
import { openKept } from '#lib/offline/bytes.ts'
import { type KeptItem, type KeptSong, songItemId } from '#lib/offline/model.ts'
import { BATCH_PATH, placeOf, RENEW_LOCK } from '#lib/offline/names.ts'
import { changeSong, putItem, readItems, readOwner, readSongs, removeItems } from '#lib/offline/store.ts'
import { tellAll } from '#lib/offline/told.ts'
import { dropRemoved } from './remove.ts'
import { keepExtras } from './extras.ts'
import { askServer, streamUrl } from './fetch-song.ts'
import { forgetSong } from './keeper.ts'
import { newSong } from './new-song.ts'

const BATCH_MAX = 100

/** The file may be another than the one that was kept: the ETag of what would be sent now tells. */
async function isOther(kept: KeptSong): Promise<boolean> {
  if (!kept.copy) return false
  const answer = await askServer(streamUrl(kept.id, kept.copy.quality), { method: 'HEAD' })
  return answer.ok && answer.headers.get('etag') !== kept.copy.etag
}

async function renewSong(cache: Cache, kept: KeptSong, now: Song): Promise<void> {
  if (kept.song.revision === now.revision) return
  const isStale = await isOther(kept)
  await keepExtras(cache, now)
  await changeSong(kept.id, (s) => ({ ...s, song: now, isStale: s.isStale || isStale, fault: null }))
}

/** An album as it is now: its page, songs that came to it or left it. False: it is no more, or not for this person. */
type Kept = { readonly userId: string; readonly cache: Cache; readonly songs: ReadonlyMap<string, KeptSong> }
async function renewAlbum({ userId, cache, songs }: Kept, item: KeptItem): Promise<boolean> {
  if (!item.album) return true
  const id = item.album.id
  const answer = await askServer(`/api/v1/albums/${id}`)
  if (answer.status === 404) return false
  if (!answer.ok) return true
  await cache.put(placeOf({ kind: 'album', id, part: 'self' }), answer.clone())
  const album = (await answer.json()) as AlbumWithSongs
  const there = album.songs.filter((s) => !s.isMissing || songs.has(s.id))
  const quality = item.songIds.map((songId) => songs.get(songId)?.quality).find((q) => q !== undefined) ?? 'original'
  const { songs: _, ...plain } = album
  const songIds = there.map((s) => s.id)
  const isOther = songIds.join() !== item.songIds.join() || plain.revision !== item.album.revision
  if (isOther) {
    const fresh = { ...item, title: album.title, by: album.artist, album: plain, songIds }
    await putItem(
      userId,
      fresh,
      there.filter((s) => !songs.has(s.id)).map((s) => newSong(s, quality)),
    )
  }
  for (const song of there) {
    const kept = songs.get(song.id)
    if (kept) await renewSong(cache, kept, song)
  }
  return true
}

async function readBatch(ids: readonly string[]): Promise<Song[] | null> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ids }) }
  const answer = await askServer(BATCH_PATH, init)
  return answer.ok ? ((await answer.json()) as { items: Song[] }).items : null
}

/** Songs that were chosen alone: those that the server does not tell of any more go. */
async function renewSingles(cache: Cache, songs: readonly KeptSong[]): Promise<void> {
  for (let at = 0; at < songs.length; at += BATCH_MAX) {
    const part = songs.slice(at, at + BATCH_MAX)
    const now = await readBatch(part.map((s) => s.id))
    if (!now) return
    const byId = new Map(now.map((s) => [s.id, s]))
    for (const kept of part) {
      const song = byId.get(kept.id)
      if (song) await renewSong(cache, kept, song)
      else await forgetSong(cache, kept.id)
    }
  }
}

async function renew(): Promise<void> {
  const owner = await readOwner()
  if (!owner) return
  const [items, all, cache] = await Promise.all([readItems(), readSongs(), openKept(owner.user.id)])
  const songs = new Map(all.map((s) => [s.id, s]))
  const gone = new Set<string>()
  for (const item of items) if (!(await renewAlbum({ userId: owner.user.id, cache, songs }, item))) gone.add(item.id)
  // Also songs that only have left their album are held by nothing now.
  await dropRemoved(
    cache,
    items.filter((i) => gone.has(i.id)),
    await removeItems(gone),
  )
  const alone = new Set(items.filter((i) => !i.album).map((i) => i.id))
  await renewSingles(
    cache,
    (await readSongs()).filter((s) => alone.has(songItemId(s.id))),
  )
  tellAll({ type: 'changed' })
}
/**
 * Compares all that is kept with the server: what is gone or not for this person any more is removed, what is another
 * now is fetched again. Reads what is kept alone, not the feed of changes: that can only be begun by reading everything.
 */
export const renewKept = (): Promise<void> => navigator.locks.request(RENEW_LOCK, renew)
