import { op } from '#kernel/contract.ts'
import { Empty, Id, Strict } from '#kernel/schema.ts'
import { Artist } from '#modules/catalog/things.ts'

/** What admins say of artists; part of the contract `songs`. */
export const artistOps = {
  setArtistImage: op({
    method: 'PUT',
    path: '/artists/:id/image',
    auth: 'admin',
    rate: 'media',
    summary: 'The picture of an artist, before that of their folder and of their albums',
    files: { image: { of: 'image', aliases: ['cover', 'file'], required: true } },
    input: Strict({ id: Id }),
    output: Artist,
  }),
  removeArtistImage: op({
    method: 'DELETE',
    path: '/artists/:id/image',
    auth: 'admin',
    status: 204,
    summary: 'Take the picture away that was set; that of the folder or of the newest album shows again',
    input: Strict({ id: Id }),
    output: Empty,
  }),
}
