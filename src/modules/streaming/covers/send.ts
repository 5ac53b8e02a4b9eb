import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Blobs } from '#kernel/blob/index.ts'
import type { Caller } from '#kernel/caller.ts'
import { sendRepresentation } from '#kernel/http/bytes/send.ts'
import type { Offload } from '../offload/offload.ts'
import type { Albums, Songs } from '../visible.ts'
import { chooseImageFormat } from '#kernel/http/accept-image.ts'
import { type Covers, coverSize, noCover } from './covers.ts'

export const COVER_KINDS = ['song', 'album', 'artist'] as const
export type CoverKind = (typeof COVER_KINDS)[number]
export type CoverDeps = {
  readonly songs: Songs
  readonly albums: Albums
  readonly covers: Covers
  readonly blobs: Blobs
  readonly offload: Offload
}
export type CoverAsk = { readonly id: string; readonly size?: number; readonly v?: string }

/** With `v` in the address another picture has another address, so this one never changes. */
const IMMUTABLE = 'private, max-age=31536000, immutable'
const FOR_A_WHILE = 'private, max-age=300, must-revalidate'

/** Tells a thing without a picture from one that the caller may not see: the catalogue throws 401 or 404 for that. */
async function whyNone({ songs, albums }: CoverDeps, who: Caller, kind: CoverKind, id: string): Promise<never> {
  if (kind === 'song') await songs.getSong(who, { id })
  else if (kind === 'album') await albums.getAlbum(who, { id })
  else await songs.getArtist(who, { id })
  throw noCover()
}

export const sendCover =
  (d: CoverDeps, kind: CoverKind) =>
  async (who: Caller, ask: CoverAsk, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const [found] = await d.songs.getCoverKeys(who, { kind, ids: [ask.id] })
    if (!found) return whyNone(d, who, kind, ask.id)
    const format = chooseImageFormat(request.headers.accept)
    const cover = await d.covers.get({ coverKey: found.coverKey, sizePx: coverSize(ask.size), format })
    const handOver = d.offload.blob(cover.blobKey, { contentType: `image/${format}` })
    return sendRepresentation(request, reply, {
      sizeBytes: cover.sizeBytes,
      etag: `"${cover.tag}"`,
      contentType: `image/${format}`,
      cacheControl: ask.v ? IMMUTABLE : FOR_A_WHILE,
      headers: { vary: 'Accept' },
      ...(handOver && { handOver }),
      open: (range) => d.blobs.read(cover.blobKey, range),
    })
  }
