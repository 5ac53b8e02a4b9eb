/** A song with everything by which it could show: its ids, and words that stand nowhere else. */
export type Marked = {
  readonly songId: string
  readonly albumId: string
  readonly artistId: string
  readonly ownerId: string
  readonly title: string
  readonly artist: string
  readonly album: string
  readonly genre: string
  readonly tag: string
}
type Input = Record<string, unknown>

/**
 * One row for every operation that reads and is open to more than admins. `ask` is a request whose answer shows the song
 * (or its album, or its artist) while anyone may see it; `own` is about the caller alone, so it never shows another's
 * things; `none` answers nothing of the catalogue.
 */
export type Surface =
  | { kind: 'ask'; input: (m: Marked) => Input; of: 'song' | 'album' }
  | { kind: 'own' }
  | { kind: 'none' }
const own: Surface = { kind: 'own' }
const none: Surface = { kind: 'none' }
const song = (input: (m: Marked) => Input): Surface => ({ kind: 'ask', input, of: 'song' })
const album = (input: (m: Marked) => Input): Surface => ({ kind: 'ask', input, of: 'album' })
const bySongId = song((m) => ({ id: m.songId }))
const tierOfSong = song((m) => ({ id: m.songId, tier: 'aac-64', segment: 0 }))

export const SURFACES: Readonly<Record<string, Surface>> = {
  listSongs: song((m) => ({ q: m.title })),
  getSong: bySongId,
  batchSongs: song((m) => ({ ids: [m.songId] })),
  getLyrics: bySongId,
  listArtists: song(() => ({})),
  getArtist: song((m) => ({ id: m.artistId })),
  listGenres: song(() => ({})),
  search: song((m) => ({ q: m.title })),
  listAlbums: album(() => ({})),
  getAlbum: album((m) => ({ id: m.albumId })),
  streamSong: bySongId,
  hlsMaster: bySongId,
  hlsPlaylist: tierOfSong,
  hlsInit: tierOfSong,
  hlsSegment: tierOfSong,
  dashManifest: bySongId,
  getPlayback: bySongId,
  downloadSong: bySongId,
  songCover: bySongId,
  albumCover: album((m) => ({ id: m.albumId })),
  artistImage: song((m) => ({ id: m.artistId })),
  getAnalysis: bySongId,
  getAnalysisPart: song((m) => ({ id: m.songId, part: 'beats' })),
  getWaveform: bySongId,
  getFrames: bySongId,
  getChanges: song(() => ({})),
  // Uploads lie in no music folder: they stand in no folder view.
  browseTree: none,
  getLibraryStatus: none,
  getQueue: none,
  listMySongs: own,
  getMySong: own,
  getMyLyrics: own,
  listArtistSongs: own,
  listMyAlbums: own,
  getMyAlbum: own,
  listUploads: own,
  getUpload: own,
  getQuota: own,
  getTusUpload: own,
  me: own,
  exportMe: own,
  myStats: own,
  sessions: own,
  apiKeys: own,
  links: own,
  listBlocks: own,
  getBlock: own,
  setup: none,
  signInProviders: none,
  oidcLogin: none,
  oidcCallback: none,
  spotifyLogin: none,
  spotifyCallback: none,
  getUser: none,
  getAvatar: none,
}
