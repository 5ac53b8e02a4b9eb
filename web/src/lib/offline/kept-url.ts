import { client } from '#lib/api.ts'
import { kept } from './kept.svelte.ts'

/**
 * Where a song that is kept on this device is played from, whatever quality the settings say; null when it is not kept.
 * It is one plain file with ranges, in the quality in which it was kept.
 */
export function keptUrl(songId: string): string | null {
  const quality = kept.qualityOf(songId)
  if (quality === null) return null
  return quality === 'original' ? client.url.streamSong({ id: songId }) : client.url.streamSong({ id: songId, quality })
}
