import { type Cell, HIDDEN, type Input, NEEDS_ROLE, OUT, role, type Row } from './rows.ts'
import { albums } from './table-albums.ts'
import { identity, people } from './table-identity.ts'
import { studio } from './table-studio.ts'
import { uploads } from './table-uploads.ts'
import type { World } from './world.ts'

const ownedSong = async (w: World) => ({ id: await w.song({ ownerId: w.account('owner').id, isPublic: false }) })
const librarySong = async (w: World) => ({ id: await w.song({ ownerId: null, isPublic: false }) })
const albumOf = async (w: World, of: { id: string }) => ({
  id: String((await w.client('admin').get(`/songs/${of.id}`)).body.album.id),
})
const artistOf = async (w: World, of: { id: string }) => ({
  id: String((await w.client('admin').get(`/songs/${of.id}`)).body.artists[0].id),
})

/** A private song of somebody: for its owner and admins. */
const privateSong = (yes: Cell, more: { artist?: Cell } = {}): Row => ({
  kind: 'thing',
  input: ownedSong,
  answers: { nobody: OUT, stranger: HIDDEN, owner: yes, artist: more.artist ?? HIDDEN, admin: yes },
})
const seenInLists = (make: (w: World) => Promise<{ id: string; input?: Input }>): Row => ({
  kind: 'list',
  make,
  seenBy: ['owner', 'admin'],
})

const catalog: Record<string, Row> = {
  listSongs: seenInLists(ownedSong),
  getSong: privateSong(200),
  batchSongs: seenInLists(async (w) => {
    const { id } = await ownedSong(w)
    return { id, input: { ids: [id] } }
  }),
  setSongVisibility: {
    kind: 'thing',
    input: async (w) => ({ ...(await ownedSong(w)), isPublic: false }),
    answers: { nobody: OUT, stranger: NEEDS_ROLE, owner: NEEDS_ROLE, artist: HIDDEN, admin: 200 },
  },
  getLyrics: privateSong(200),
  getMySong: privateSong(200),
  getMyLyrics: privateSong(200),
  listArtists: {
    kind: 'list',
    make: async (w) => artistOf(w, await librarySong(w)),
    seenBy: ['stranger', 'owner', 'artist', 'admin'],
  },
  getArtist: {
    kind: 'thing',
    input: async (w) => artistOf(w, await librarySong(w)),
    answers: { nobody: OUT, stranger: 200, owner: 200, artist: 200, admin: 200 },
  },
  setArtistImage: role,
  removeArtistImage: {
    kind: 'thing',
    input: async (w) => artistOf(w, await librarySong(w)),
    answers: { nobody: OUT, stranger: NEEDS_ROLE, owner: NEEDS_ROLE, artist: NEEDS_ROLE, admin: 204 },
  },
  listGenres: role,
  search: seenInLists(async (w) => {
    const { id } = await ownedSong(w)
    return { id, input: { q: 'Track 0' } }
  }),
  listAlbums: {
    kind: 'list',
    make: async (w) => albumOf(w, await librarySong(w)),
    seenBy: ['stranger', 'owner', 'artist', 'admin'],
  },
  getAlbum: {
    kind: 'thing',
    input: async (w) => albumOf(w, await librarySong(w)),
    answers: { nobody: OUT, stranger: 200, owner: 200, artist: 200, admin: 200 },
  },
  getLibraryStatus: role,
  listFaults: role,
  scanLibrary: role,
  addFolder: role,
  removeFolder: role,
  browseFolders: role,
  setFolderVisibility: role,
  getFolderAccess: role,
  updateFolder: role,
  setFolderAccess: role,
  browseTree: role,
  listDuplicates: role,
  listMissing: role,
  getChanges: {
    kind: 'list',
    make: async (w) => ({ ...(await ownedSong(w)), input: { limit: 500 } }),
    seenBy: ['owner', 'admin'],
  },
}

const ownedTier = async (w: World) => ({ ...(await ownedSong(w)), tier: 'aac-64', segment: 0 })
const ownedPart = async (w: World) => ({ ...(await ownedSong(w)), part: 'beats' })
const privateTier: Row = { ...privateSong(200), input: ownedTier } as Row

const listening: Record<string, Row> = {
  streamSong: privateSong(200),
  hlsMaster: privateSong(200),
  hlsPlaylist: privateTier,
  hlsInit: privateTier,
  hlsSegment: privateTier,
  dashManifest: privateSong(200),
  getPlayback: privateSong(200),
  createLink: privateSong(200),
  downloadSong: privateSong(200),
  songCover: privateSong(200),
  albumCover: {
    kind: 'thing',
    input: async (w) => albumOf(w, await librarySong(w)),
    answers: { nobody: OUT, stranger: 200, owner: 200, artist: 200, admin: 200 },
  },
  artistImage: {
    kind: 'thing',
    input: async (w) => artistOf(w, await librarySong(w)),
    answers: { nobody: OUT, stranger: 200, owner: 200, artist: 200, admin: 200 },
  },
  getAnalysis: privateSong(200),
  analyzeSong: privateSong(202),
  getAnalysisPart: { ...privateSong(200), input: ownedPart } as Row,
  analyzeFile: role,
  getQueue: role,
  setQueue: {
    kind: 'thing',
    input: async () => ({ isPaused: false }),
    answers: { nobody: OUT, stranger: NEEDS_ROLE, owner: NEEDS_ROLE, artist: NEEDS_ROLE, admin: 200 },
  },
  getWaveform: privateSong(200),
  getFrames: privateSong(200),
}

export const TABLE: Readonly<Record<string, Row>> = {
  ...catalog,
  ...albums,
  ...listening,
  ...identity,
  ...studio,
  ...uploads,
  ...people,
}
