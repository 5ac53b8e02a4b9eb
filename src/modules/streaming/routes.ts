import { extname } from 'node:path'
import { system } from '#kernel/caller.ts'
import type { RawHandlers } from '#kernel/contract.ts'
import { sendRepresentation } from '#kernel/http/bytes/send.ts'
import { type CoverDeps, sendCover } from './covers/send.ts'
import { attachment, safeFileName } from './disposition.ts'
import { originalOf } from './original.ts'
import { chooseProfile, requireCodec } from './profiles.ts'
import { type RenditionDeps, sendRendition } from './renditions/send.ts'
import type { StreamFormat, streaming } from './schema.ts'
import { songFile } from './visible.ts'

type Deps = RenditionDeps & CoverDeps & { readonly codecs: readonly StreamFormat[] }

export function createRoutes(d: Deps): RawHandlers<typeof streaming> {
  return {
    async streamSong(who, { id, quality, format }, request, reply) {
      const file = await songFile(d.songs, who, id)
      const profile = chooseProfile({ ...(quality && { quality }), ...(format && { format }) }, file)
      if (profile === 'original') return sendRepresentation(request, reply, await originalOf(file))
      requireCodec(profile.codec, d.codecs)
      return sendRendition(
        d,
        { request, reply },
        {
          id: { contentId: file.contentId, profile: profile.name },
          profile,
          file: Buffer.from(file.pathBase64, 'base64'),
          durationMs: file.durationMs,
          isThere: () =>
            d.songs.getSongFiles(system(who.requestId), { ids: [id] }).then(
              (files) => files.length > 0,
              // Who cannot be asked says nothing: what is kept costs room alone, and for a time.
              () => true,
            ),
        },
      )
    },
    async downloadSong(who, { id }, request, reply) {
      const file = await songFile(d.songs, who, id)
      const song = await d.songs.getSong(who, { id })
      const ending = extname(Buffer.from(file.pathBase64, 'base64').toString('utf8')).toLowerCase()
      const original = await originalOf(file)
      const name = safeFileName(`${song.artist} - ${song.title}`, /^\.[a-z0-9]{1,8}$/.test(ending) ? ending : '')
      return sendRepresentation(request, reply, {
        ...original,
        headers: { ...original.headers, 'content-disposition': attachment(name) },
      })
    },
    songCover: sendCover(d, 'song'),
    albumCover: sendCover(d, 'album'),
    artistImage: sendCover(d, 'artist'),
  }
}
