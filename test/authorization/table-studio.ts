import { newId } from '#kernel/ids.ts'
import { type Cell, HIDDEN, type Input, OUT, type Row, self } from './rows.ts'
import type { World } from './world.ts'

/** A song without a file, for what deletes it. */
async function passingSong(w: World, ownerId: string) {
  const id = newId()
  await w.sql(
    `insert into catalog.songs (id, title, artist, duration_ms, sort_key, artist_order, album_order, search, owner_id,
       content_id, codec, container, mime_type, lossless, size_bytes)
     values ($1, 'Passing', 'Nobody', 1000, 'passing', 'nobody', 'zz', '', $2, 'none', 'mp3', 'mp3', 'audio/mpeg', false, 1)`,
    [id, ownerId],
  )
  return { id }
}
const songOf =
  (person: 'owner' | 'artist', more: Input = {}) =>
  async (w: World) => ({ id: await w.song({ ownerId: w.account(person).id, isPublic: false }), ...more })

/** Songs are written by their owners and by admins; to anybody else a private one does not exist. */
const owners = (yes: Cell, input: (w: World) => Promise<Input>): Row => ({
  kind: 'thing',
  input,
  answers: { nobody: OUT, stranger: HIDDEN, owner: yes, artist: HIDDEN, admin: yes },
})
const NO_FILE = [400, 'upload_missing'] as const

export const studio: Record<string, Row> = {
  createSong: self,
  updateSong: owners(200, songOf('owner', { disc: 1 })),
  deleteSong: owners(204, (w) => passingSong(w, w.account('owner').id)),
  // Without a form nobody comes as far as the song; studio/songs.test.ts sends some.
  setSongCover: {
    kind: 'thing',
    input: songOf('owner'),
    answers: { nobody: OUT, stranger: NO_FILE, owner: NO_FILE, artist: NO_FILE, admin: NO_FILE },
  },
  removeSongCover: owners(204, songOf('owner')),
  setLyrics: owners(200, songOf('owner', { plain: 'la la' })),
  removeLyrics: owners(204, songOf('owner')),
  getMySong: owners(200, songOf('owner')),
  getMyLyrics: owners(200, songOf('owner')),
  listMySongs: { kind: 'list', make: songOf('owner'), seenBy: ['owner'] },
  listArtistSongs: { kind: 'list', make: songOf('artist'), seenBy: ['artist'] },
}
