import type { KeptItem, KeptSong, Owner } from './model.ts'

/** The records of what is kept; the bytes lie in Cache Storage. Read and written by pages and by the worker. */
const DATABASE = 'tutti-offline'
const VERSION = 1
const OWNER_KEY = 'owner'

type Records = { owner: Owner; items: KeptItem; songs: KeptSong }
type Name = keyof Records

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('the browser did not answer')))
  })
const committed = (tx: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    tx.addEventListener('complete', () => resolve())
    tx.addEventListener('abort', () => reject(tx.error ?? new Error('the browser took nothing')))
  })

let opened: Promise<IDBDatabase> | undefined
async function openOnce(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, VERSION)
  request.addEventListener('upgradeneeded', () => {
    request.result.createObjectStore('owner')
    request.result.createObjectStore('items', { keyPath: 'id' })
    request.result.createObjectStore('songs', { keyPath: 'id' })
  })
  const db = await settled(request)
  db.addEventListener('versionchange', () => db.close())
  db.addEventListener('close', forgetOpened)
  return db
}
const forgetOpened = (): void => void (opened = undefined)
/** Opened once and again after a fault: private windows may refuse, and a browser may close it. */
function database(): Promise<IDBDatabase> {
  opened ??= openOnce().catch((thrown: unknown) => {
    opened = undefined
    throw thrown
  })
  return opened
}

async function read<T>(name: Name, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return settled(ask((await database()).transaction(name).objectStore(name)))
}
export const readOwner = (): Promise<Owner | undefined> =>
  read('owner', (s) => s.get(OWNER_KEY) as IDBRequest<Owner | undefined>)
export const readItems = (): Promise<KeptItem[]> => read('items', (s) => s.getAll() as IDBRequest<KeptItem[]>)
export const readSongs = (): Promise<KeptSong[]> => read('songs', (s) => s.getAll() as IDBRequest<KeptSong[]>)
export const readSong = (id: string): Promise<KeptSong | undefined> =>
  read('songs', (s) => s.get(id) as IDBRequest<KeptSong | undefined>)
export const readIds = async (name: 'items' | 'songs'): Promise<string[]> =>
  (await read(name, (s) => s.getAllKeys())).map(String)

export async function writeOwner(owner: Owner): Promise<void> {
  const tx = (await database()).transaction('owner', 'readwrite')
  tx.objectStore('owner').put(owner, OWNER_KEY)
  await committed(tx)
}

/**
 * Puts an item down with its songs, in one step; songs that are there stay as they are but for the quality.
 * INVARIANT: nothing is put down for somebody whose things are not kept here any more.
 */
export async function putItem(userId: string, item: KeptItem, songs: readonly KeptSong[]): Promise<void> {
  const tx = (await database()).transaction(['owner', 'items', 'songs'], 'readwrite')
  const owner = tx.objectStore('owner').get(OWNER_KEY) as IDBRequest<Owner | undefined>
  owner.addEventListener('success', () => {
    if (owner.result?.user.id !== userId) return
    tx.objectStore('items').put(item)
    for (const song of songs) putSong(tx.objectStore('songs'), song)
  })
  await committed(tx)
}
function putSong(store: IDBObjectStore, song: KeptSong): void {
  const before = store.get(song.id) as IDBRequest<KeptSong | undefined>
  before.addEventListener('success', () => {
    const { copy, draft, isStale, playedAtMs } = before.result ?? song
    store.put({ ...song, copy, draft, isStale, playedAtMs })
  })
}

async function change<N extends 'items' | 'songs'>(
  name: N,
  id: string,
  how: (before: Records[N]) => Records[N],
): Promise<Records[N] | undefined> {
  const tx = (await database()).transaction(name, 'readwrite')
  const store = tx.objectStore(name)
  let after: Records[N] | undefined
  const before = store.get(id) as IDBRequest<Records[N] | undefined>
  before.addEventListener('success', () => {
    if (before.result === undefined) return
    after = how(before.result)
    store.put(after)
  })
  await committed(tx)
  return after
}
/** INVARIANT: changing what was removed meanwhile does not bring it back; undefined says that it is gone. */
export const changeItem = (id: string, how: (before: KeptItem) => KeptItem): Promise<KeptItem | undefined> =>
  change('items', id, how)
export const changeSong = (id: string, how: (before: KeptSong) => KeptSong): Promise<KeptSong | undefined> =>
  change('songs', id, how)

/** Takes items out, and answers the songs that no other item holds, which go with them. */
export async function removeItems(ids: ReadonlySet<string>): Promise<KeptSong[]> {
  const tx = (await database()).transaction(['items', 'songs'], 'readwrite')
  const [items, songs] = [tx.objectStore('items'), tx.objectStore('songs')]
  const gone: KeptSong[] = []
  const all = items.getAll() as IDBRequest<KeptItem[]>
  all.addEventListener('success', () => {
    const left = all.result.filter((item) => !ids.has(item.id))
    const held = new Set(left.flatMap((item) => item.songIds))
    for (const item of all.result) if (ids.has(item.id)) items.delete(item.id)
    const every = songs.getAll() as IDBRequest<KeptSong[]>
    every.addEventListener('success', () => {
      for (const song of every.result) {
        if (held.has(song.id)) continue
        gone.push(song)
        songs.delete(song.id)
      }
    })
  })
  await committed(tx)
  return gone
}

/** A song is no more: it goes, out of every item; an item without songs goes too. */
export async function dropSong(id: string): Promise<KeptSong | undefined> {
  const tx = (await database()).transaction(['items', 'songs'], 'readwrite')
  const [items, songs] = [tx.objectStore('items'), tx.objectStore('songs')]
  const before = songs.get(id) as IDBRequest<KeptSong | undefined>
  songs.delete(id)
  const all = items.getAll() as IDBRequest<KeptItem[]>
  all.addEventListener('success', () => {
    for (const item of all.result) {
      if (!item.songIds.includes(id)) continue
      const songIds = item.songIds.filter((other) => other !== id)
      if (songIds.length === 0) items.delete(item.id)
      else items.put({ ...item, songIds })
    }
  })
  await committed(tx)
  return before.result
}

/** Empties all of it. */
export async function clearRecords(): Promise<void> {
  const tx = (await database()).transaction(['owner', 'items', 'songs'], 'readwrite')
  for (const name of ['owner', 'items', 'songs'] as const) tx.objectStore(name).clear()
  await committed(tx)
}
