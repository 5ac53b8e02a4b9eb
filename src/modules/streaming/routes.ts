import { extname } from 'node:path'
import type { RawHandlers } from '#kernel/contract.ts'
import { sendRepresentation } from '#kernel/http/bytes/send.ts'
import { type CoverDeps, sendCover } from './covers/send.ts'
import { attachment, safeFileName } from './disposition.ts'
import { createHls } from './hls/routes.ts'
import { gainFor } from './loudness/gain.ts'
import { type OriginalDeps, originalOf } from './original.ts'
import { chooseProfile, requireCodec, requireProgressive } from './profiles.ts'
import { type CopyDeps, copyOf, requireAsItIs } from './renditions/copies/asked.ts'
import { type RenditionDeps, sendRendition } from './renditions/send.ts'
import { type WantedDeps, wantedOf } from './renditions/wanted.ts'
import type { StreamFormat, streaming } from './schema.ts'
import { songFile } from './visible.ts'

type Deps = CopyDeps &
  RenditionDeps &
  WantedDeps &
  CoverDeps &
  OriginalDeps & { readonly codecs: readonly StreamFormat[] }

export function createRoutes(d: Deps): RawHandlers<typeof streaming> {
  return {
    async streamSong(who, { id, quality, format, normalize, container }, request, reply) {
      const file = await songFile(d.songs, who, id)
      if (container) {
        requireAsItIs({ quality, format, normalize })
        return sendRendition(d, { request, reply }, await copyOf(d, who, file, container))
      }
      const gainDb = normalize ? gainFor(file, normalize) : 0
      const profile = chooseProfile({ ...(quality && { quality }), ...(format && { format }), gainDb }, file)
      if (profile === 'original') return sendRepresentation(request, reply, await originalOf(d, file))
      requireProgressive(profile.codec)
      requireCodec(profile.codec, d.codecs)
      return sendRendition(d, { request, reply }, await wantedOf(d, who, file, profile))
    },
    async downloadSong(who, { id }, request, reply) {
      const file = await songFile(d.songs, who, id)
      const song = await d.songs.getSong(who, { id })
      const ending = extname(Buffer.from(file.pathBase64, 'base64').toString('utf8')).toLowerCase()
      const name = safeFileName(`${song.artist} - ${song.title}`, /^\.[a-z0-9]{1,8}$/.test(ending) ? ending : '')
      return sendRepresentation(request, reply, await originalOf(d, file, attachment(name)))
    },
    songCover: sendCover(d, 'song'),
    albumCover: sendCover(d, 'album'),
    artistImage: sendCover(d, 'artist'),
    ...createHls(d),
  }
}
