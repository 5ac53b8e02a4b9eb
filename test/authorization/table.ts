import type { Person, World } from './world.ts'

type Input = Record<string, unknown>
/** A status, or a status and the code of the problem. */
export type Cell = number | readonly [number, string]
type Cells = Readonly<Record<Exclude<Person, 'blocked'>, Cell>>

/**
 * Who may do what: one row for every public operation of the program. An operation without a row fails the test, so
 * that nobody adds one without saying who may call it, and what of others it shows.
 */
export type Row =
  /** The role that the contract asks for decides alone: nothing here belongs to one person. */
  | { kind: 'role' }
  /** Only ever about the caller: there is no way to name another's thing. `ends`: it changes or ends the account that asks. */
  | { kind: 'self'; ends?: 'account'; input?: (asking: { id: string; username: string; password: string }) => Input }
  /** About one thing, made anew for each who asks; it belongs to the person `owner`. */
  | { kind: 'thing'; input: (w: World) => Promise<Input>; answers: Cells }
  /** A list or a page of many: the id that `make` answers is in it for these, and for nobody else. */
  | { kind: 'list'; make: (w: World) => Promise<{ id: string; input?: Input }>; seenBy: readonly Person[] }

const role: Row = { kind: 'role' }
const self: Row = { kind: 'self' }

/** For what another may not even know of. */
const HIDDEN = [404, 'not_found'] as const
const OUT = [401, 'unauthorized'] as const
const NEEDS_ROLE = [403, 'role_required'] as const

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
}

const listening: Record<string, Row> = {
  streamSong: privateSong(200),
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
  getQueue: role,
  getWaveform: privateSong(200),
  getFrames: privateSong(200),
}

const identity: Record<string, Row> = {
  setup: role,
  register: role,
  login: role,
  refresh: role,
  logout: { kind: 'self', ends: 'account' },
  sessions: self,
  endSession: {
    kind: 'thing',
    input: async (w) => {
      await w.session(w.account('owner'))
      const { items } = (await w.client('owner').get('/auth/sessions')).body
      return { id: (items as { id: string; isCurrent: boolean }[]).find((s) => !s.isCurrent)?.id }
    },
    answers: { nobody: OUT, stranger: HIDDEN, owner: 204, artist: HIDDEN, admin: HIDDEN },
  },
  endOtherSessions: { kind: 'self', ends: 'account' },
  me: self,
  getUser: role,
  adminUsers: role,
  adminUser: role,
  setUserBlocked: role,
  setUserRole: role,
  userSessions: role,
  endUserSessions: role,
  auditLog: role,
  createApiKey: self,
  apiKeys: self,
  revokeApiKey: {
    kind: 'thing',
    input: async (w) => ({ id: (await w.client('owner').post('/auth/api-keys', { name: 'a player' })).body.id }),
    answers: { nobody: OUT, stranger: HIDDEN, owner: 204, artist: HIDDEN, admin: HIDDEN },
  },
}

export const TABLE: Readonly<Record<string, Row>> = { ...catalog, ...listening, ...identity }
