import type { Layout } from '../renditions/layout.ts'
import type { Bandwidth } from './tiers.ts'
import { pieceSeconds, TARGET_SEC } from './times.ts'

/** Fragmented MP4 with `EXT-X-MAP` beside ordinary segments is of version 6; 7 is what RFC 8216 describes. */
const VERSION = 7
export const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl'

export type Variant = Bandwidth & { readonly codecs: string; readonly uri: string }

const lines = (all: readonly string[]): string => `${all.join('\n')}\n`

/** The multivariant playlist: what there is to choose from, and where to begin. */
export const masterPlaylist = (variants: readonly Variant[], startSec: number): string =>
  lines([
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-START:TIME-OFFSET=${startSec},PRECISE=YES`,
    ...variants.flatMap((v) => [
      `#EXT-X-STREAM-INF:BANDWIDTH=${v.peakBps},AVERAGE-BANDWIDTH=${v.averageBps},CODECS="${v.codecs}"`,
      v.uri,
    ]),
  ])

/** The segments of one tier. `query` begins with `?` and goes with every address. */
export const mediaPlaylist = (layout: Layout, query: string): string =>
  lines([
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    '#EXT-X-PLAYLIST-TYPE:VOD',
    `#EXT-X-TARGETDURATION:${TARGET_SEC}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-MAP:URI="init.mp4${query}"`,
    ...Array.from({ length: layout.pieces }, (_, piece) => [
      `#EXTINF:${pieceSeconds(layout, piece)},`,
      `${piece}.m4s${query}`,
    ]).flat(),
    '#EXT-X-ENDLIST',
  ])
