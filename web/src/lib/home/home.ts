import type { Album, Song } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { recentSongs } from '#lib/player/resume.ts'

export type Home = {
  recentAlbums: Album[]
  recentSongs: Song[]
  newest: Album[]
  random: Album[]
  newSongs: Song[]
  total: number
}

const SHELF = 12
const RECENT_ALBUMS_MAX = 6
const SONGS_SHOWN = 8

async function albumsById(ids: readonly string[]): Promise<Album[]> {
  const answers = await Promise.allSettled(ids.map((id) => client.albums.getAlbum({ id })))
  return answers.flatMap((a) => (a.status === 'fulfilled' ? [a.value] : []))
}

/** What was heard lately in this browser, as far as it is still in the library. */
async function heardLately(): Promise<Pick<Home, 'recentAlbums' | 'recentSongs'>> {
  const recent = recentSongs()
  if (recent.length === 0) return { recentAlbums: [], recentSongs: [] }
  const albumIds = [...new Set(recent.flatMap((r) => (r.albumId ? [r.albumId] : [])))].slice(0, RECENT_ALBUMS_MAX)
  const [albums, songs] = await Promise.all([
    albumsById(albumIds),
    client.songs.batchSongs({ ids: recent.slice(0, SONGS_SHOWN).map((r) => r.songId) }),
  ])
  return { recentAlbums: albums, recentSongs: songs.items }
}

export async function readHome(signal: AbortSignal): Promise<Home> {
  const [lately, newest, random, newSongs] = await Promise.all([
    heardLately().catch(() => ({ recentAlbums: [], recentSongs: [] })),
    client.albums.listAlbums({ sort: 'newest', limit: SHELF }, { signal }),
    client.albums.listAlbums({ sort: 'random', limit: SHELF }, { signal }),
    client.songs.listSongs({ sort: 'newest', limit: SONGS_SHOWN, count: true }, { signal }),
  ])
  return { ...lately, newest: newest.items, random: random.items, newSongs: newSongs.items, total: newSongs.total ?? 0 }
}

export function greeting(hour: number): string {
  if (hour < 5) return 'Still up'
  if (hour < 12) return 'Good morning'
  return hour < 18 ? 'Good afternoon' : 'Good evening'
}
