import type { AlbumWithSongs, Song } from '#client/index.ts'
import { client } from '#lib/api.ts'

/** A song as its owner (or an admin) reads it, hidden or not. */
export const mySong = (id: string, signal?: AbortSignal): Promise<Song> =>
  client.songs.getMySong({ id }, signal ? { signal } : {})
/** An album as its owner (or an admin) reads it, hidden or not. */
export const myAlbum = (id: string, signal?: AbortSignal): Promise<AlbumWithSongs> =>
  client.albums.getMyAlbum({ id }, signal ? { signal } : {})
