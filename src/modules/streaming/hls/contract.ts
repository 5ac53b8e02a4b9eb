import { raw } from '#kernel/contract.ts'
import { Id, OneOf, Strict, Text, Type } from '#kernel/schema.ts'
import { linkField } from '../links/contract.ts'
import { NORMALIZE } from '../loudness/gain.ts'

/** More pieces than the longest song has. */
const SEGMENT_MAX = 1_000_000
const START_SEC_MAX = 1_000_000
const MAX_KBPS_LEAST = 16
const MAX_KBPS_MOST = 100_000

export const choice = {
  lossless: Type.Optional(
    Type.Boolean({
      description: 'Offer a lossless tier, too: for players that decode FLAC in MP4. Of lossless music only',
    }),
  ),
  copy: Type.Optional(
    Type.Boolean({
      description: 'Offer the packets of the song as they are, too, where it is AAC and its loudness is not changed',
    }),
  ),
  maxBitrateKbps: Type.Optional(
    Type.Integer({ minimum: MAX_KBPS_LEAST, maximum: MAX_KBPS_MOST, description: 'Offer no tier above this' }),
  ),
  normalize: Type.Optional(
    OneOf(NORMALIZE, { description: 'Bring the music to the loudness of all others, by song or by album' }),
  ),
}
const tier = Text(40, { description: 'Name of the tier, as the playlist has it' })
const v = Type.Optional(
  Text(40, { description: 'The version, as the playlist has it: with it the answer never changes' }),
)
const get = { method: 'GET', auth: 'anyone', rate: 'media' } as const

/** Adaptive streaming: HLS (RFC 8216) and DASH over the same segments of fragmented MP4. */
export const hlsOperations = {
  hlsMaster: raw({
    ...get,
    path: '/songs/:id/hls/master.m3u8',
    summary: 'HLS: what there is to choose from',
    input: Strict({
      id: Id,
      ...choice,
      startSec: Type.Optional(Type.Number({ minimum: 0, maximum: START_SEC_MAX, description: 'Where players begin' })),
      link: linkField,
    }),
    produces: ['application/vnd.apple.mpegurl'],
  }),
  hlsPlaylist: raw({
    ...get,
    path: '/songs/:id/hls/:tier/index.m3u8',
    summary: 'HLS: the segments of one tier',
    input: Strict({ id: Id, tier, link: linkField }),
    produces: ['application/vnd.apple.mpegurl'],
  }),
  hlsInit: raw({
    ...get,
    path: '/songs/:id/hls/:tier/init.mp4',
    summary: 'HLS and DASH: what stands before the segments of one tier',
    input: Strict({ id: Id, tier, v, link: linkField }),
    produces: ['audio/mp4'],
  }),
  hlsSegment: raw({
    ...get,
    path: '/songs/:id/hls/:tier/:segment.m4s',
    summary: 'HLS and DASH: a few seconds of one tier, made when they are asked for first',
    input: Strict({ id: Id, tier, segment: Type.Integer({ minimum: 0, maximum: SEGMENT_MAX }), v, link: linkField }),
    produces: ['video/iso.segment'],
  }),
  dashManifest: raw({
    ...get,
    path: '/songs/:id/hls/manifest.mpd',
    summary: 'DASH: all tiers with their segments',
    input: Strict({ id: Id, ...choice, link: linkField }),
    produces: ['application/dash+xml'],
  }),
}
