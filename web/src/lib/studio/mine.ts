import type { AlbumWithSongs, Song } from '#client/index.ts'
import { client } from '#lib/api.ts'

/** A song as its owner reads it. */
export const mySong = (id: string, signal?: AbortSignal): Promise<Song> =>
  client.songs.getSong({ id }, signal ? { signal } : {})
/** An album as its owner reads it. */
export const myAlbum = (id: string, signal?: AbortSignal): Promise<AlbumWithSongs> =>
  client.albums.getAlbum({ id }, signal ? { signal } : {})
