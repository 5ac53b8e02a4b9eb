// Made by `node src/client/generate.ts` from the contracts of the modules: change those and run it again.
import type { analysisProgress, analysisReady } from '#modules/analysis/events.ts'
import type { analysis } from '#modules/analysis/schema.ts'
import type { libraryChanged, libraryProgress, thingModerated, uploadProgress } from '#modules/catalog/events.ts'
import type { albums, library, moderation, songs, uploads } from '#modules/catalog/schema.ts'
import type { admin, apiKeys, identity, links, profile } from '#modules/identity/schema.ts'
import type { streaming } from '#modules/streaming/schema.ts'

/** Method and path of every operation that can be called from outside; `raw` ones answer bytes. */
export const routes = {
  admin: {
    adminUsers: { kind: 'public', method: 'GET', path: '/admin/users' },
    adminUser: { kind: 'public', method: 'GET', path: '/admin/users/:id' },
    setUserBlocked: { kind: 'public', method: 'PATCH', path: '/admin/users/:id/block' },
    setUserRole: { kind: 'public', method: 'PATCH', path: '/admin/users/:id/role' },
    deleteUser: { kind: 'public', method: 'DELETE', path: '/admin/users/:id' },
    userSessions: { kind: 'public', method: 'GET', path: '/admin/users/:id/sessions' },
    endUserSessions: { kind: 'public', method: 'DELETE', path: '/admin/users/:id/sessions' },
    auditLog: { kind: 'public', method: 'GET', path: '/admin/audit' },
  },
  albums: {
    listAlbums: { kind: 'public', method: 'GET', path: '/albums' },
    getAlbum: { kind: 'public', method: 'GET', path: '/albums/:id' },
    createAlbum: { kind: 'public', method: 'POST', path: '/albums' },
    updateAlbum: { kind: 'public', method: 'PATCH', path: '/albums/:id' },
    deleteAlbum: { kind: 'public', method: 'DELETE', path: '/albums/:id' },
    addAlbumSongs: { kind: 'public', method: 'POST', path: '/albums/:id/songs' },
    setAlbumSongs: { kind: 'public', method: 'PUT', path: '/albums/:id/songs' },
    removeAlbumSong: { kind: 'public', method: 'DELETE', path: '/albums/:id/songs/:songId' },
    setAlbumVisibility: { kind: 'public', method: 'PATCH', path: '/albums/:id/visibility' },
    removeAlbumCover: { kind: 'public', method: 'DELETE', path: '/albums/:id/cover' },
    getMyAlbum: { kind: 'public', method: 'GET', path: '/albums/user/my-albums/:id' },
    listMyAlbums: { kind: 'public', method: 'GET', path: '/albums/user/my-albums' },
  },
  analysis: {
    getAnalysis: { kind: 'public', method: 'GET', path: '/songs/:id/analysis' },
    getAnalysisPart: { kind: 'public', method: 'GET', path: '/songs/:id/analysis/:part' },
    analyzeSong: { kind: 'public', method: 'POST', path: '/songs/:id/analyze' },
    getQueue: { kind: 'public', method: 'GET', path: '/analysis/queue' },
    setQueue: { kind: 'public', method: 'PATCH', path: '/analysis/queue' },
    analyzeFile: { kind: 'public', method: 'POST', path: '/analyze' },
    getWaveform: { kind: 'public', method: 'GET', path: '/songs/:id/waveform' },
    getFrames: { kind: 'raw', method: 'GET', path: '/songs/:id/frames' },
  },
  apiKeys: {
    createApiKey: { kind: 'public', method: 'POST', path: '/auth/api-keys' },
    apiKeys: { kind: 'public', method: 'GET', path: '/auth/api-keys' },
    revokeApiKey: { kind: 'public', method: 'DELETE', path: '/auth/api-keys/:id' },
  },
  identity: {
    setup: { kind: 'public', method: 'GET', path: '/auth/setup' },
    register: { kind: 'public', method: 'POST', path: '/auth/register' },
    login: { kind: 'public', method: 'POST', path: '/auth/login' },
    refresh: { kind: 'public', method: 'POST', path: '/auth/refresh' },
    logout: { kind: 'public', method: 'POST', path: '/auth/logout' },
    forgotPassword: { kind: 'public', method: 'POST', path: '/auth/forgot-password' },
    resetPassword: { kind: 'public', method: 'POST', path: '/auth/reset-password' },
    verifyEmail: { kind: 'public', method: 'POST', path: '/auth/verify-email' },
    resendVerification: { kind: 'public', method: 'POST', path: '/auth/verify-email/resend' },
    changePassword: { kind: 'public', method: 'POST', path: '/auth/change-password' },
    changeEmail: { kind: 'public', method: 'POST', path: '/auth/change-email' },
    sessions: { kind: 'public', method: 'GET', path: '/auth/sessions' },
    endSession: { kind: 'public', method: 'DELETE', path: '/auth/sessions/:id' },
    endOtherSessions: { kind: 'public', method: 'DELETE', path: '/auth/sessions' },
    me: { kind: 'public', method: 'GET', path: '/auth/me' },
  },
  library: {
    getLibraryStatus: { kind: 'public', method: 'GET', path: '/library/status' },
    listFaults: { kind: 'public', method: 'GET', path: '/library/faults' },
    scanLibrary: { kind: 'public', method: 'POST', path: '/library/scan' },
    addFolder: { kind: 'public', method: 'POST', path: '/library/folders' },
    removeFolder: { kind: 'public', method: 'DELETE', path: '/library/folders/:id' },
    browseFolders: { kind: 'public', method: 'GET', path: '/library/browse' },
    setFolderVisibility: { kind: 'public', method: 'PATCH', path: '/library/folders/:id/visibility' },
    updateFolder: { kind: 'public', method: 'PATCH', path: '/library/folders/:id' },
    getFolderAccess: { kind: 'public', method: 'GET', path: '/library/folders/:id/access' },
    setFolderAccess: { kind: 'public', method: 'PUT', path: '/library/folders/:id/access' },
    browseTree: { kind: 'public', method: 'GET', path: '/library/tree' },
    listDuplicates: { kind: 'public', method: 'GET', path: '/library/duplicates' },
    listMissing: { kind: 'public', method: 'GET', path: '/library/missing' },
    getChanges: { kind: 'public', method: 'GET', path: '/library/changes' },
  },
  links: {
    signInProviders: { kind: 'public', method: 'GET', path: '/auth/providers' },
    oidcLogin: { kind: 'raw', method: 'GET', path: '/auth/oidc/:provider/login' },
    oidcCallback: { kind: 'raw', method: 'GET', path: '/auth/oidc/:provider/callback' },
    spotifyLogin: { kind: 'raw', method: 'GET', path: '/auth/spotify/login' },
    spotifyCallback: { kind: 'raw', method: 'GET', path: '/auth/spotify/callback' },
    exchange: { kind: 'public', method: 'POST', path: '/auth/exchange' },
    links: { kind: 'public', method: 'GET', path: '/auth/links' },
    beginLink: { kind: 'public', method: 'POST', path: '/auth/links/:provider' },
    completeLink: { kind: 'public', method: 'POST', path: '/auth/links' },
    unlink: { kind: 'public', method: 'DELETE', path: '/auth/links/:id' },
  },
  moderation: {
    listAllSongs: { kind: 'public', method: 'GET', path: '/admin/songs' },
    setSongVisible: { kind: 'public', method: 'PATCH', path: '/admin/songs/:id/visible' },
    listAllAlbums: { kind: 'public', method: 'GET', path: '/admin/albums' },
    setAlbumVisible: { kind: 'public', method: 'PATCH', path: '/admin/albums/:id/visible' },
  },
  profile: {
    updateMe: { kind: 'public', method: 'PATCH', path: '/users/me' },
    putAvatar: { kind: 'raw', method: 'PUT', path: '/users/me/avatar' },
    deleteAvatar: { kind: 'public', method: 'DELETE', path: '/users/me/avatar' },
    getAvatar: { kind: 'raw', method: 'GET', path: '/users/:id/avatar' },
    myStats: { kind: 'public', method: 'GET', path: '/users/me/stats' },
    exportMe: { kind: 'raw', method: 'GET', path: '/users/me/export' },
    eraseMe: { kind: 'public', method: 'DELETE', path: '/users/me', fieldsFrom: 'body' },
    getUser: { kind: 'public', method: 'GET', path: '/users/:id' },
    listBlocks: { kind: 'public', method: 'GET', path: '/blocks' },
    getBlock: { kind: 'public', method: 'GET', path: '/blocks/:userId' },
    putBlock: { kind: 'public', method: 'PUT', path: '/blocks/:userId' },
    deleteBlock: { kind: 'public', method: 'DELETE', path: '/blocks/:userId' },
  },
  songs: {
    listSongs: { kind: 'public', method: 'GET', path: '/songs' },
    getSong: { kind: 'public', method: 'GET', path: '/songs/:id' },
    batchSongs: { kind: 'public', method: 'POST', path: '/songs/batch' },
    setSongVisibility: { kind: 'public', method: 'PATCH', path: '/songs/:id/visibility' },
    createSong: { kind: 'public', method: 'POST', path: '/songs' },
    updateSong: { kind: 'public', method: 'PATCH', path: '/songs/:id' },
    deleteSong: { kind: 'public', method: 'DELETE', path: '/songs/:id' },
    setSongCover: { kind: 'public', method: 'PUT', path: '/songs/:id/cover' },
    removeSongCover: { kind: 'public', method: 'DELETE', path: '/songs/:id/cover' },
    setLyrics: { kind: 'public', method: 'PUT', path: '/songs/:id/lyrics' },
    removeLyrics: { kind: 'public', method: 'DELETE', path: '/songs/:id/lyrics' },
    getMySong: { kind: 'public', method: 'GET', path: '/users/songs/:id' },
    getMyLyrics: { kind: 'public', method: 'GET', path: '/users/songs/:id/lyrics' },
    listMySongs: { kind: 'public', method: 'GET', path: '/users/songs' },
    listArtistSongs: { kind: 'public', method: 'GET', path: '/songs/artist/my-songs' },
    setArtistImage: { kind: 'public', method: 'PUT', path: '/artists/:id/image' },
    removeArtistImage: { kind: 'public', method: 'DELETE', path: '/artists/:id/image' },
    getLyrics: { kind: 'public', method: 'GET', path: '/songs/:id/lyrics' },
    listArtists: { kind: 'public', method: 'GET', path: '/artists' },
    getArtist: { kind: 'public', method: 'GET', path: '/artists/:id' },
    listGenres: { kind: 'public', method: 'GET', path: '/genres' },
    search: { kind: 'public', method: 'GET', path: '/search' },
  },
  streaming: {
    streamSong: { kind: 'raw', method: 'GET', path: '/songs/:id/stream' },
    downloadSong: { kind: 'raw', method: 'GET', path: '/songs/:id/download' },
    songCover: { kind: 'raw', method: 'GET', path: '/songs/:id/cover' },
    albumCover: { kind: 'raw', method: 'GET', path: '/albums/:id/cover' },
    artistImage: { kind: 'raw', method: 'GET', path: '/artists/:id/image' },
    hlsMaster: { kind: 'raw', method: 'GET', path: '/songs/:id/hls/master.m3u8' },
    hlsPlaylist: { kind: 'raw', method: 'GET', path: '/songs/:id/hls/:tier/index.m3u8' },
    hlsInit: { kind: 'raw', method: 'GET', path: '/songs/:id/hls/:tier/init.mp4' },
    hlsSegment: { kind: 'raw', method: 'GET', path: '/songs/:id/hls/:tier/:segment.m4s' },
    dashManifest: { kind: 'raw', method: 'GET', path: '/songs/:id/hls/manifest.mpd' },
    createLink: { kind: 'public', method: 'POST', path: '/songs/:id/links' },
    getPlayback: { kind: 'public', method: 'GET', path: '/songs/:id/playback' },
  },
  uploads: {
    uploadAudio: { kind: 'public', method: 'POST', path: '/upload/audio' },
    uploadBatch: { kind: 'public', method: 'POST', path: '/upload/audio/batch' },
    uploadImage: { kind: 'public', method: 'POST', path: '/upload/image' },
    createTusUpload: { kind: 'raw', method: 'POST', path: '/upload/files' },
    getTusUpload: { kind: 'raw', method: 'GET', path: '/upload/files/:id' },
    patchTusUpload: { kind: 'raw', method: 'PATCH', path: '/upload/files/:id' },
    deleteTusUpload: { kind: 'raw', method: 'DELETE', path: '/upload/files/:id' },
    listUploads: { kind: 'public', method: 'GET', path: '/upload' },
    getUpload: { kind: 'public', method: 'GET', path: '/upload/status/:id' },
    deleteUpload: { kind: 'public', method: 'DELETE', path: '/upload/:id' },
    getQuota: { kind: 'public', method: 'GET', path: '/upload/quota' },
  },
} as const

export type Contracts = {
  admin: typeof admin
  albums: typeof albums
  analysis: typeof analysis
  apiKeys: typeof apiKeys
  identity: typeof identity
  library: typeof library
  links: typeof links
  moderation: typeof moderation
  profile: typeof profile
  songs: typeof songs
  streaming: typeof streaming
  uploads: typeof uploads
}

/** What the server sends to sockets unasked. */
export type PushDefs = {
  'analysis:progress': typeof analysisProgress
  'analysis:ready': typeof analysisReady
  'catalog:moderated': typeof thingModerated
  'library:changed': typeof libraryChanged
  'library:progress': typeof libraryProgress
  'upload:progress': typeof uploadProgress
}
