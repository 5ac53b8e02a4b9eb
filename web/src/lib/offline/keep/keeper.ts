import { connection, noAnswer } from '#lib/offline/reach.svelte.ts'
import { dropCopy, openKept, sweepPieces } from '#lib/offline/bytes.ts'
import { isDone, type KeptItem, type KeptSong } from '#lib/offline/model.ts'
import { KEEPER_LOCK } from '#lib/offline/names.ts'
import { changeItem, changeSong, dropSong, readItems, readOwner, readSongs } from '#lib/offline/store.ts'
import { onTold, tellAll } from '#lib/offline/told.ts'
import { dropExtras, keepAlbum, keepExtras } from './extras.ts'
import { fetchSong } from './fetch-song.ts'
import { KeepFault } from './outcome.ts'

/** Tries of one song in a row, each waiting twice as long as the one before. */
const TRIES_MAX = 6
const FIRST_WAIT_MS = 500
const TELL_EVERY_MS = 200

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })

type Next = { item: KeptItem; song: KeptSong | null }
/** What is to be fetched now: in the order in which it was chosen, an album's page before its songs. */
async function next(): Promise<Next | null> {
  const [items, songs] = await Promise.all([readItems(), readSongs()])
  const byId = new Map(songs.map((s) => [s.id, s]))
  const wanted = items.filter((i) => !i.isPaused).toSorted((a, b) => a.keptAtMs - b.keptAtMs)
  for (const item of wanted) {
    if (!item.hasPage) return { item, song: null }
    const song = item.songIds.map((id) => byId.get(id)).find((s) => s !== undefined && !isDone(s) && s.fault === null)
    if (song) return { item, song }
  }
  return null
}

async function isStillNext({ item, song }: Next): Promise<boolean> {
  const now = await next().catch(() => null)
  return now?.item.id === item.id && now.song?.id === song?.id && now.song?.quality === song?.quality
}

function makeProgress(songId: string): (bytes: number) => void {
  let toldAtMs = 0
  return (bytes) => {
    if (bytes > 0 && performance.now() - toldAtMs < TELL_EVERY_MS) return
    toldAtMs = performance.now()
    // A whole piece was put down: the records say more than the count.
    tellAll(bytes === 0 ? { type: 'changed' } : { type: 'progress', songId, bytes })
  }
}

async function keepPage(cache: Cache, item: KeptItem): Promise<void> {
  if (item.album) await keepAlbum(cache, item.album)
  await changeItem(item.id, (i) => ({ ...i, hasPage: true }))
}

/** Of a song that is no more, or not for this person, nothing stays. */
export async function forgetSong(cache: Cache, id: string): Promise<void> {
  const song = await dropSong(id)
  await dropCopy(cache, id, song?.copy ?? null)
  await dropCopy(cache, id, song?.draft ?? null)
  await dropExtras(cache, 'song', id)
}

/** What a fault of one song leads to. Answers how long to wait before the next try; null: no more tries. */
async function afterFault(cache: Cache, id: string, fault: KeepFault, tries: number): Promise<number | null> {
  if (fault.kind === 'gone') {
    await forgetSong(cache, id)
    return null
  }
  if (fault.kind === 'cut' && connection.isOffline) return null
  if (fault.kind === 'full' || fault.kind === 'refused' || tries >= TRIES_MAX) {
    await changeSong(id, (s) => ({ ...s, fault: fault.message }))
    return null
  }
  return Math.max(fault.waitMs, FIRST_WAIT_MS * 2 ** tries)
}

const asFault = (thrown: unknown): KeepFault =>
  thrown instanceof KeepFault
    ? thrown
    : new KeepFault('cut', thrown instanceof Error ? thrown.message : 'It did not come.')

async function keepOne(cache: Cache, { item, song }: Next, signal: AbortSignal): Promise<void> {
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      if (!song) return await keepPage(cache, item)
      await keepExtras(cache, song.song)
      return await fetchSong({ cache, signal, onBytes: makeProgress(song.id) }, song)
    } catch (thrown) {
      if (signal.aborted) return
      if (!navigator.onLine) noAnswer()
      const waitMs = song
        ? await afterFault(cache, song.id, asFault(thrown), tries)
        : tries < TRIES_MAX
          ? FIRST_WAIT_MS * 2 ** tries
          : null
      if (waitMs === null) return
      await wait(waitMs, signal)
    }
    const songs = await readSongs()
    const fresh = song && songs.find((s) => s.id === song?.id)
    if (song && !fresh) return
    song = fresh ?? null
  }
}

/** Fetches one thing, and stops when it is not the next thing any more: paused, removed, wanted otherwise. */
async function keepNext(cache: Cache, what: Next, signal: AbortSignal): Promise<void> {
  const stopper = new AbortController()
  const stop = () => stopper.abort(new Error('stopped'))
  signal.addEventListener('abort', stop, { once: true })
  const stopFollowing = onTold((told) => {
    if (told.type === 'changed') void isStillNext(what).then((still) => still || stop())
  })
  try {
    await keepOne(cache, what, stopper.signal)
  } finally {
    stopFollowing()
    signal.removeEventListener('abort', stop)
    tellAll({ type: 'changed' })
  }
}

async function run(signal: AbortSignal): Promise<void> {
  const owner = await readOwner()
  if (!owner) return
  const cache = await openKept(owner.user.id)
  await sweepPieces(cache, await readSongs())
  while (!signal.aborted && !connection.isOffline) {
    const what = await next()
    if (!what) return
    await keepNext(cache, what, signal)
  }
}

let stopper: AbortController | undefined
let isAwake = false

/** Fetches what is wanted and not here. One tab does it for all; another takes over when that one closes. */
export async function wakeKeeper(): Promise<void> {
  if (isAwake || connection.isOffline) return
  isAwake = true
  const mine = (stopper = new AbortController())
  try {
    await navigator.locks.request(KEEPER_LOCK, { signal: mine.signal }, () => run(mine.signal))
  } catch (thrown) {
    if (!mine.signal.aborted) throw thrown
  } finally {
    isAwake = false
  }
}
/** Ends what is under way; what was put down stays and is gone on with. */
export function stopKeeper(): void {
  stopper?.abort(new Error('stopped'))
}
