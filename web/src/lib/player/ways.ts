import type { Song } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { network } from './network.svelte.ts'

/** Another address for a song whose original this browser cannot play. */
export type Way = { readonly url: string; readonly codec: string; readonly kbps: number; readonly lossless: boolean }

const TYPES = [
  'audio/mpeg',
  'audio/flac',
  'audio/wav',
  'audio/aac',
  'audio/mp4; codecs="mp4a.40.2"',
  'audio/mp4; codecs="flac"',
  'audio/mp4; codecs="alac"',
  'audio/mp4; codecs="opus"',
  'audio/ogg; codecs="opus"',
  'audio/ogg; codecs="vorbis"',
  'audio/webm; codecs="opus"',
  'audio/aiff',
]
const KEPT_MAX = 500
const kept = new Map<string, Way | null>()

/** What this browser plays, as media types. */
function playable(): string {
  const element = new Audio()
  return TYPES.filter((type) => element.canPlayType(type) !== '').join(', ')
}

/** The way that was found for a song; null when none was asked for, or the original is best. */
export const wayOf = (song: Song): Way | null => kept.get(song.id) ?? null

/** Asks the server how a song is played that did not play as it is. Answers whether there is another way. */
export async function findWay(song: Song): Promise<boolean> {
  if (kept.has(song.id)) return false
  const answer = await client.streaming
    .getPlayback({ id: song.id, codecs: playable(), network: network.kind })
    .catch(() => null)
  const stream = answer && answer.decision !== 'original' ? answer.stream : null
  if (kept.size >= KEPT_MAX) kept.clear()
  kept.set(
    song.id,
    stream && { url: stream.url, codec: stream.codec, kbps: stream.bitrateKbps, lossless: stream.lossless },
  )
  return stream !== null
}
