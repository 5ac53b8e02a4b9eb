import type { AlbumWithSongs, Quality, Song } from '#client/index.ts'
import { libraryVersion } from '#lib/library/live.svelte.ts'
import { checkSession, session } from '#lib/session/session.svelte.ts'
import { tell, tellFault } from '#lib/ui/toasts.svelte.ts'
import { openKept } from './bytes.ts'
import { followKept, kept, readDisk, readKept } from './kept.svelte.ts'
import { stopKeeper, wakeKeeper } from './keep/keeper.ts'
import { fittingQuality } from './keep/fitting.ts'
import { newSong } from './keep/new-song.ts'
import { dropRemoved } from './keep/remove.ts'
import { renewKept } from './keep/renew.ts'
import { albumItemId, guessBytes, isDone, type KeptItem, type Owner, slimUser, songItemId } from './model.ts'
import { canKeepOffline } from './owner.ts'
import { connection, onBack } from './reach.svelte.ts'
import { refusal } from './refusal.ts'
import { roomFor, whatGoes } from './room.ts'
import { changeItem, changeSong, putItem, readOwner, removeItems, writeOwner } from './store.ts'
import { onTold, tellAll } from './told.ts'

/** Pushed changes come many times a second while a library is scanned. */
const RENEW_EVERY_MS = 60_000

const wake = (): void => void wakeKeeper().catch(tellFault)

/** The settings of who is signed in; made at the first thing that is kept. */
async function ownSettings(): Promise<Owner> {
  const before = await readOwner()
  if (before) return before
  const { user } = session
  if (!user) throw new Error('Sign in first.')
  const owner: Owner = { user: slimUser(user), quality: 'original', limitBytes: null, makeRoom: false }
  await writeOwner(owner)
  return owner
}

async function changeSettings(how: Partial<Omit<Owner, 'user'>>): Promise<void> {
  await writeOwner({ ...(await ownSettings()), ...how })
  tellAll({ type: 'changed' })
}

/** Bytes that choosing these songs in this quality adds. */
const addedBytes = (songs: readonly Song[], quality: Quality): number =>
  songs.reduce((sum, song) => {
    const here = kept.songs.get(song.id)
    const fitting = fittingQuality(song, quality)
    return sum + (here && isDone(here) && here.quality === fitting ? 0 : guessBytes(song, fitting))
  }, 0)

/** Sees to it that there is room, by removing what was not played for long where the person allows that. Throws. */
async function makeRoom(wantedBytes: number, owner: Owner): Promise<void> {
  const songs = [...kept.songs.values()]
  const room = roomFor(songs, owner.limitBytes, await readDisk())
  if (wantedBytes <= room.freeBytes) return
  const gone = owner.makeRoom ? whatGoes([...kept.items.values()], songs, wantedBytes - room.freeBytes) : null
  if (!gone) throw new Error(refusal(wantedBytes, room))
  await remove(gone)
  tell(`Removed to make room: ${gone.map((i) => `“${i.title}”`).join(', ')}.`)
}

type Chosen = { readonly item: Omit<KeptItem, 'keptAtMs' | 'hasPage' | 'isPaused'>; readonly songs: readonly Song[] }
async function keep({ item, songs }: Chosen): Promise<void> {
  const owner = await ownSettings()
  await readKept()
  await makeRoom(addedBytes(songs, owner.quality), owner)
  // Without it browsers remove what is kept when the disk gets full; whether they grant it is theirs to say.
  void navigator.storage.persist?.().catch(() => false)
  const fresh = songs.map((song) => newSong(song, owner.quality))
  await putItem(owner.user.id, { ...item, keptAtMs: Date.now(), hasPage: false, isPaused: false }, fresh)
  tellAll({ type: 'changed' })
  wake()
}

const told = (work: Promise<void>): void => void work.catch(tellFault)

export function keepAlbum({ songs, ...album }: AlbumWithSongs): void {
  const there = songs.filter((s) => !s.isMissing)
  const item = {
    id: albumItemId(album.id),
    title: album.title,
    by: album.artist,
    album,
    songIds: there.map((s) => s.id),
  }
  told(keep({ item, songs: there }))
}
async function keepOneSong(song: Song): Promise<void> {
  const item = { id: songItemId(song.id), title: song.title, by: song.artist, album: null, songIds: [song.id] }
  await keep({ item, songs: [song] })
  tell(`“${song.title}” is being kept on this device.`)
}
export const keepSong = (song: Song): void => told(keepOneSong(song))

async function remove(items: readonly KeptItem[]): Promise<void> {
  const owner = await readOwner()
  const songs = await removeItems(new Set(items.map((i) => i.id)))
  tellAll({ type: 'changed' })
  if (owner) await dropRemoved(await openKept(owner.user.id), items, songs)
  await readDisk()
}
export const removeKept = (items: readonly KeptItem[]): Promise<void> => remove(items).catch(tellFault)

async function setPaused(item: KeptItem, isPaused: boolean): Promise<void> {
  await changeItem(item.id, (i) => ({ ...i, isPaused }))
  tellAll({ type: 'changed' })
  if (!isPaused) wake()
}
export const pauseKeeping = (item: KeptItem): void => told(setPaused(item, true))
export const goOnKeeping = (item: KeptItem): void => told(setPaused(item, false))

/** Tries again what could not be fetched. */
async function retry(item: KeptItem): Promise<void> {
  for (const id of item.songIds) await changeSong(id, (s) => ({ ...s, fault: null }))
  await setPaused(item, false)
}
export const tryAgain = (item: KeptItem): void => told(retry(item))

export const setKeptQuality = (quality: Quality): void => told(changeSettings({ quality }))
export const setLimit = (limitBytes: number | null): void => told(changeSettings({ limitBytes }))
export const setMakeRoom = (makeRoom: boolean): void => told(changeSettings({ makeRoom }))

let renewedAtMs = 0
async function renew(everyMs: number): Promise<void> {
  if (connection.isOffline || Date.now() - renewedAtMs < everyMs || !(await readOwner())) return
  renewedAtMs = Date.now()
  await renewKept()
  wake()
}
/** A fault here is the next contact's business. */
const renewQuietly = (everyMs: number): void => void renew(everyMs).catch(() => undefined)

/** The server answers again: who we are is asked first, as it may have ended what was kept. */
async function afterBack(): Promise<void> {
  if (!(await checkSession())) return
  libraryVersion.songs += 1
  await renew(0)
  wake()
}

/** Goes on with what is wanted, and keeps it as the server has it. Call signed in; answers how to stop. */
export function startOffline(): () => void {
  if (!canKeepOffline()) return () => undefined
  const stops = [
    followKept(),
    onBack(() => void afterBack().catch(() => undefined)),
    onTold(({ type }) => type === 'forget' && stopKeeper()),
    $effect.root(() => {
      $effect(() => {
        if (libraryVersion.songs > 0) renewQuietly(RENEW_EVERY_MS)
      })
    }),
  ]
  renewQuietly(0)
  wake()
  return () => {
    stopKeeper()
    for (const stop of stops) stop()
  }
}
