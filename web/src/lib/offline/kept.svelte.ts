import { SvelteMap } from 'svelte/reactivity'
import type { Quality } from '#client/index.ts'
import { type KeptItem, type KeptSong, type Owner, type Progress, progressOf } from './model.ts'
import type { Disk } from './room.ts'
import { readItems, readOwner, readSongs } from './store.ts'
import { onTold } from './told.ts'

/** What is kept, as components see it: a picture of the records, read again whenever a tab or the keeper changes them. */
const items = new SvelteMap<string, KeptItem>()
const songs = new SvelteMap<string, KeptSong>()
/** Bytes of the piece that is on its way, by song. */
const coming = new SvelteMap<string, number>()
let owner = $state.raw<Owner | null>(null)
let disk = $state.raw<Disk>({ usedBytes: null, quotaBytes: null })

export const kept = {
  get owner() {
    return owner
  },
  get disk() {
    return disk
  },
  items: items as ReadonlyMap<string, KeptItem>,
  songs: songs as ReadonlyMap<string, KeptSong>,
  /** In which quality a song is here whole; null when it is not. */
  qualityOf: (songId: string): Quality | null => songs.get(songId)?.copy?.quality ?? null,
  progressOf: (item: KeptItem): Progress => progressOf(item, songs, coming),
}

function follow<T extends { id: string }>(map: SvelteMap<string, T>, now: readonly T[]): void {
  const ids = new Set(now.map((one) => one.id))
  for (const id of Array.from(map.keys())) if (!ids.has(id)) map.delete(id)
  for (const one of now) map.set(one.id, one)
}

export async function readDisk(): Promise<Disk> {
  const estimate = await navigator.storage?.estimate?.().catch(() => undefined)
  disk = { usedBytes: estimate?.usage ?? null, quotaBytes: estimate?.quota ?? null }
  return disk
}

async function readAll(): Promise<void> {
  const [whose, allItems, allSongs] = await Promise.all([readOwner(), readItems(), readSongs()])
  owner = whose ?? null
  follow(items, allItems)
  follow(songs, allSongs)
  await readDisk()
}

let reading: Promise<void> | undefined
let again = false
/** Reads the records; calls that come meanwhile are one more reading together. Never throws. */
export function readKept(): Promise<void> {
  if (reading) {
    again = true
    return reading
  }
  reading = readAll()
    .catch(() => undefined)
    .then(() => {
      reading = undefined
      if (!again) return undefined
      again = false
      return readKept()
    })
  return reading
}

/** Follows what the keeper and other tabs do. Answers how to stop. */
export function followKept(): () => void {
  void readKept()
  return onTold((told) => {
    if (told.type === 'progress') coming.set(told.songId, told.bytes)
    else {
      coming.clear()
      void readKept()
    }
  })
}
