import { contract, raw } from '#kernel/contract.ts'
import { Id, OneOf, Strict, Text, Type } from '#kernel/schema.ts'
import { hlsOperations } from './hls/contract.ts'
import { linkField, linkOperations } from './links/contract.ts'
import { playbackOperations } from './playback/contract.ts'
import { NORMALIZE } from './loudness/gain.ts'
import { COPY_CONTAINERS } from './renditions/copies/kinds.ts'

export const QUALITIES = ['low', 'medium', 'high', 'original'] as const
export type Quality = (typeof QUALITIES)[number]
export const FORMATS = ['mp3', 'aac', 'opus', 'flac', 'wav'] as const
export type StreamFormat = (typeof FORMATS)[number]
/** Bit rate of each quality, kbit/s. */
export const QUALITY_KBPS = { low: 64, medium: 128, high: 320 } as const
export const COVER_SIZES_PX = [64, 128, 256, 512, 1024] as const
const IMAGES = ['image/avif', 'image/webp', 'image/jpeg'] as const
const size = Type.Optional(
  Type.Integer({
    minimum: 16,
    maximum: 2048,
    description: 'Width in pixels; answered with the next larger of 64, 128, 256, 512, 1024',
  }),
)
const v = Type.Optional(
  Text(64, { description: 'Any word that changes with the picture: the answer may then be kept for ever' }),
)

export const streaming = contract('streaming', 'Bytes: audio and pictures', {
  streamSong: raw({
    method: 'GET',
    path: '/songs/:id/stream',
    auth: 'anyone',
    rate: 'media',
    summary: 'The audio; without parameters the original file. Ranges, If-Range, ETag and HEAD work',
    input: Strict({
      id: Id,
      quality: Type.Optional(OneOf(QUALITIES)),
      format: Type.Optional(OneOf(FORMATS)),
      normalize: Type.Optional(
        OneOf(NORMALIZE, { description: 'As loud as other songs (−18 LUFS), each by itself or as its album is' }),
      ),
      container: Type.Optional(
        OneOf(COPY_CONTAINERS, {
          description:
            'The packets of the song as they are in another container: AAC of ADTS in MP4, Opus of WebM in Ogg, FLAC of Ogg or Matroska by itself. With nothing else',
        }),
      ),
      link: linkField,
    }),
    produces: ['audio/*'],
  }),
  downloadSong: raw({
    method: 'GET',
    path: '/songs/:id/download',
    auth: 'user',
    rate: 'media',
    summary: 'The original file with a file name',
    input: Strict({ id: Id }),
    produces: ['application/octet-stream'],
  }),
  songCover: raw({
    method: 'GET',
    path: '/songs/:id/cover',
    auth: 'anyone',
    rate: 'media',
    summary: 'Cover of a song',
    input: Strict({ id: Id, size, v, link: linkField }),
    produces: IMAGES,
  }),
  albumCover: raw({
    method: 'GET',
    path: '/albums/:id/cover',
    auth: 'anyone',
    rate: 'media',
    summary: 'Cover of an album',
    input: Strict({ id: Id, size, v }),
    produces: IMAGES,
  }),
  artistImage: raw({
    method: 'GET',
    path: '/artists/:id/image',
    auth: 'anyone',
    rate: 'media',
    summary: 'Picture of an artist',
    input: Strict({ id: Id, size, v }),
    produces: IMAGES,
  }),
  ...hlsOperations,
  ...linkOperations,
  ...playbackOperations,
})
