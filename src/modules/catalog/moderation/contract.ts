import { contract, op } from '#kernel/contract.ts'
import { Id, OneOf, Page, pageQuery, Strict, Text, Type } from '#kernel/schema.ts'
import { Album, ALBUM_SORTS, Song, SONG_SORTS } from '#modules/catalog/things.ts'

const filters = {
  ...pageQuery,
  q: Type.Optional(Text(200)),
  ownerId: Type.Optional(Id),
  isVisible: Type.Optional(Type.Boolean()),
  isPublic: Type.Optional(Type.Boolean()),
  from: Type.Optional(OneOf(['library', 'uploads'] as const)),
}

export const moderation = contract('moderation', 'What admins see and hide', {
  listAllSongs: op({
    method: 'GET',
    path: '/admin/songs',
    auth: 'admin',
    summary: 'All songs, hidden and private ones too',
    input: Strict({ ...filters, sort: Type.Optional(OneOf(SONG_SORTS)) }),
    output: Page(Song),
  }),
  setSongVisible: op({
    method: 'PATCH',
    path: '/admin/songs/:id/visible',
    auth: 'admin',
    summary: 'Hide a song from everybody, or show it again; without a body it flips',
    input: Strict({ id: Id, isVisible: Type.Optional(Type.Boolean()) }),
    output: Song,
  }),
  listAllAlbums: op({
    method: 'GET',
    path: '/admin/albums',
    auth: 'admin',
    summary: 'All albums, hidden and private ones too',
    input: Strict({ ...filters, sort: Type.Optional(OneOf(ALBUM_SORTS)) }),
    output: Page(Album),
  }),
  setAlbumVisible: op({
    method: 'PATCH',
    path: '/admin/albums/:id/visible',
    auth: 'admin',
    summary: 'Hide an album from everybody, or show it again; without a body it flips',
    input: Strict({ id: Id, isVisible: Type.Optional(Type.Boolean()) }),
    output: Album,
  }),
})
