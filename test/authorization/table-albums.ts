import { type Cell, HIDDEN, NEEDS_ROLE, OUT, role, type Row } from './rows.ts'
import type { World } from './world.ts'

/** A private album of the owner with one song of the library on it. */
const albumOfOwner = async (w: World): Promise<{ id: string; songId: string }> => {
  const songId = await w.song({ ownerId: null, isPublic: false })
  const { body, text } = await w.client('owner').post('/albums', { title: 'Kept close', songIds: [songId] })
  if (typeof body.id !== 'string') throw new Error(text)
  return { id: body.id, songId }
}
const about =
  (more: (songId: string) => Record<string, unknown> = () => ({})) =>
  async (w: World) => {
    const { id, songId } = await albumOfOwner(w)
    return { id, ...more(songId) }
  }
const owners = (yes: Cell, input = about()): Row => ({
  kind: 'thing',
  input,
  answers: { nobody: OUT, stranger: HIDDEN, owner: yes, artist: HIDDEN, admin: yes },
})

/** Albums that people make, and what admins hide. */
export const albums: Readonly<Record<string, Row>> = {
  createAlbum: { kind: 'self', input: () => ({ title: 'My own' }) },
  updateAlbum: owners(
    200,
    about(() => ({ title: 'Renamed' })),
  ),
  deleteAlbum: owners(204),
  addAlbumSongs: owners(
    200,
    about((songId) => ({ songId })),
  ),
  setAlbumSongs: owners(
    200,
    about(() => ({ songs: [] })),
  ),
  removeAlbumSong: owners(
    204,
    about((songId) => ({ songId })),
  ),
  removeAlbumCover: owners(204),
  setAlbumVisibility: {
    kind: 'thing',
    input: about(() => ({ isPublic: false })),
    answers: { nobody: OUT, stranger: NEEDS_ROLE, owner: NEEDS_ROLE, artist: HIDDEN, admin: 200 },
  },
  getMyAlbum: owners(200),
  listMyAlbums: { kind: 'list', make: albumOfOwner, seenBy: ['owner'] },
  listAllSongs: role,
  setSongVisible: role,
  listAllAlbums: role,
  setAlbumVisible: role,
}
