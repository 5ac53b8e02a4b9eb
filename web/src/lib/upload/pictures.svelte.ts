import type { Output } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { tellFault } from '#lib/ui/toasts.svelte.ts'
import { type Chosen, kindOf } from './files.ts'
import { sendFile } from './form.ts'
import type { Item } from './queue.ts'

/** A picture that was dropped with the music: offered as a cover, sent when it is chosen. */
export type Picture = {
  readonly key: number
  readonly file: File
  readonly folder: string
  readonly address: string
  /** Which songs it is for: all of this folder, or all of the list. */
  reach: 'folder' | 'all'
  state: 'offered' | 'busy' | 'used'
  /** Songs that have it. */
  songs: number
}
export const PICTURES_MAX = 24

const kept: { list: Picture[] } = $state({ list: [] })
export const pictures = {
  get list(): readonly Picture[] {
    return kept.list
  },
}
let lastKey = 0
/** The picture on the server, once; by key. */
const sent = new Map<number, Promise<string>>()

export function offerPictures(chosen: readonly Chosen[]): void {
  for (const { file, folder } of chosen.slice(0, PICTURES_MAX - kept.list.length))
    if (kindOf(file) === 'picture')
      kept.list.push({
        key: ++lastKey,
        file,
        folder,
        address: URL.createObjectURL(file),
        reach: folder === '' ? 'all' : 'folder',
        state: 'offered',
        songs: 0,
      })
}
export function dismissPicture(key: number): void {
  const picture = kept.list.find((p) => p.key === key)
  if (picture) URL.revokeObjectURL(picture.address)
  kept.list = kept.list.filter((p) => p.key !== key)
  sent.delete(key)
}
export function dismissPictures(): void {
  for (const { key } of kept.list) dismissPicture(key)
}

const isFor = (p: Picture, i: Item): boolean => p.reach === 'all' || p.folder === i.folder

function sendOnce(p: Picture): Promise<string> {
  const known = sent.get(p.key)
  if (known) return known
  const sending = sendFile<Output<'uploads', 'uploadImage'>>({
    method: 'POST',
    path: '/upload/image',
    field: 'image',
    file: p.file,
  }).then((u) => u.id)
  sent.set(p.key, sending)
  return sending
}
async function give(p: Picture, item: Item): Promise<void> {
  if (!item.song || !isFor(p, item)) return
  const imageUploadId = await sendOnce(p)
  item.song = await client.songs.updateSong({ id: item.song.id, imageUploadId })
  p.songs += 1
}

/** From now on this picture is the cover of the songs it is for: those that are there, and those that come. */
export async function usePicture(key: number, items: readonly Item[]): Promise<void> {
  const picture = kept.list.find((p) => p.key === key)
  if (!picture || picture.state !== 'offered') return
  picture.state = 'busy'
  try {
    await sendOnce(picture)
    for (const item of items) await give(picture, item)
    picture.state = 'used'
  } catch (thrown) {
    sent.delete(key)
    picture.state = 'offered'
    tellFault(thrown)
  }
}
export const setReach = (key: number, reach: Picture['reach']): void => {
  for (const p of kept.list) if (p.key === key) p.reach = reach
}
/** A song has just been made: it takes the cover that was chosen for it. */
export async function takeCovers(item: Item): Promise<void> {
  for (const p of kept.list) if (p.state === 'used') await give(p, item).catch(tellFault)
}
