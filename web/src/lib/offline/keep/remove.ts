import { dropCopy } from '#lib/offline/bytes.ts'
import type { KeptItem, KeptSong } from '#lib/offline/model.ts'
import { dropExtras } from './extras.ts'

/** Removes the bytes of items and songs whose records are gone. */
export async function dropRemoved(cache: Cache, items: readonly KeptItem[], songs: readonly KeptSong[]): Promise<void> {
  for (const { album } of items) if (album) await dropExtras(cache, 'album', album.id)
  for (const { id, copy, draft } of songs) {
    await dropCopy(cache, id, copy)
    await dropCopy(cache, id, draft)
    await dropExtras(cache, 'song', id)
  }
}
