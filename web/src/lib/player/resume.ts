import type { Client, Song } from '#client/index.ts'
import { readMine, writeMine } from '#lib/storage.ts'
import type { Queue, Repeat } from './queue.ts'

type Kept = { ids: string[]; index: number; positionSec: number; repeat: Repeat; shuffled: boolean }
/** Songs around the one that plays that are remembered: fits into any browser's storage, and five calls bring it back. */
const KEPT_MAX = 500
const BATCH_MAX = 100

const isKept = (value: unknown): value is Kept => {
  const k = value as Partial<Kept> | null
  return (
    Array.isArray(k?.ids) &&
    k.ids.every((id) => typeof id === 'string') &&
    typeof k.index === 'number' &&
    typeof k.positionSec === 'number' &&
    ['off', 'all', 'one'].includes(k.repeat ?? '')
  )
}

/** Writes down where one is, for the next visit. */
export function keepQueue(q: Queue<Song>, positionSec: number): void {
  const from = Math.max(0, q.index - 50)
  const ids = q.entries.slice(from, from + KEPT_MAX).map((e) => e.song.id)
  writeMine('queue', {
    ids,
    index: q.index - from,
    positionSec,
    repeat: q.repeat,
    shuffled: q.natural !== null,
  } satisfies Kept)
}

export type Resumed = { songs: Song[]; index: number; positionSec: number; repeat: Repeat }

/** What was playing at the last visit, as far as it is still in the library; null when there is nothing. */
export async function resumedQueue(client: Client): Promise<Resumed | null> {
  const kept = readMine('queue', isKept)
  if (!kept || kept.ids.length === 0) return null
  const batches: string[][] = []
  for (let i = 0; i < kept.ids.length; i += BATCH_MAX) batches.push(kept.ids.slice(i, i + BATCH_MAX))
  const answers = await Promise.all(batches.map((ids) => client.songs.batchSongs({ ids })))
  const songs = answers.flatMap((a) => a.items)
  const playing = songs.findIndex((s) => s.id === kept.ids[kept.index])
  if (songs.length === 0) return null
  return { songs, index: Math.max(0, playing), positionSec: playing < 0 ? 0 : kept.positionSec, repeat: kept.repeat }
}

const RECENT_MAX = 60
export type Recent = { songId: string; albumId: string | null }
const isRecent = (value: unknown): value is Recent[] =>
  Array.isArray(value) && value.every((r) => typeof (r as Partial<Recent> | null)?.songId === 'string')

/** What was heard in this browser, latest first, each song once. */
export const recentSongs = (): Recent[] => readMine('recent', isRecent) ?? []
export function rememberHeard(song: Song): void {
  const others = recentSongs().filter((r) => r.songId !== song.id)
  writeMine('recent', [{ songId: song.id, albumId: song.album?.id ?? null }, ...others].slice(0, RECENT_MAX))
}
