import { COPY_CONTAINERS, type CopyContainer, type CopyTarget } from '../renditions/copies/kinds.ts'
import type { Quality, StreamFormat } from '../schema.ts'
import { type Abilities, canPlay } from './abilities.ts'
import type { Described, Kind } from './source.ts'

export const NETWORKS = ['wifi', 'ethernet', 'cellular', 'metered', 'slow'] as const
export type Network = (typeof NETWORKS)[number]
/** What is sent at most over each, kbit/s; undefined bounds nothing. */
const NETWORK_KBPS: Readonly<Record<Network, number | undefined>> = {
  wifi: undefined,
  ethernet: undefined,
  cellular: 256,
  metered: 128,
  slow: 64,
}
/** Where the line may change at any time a player that knows how had better adapt. */
const CHANGING: ReadonlySet<Network> = new Set(['cellular', 'slow'])

/** Stable: clients may know them. */
export const REASONS = [
  'plays_as_is',
  'container_not_played',
  'codec_not_played',
  'bitrate_limit',
  'network_limit',
  'lossless_declined',
  'normalized',
  'nothing_else',
] as const
export type Reason = (typeof REASONS)[number]

export type Playable = Described & { readonly kbps: number }
export type Wish = {
  readonly abilities: Abilities
  readonly maxKbps: number | undefined
  readonly network: Network | undefined
  /** `declined`: no lossless music, even if the player plays it. */
  readonly lossless: 'wanted' | 'declined' | undefined
  readonly gainDb: number
  /** What this installation can make. */
  readonly codecs: readonly StreamFormat[]
  /** What the packets of the song can be copied into. */
  readonly copies: readonly CopyTarget[]
}
export type StreamWay = Described & { readonly format: StreamFormat; readonly quality: Quality; readonly kbps: number }
/** The packets of the song in another container, as one file. */
export type CopyWay = Described & { readonly copy: CopyContainer; readonly kbps: number }
export type HlsWay = { readonly maxKbps: number | undefined; readonly lossless: boolean; readonly copy: boolean }
export type Decision = {
  readonly decision: 'original' | 'remux' | 'transcode'
  readonly reason: Reason
  readonly why: string
  /** What to ask for beside the original; undefined when only HLS does. */
  readonly stream: StreamWay | CopyWay | 'original' | undefined
  readonly hls: HlsWay | undefined
  readonly use: 'stream' | 'hls'
}

/** How a song is best sent to a player. Pure: the same question has the same answer. */
export function decide(source: Playable, wish: Wish): Decision {
  const [reason, why] = reasonOf(source, wish)
  const hls = hlsFor(source, wish)
  if (reason === 'plays_as_is') return { decision: 'original', reason, why, stream: 'original', hls, use: 'stream' }
  const copied = copyFor(source, wish)
  const stream = copied ?? streamFor(source, wish)
  if (!stream && !hls) return nothingElse()
  const use = !stream || isBetterAsHls(wish, copied, hls) ? 'hls' : 'stream'
  const isCopy = use === 'stream' ? copied !== undefined : hls?.copy === true
  return { decision: isCopy ? 'remux' : 'transcode', reason, why, stream, hls, use }
}

/** What can be had bit for bit is not made anew only to be adaptive. */
function isBetterAsHls(wish: Wish, copied: CopyWay | undefined, hls: HlsWay | undefined): boolean {
  if (!hls || !wish.abilities.has('hls')) return false
  const isChanging = wish.network !== undefined && CHANGING.has(wish.network)
  return copied ? isChanging && hls.copy : isChanging || hls.copy
}

const nothingElse = (): Decision => ({
  decision: 'original',
  reason: 'nothing_else',
  why: 'This server can make nothing that the player is known to play, so the original is all there is.',
  stream: 'original',
  hls: undefined,
  use: 'stream',
})

type Said = readonly [Reason, string]
/** The first that holds; what cannot be played counts before what is not wished. */
function reasonOf(source: Playable, wish: Wish): Said {
  const { codec, container, kbps } = source
  if (!canPlay(wish.abilities, source))
    return decodes(wish.abilities, codec)
      ? ['container_not_played', `The player decodes ${codec}, but not in a file of the kind ${container}.`]
      : ['codec_not_played', `The player does not decode ${codec}.`]
  if (wish.gainDb !== 0) return ['normalized', 'The loudness is changed, and an original stays as it is.']
  if (source.lossless && wish.lossless === 'declined')
    return ['lossless_declined', 'The song is lossless, and the player asked for less.']
  if (wish.maxKbps !== undefined && kbps > wish.maxKbps)
    return ['bitrate_limit', `The song has ${kbps} kbit/s, and the player asked for at most ${wish.maxKbps}.`]
  const network = networkLimit(wish)
  if (network !== undefined && kbps > network)
    return ['network_limit', `The song has ${kbps} kbit/s, too much for a connection of the kind ${wish.network}.`]
  return ['plays_as_is', `The player plays ${codec} in ${container} as it is.`]
}

/** In some container; whoever plays HLS plays AAC in it. */
const decodes = (abilities: Abilities, codec: string): boolean =>
  [...abilities].some((a) => a.endsWith(`/${codec}`)) || (codec === 'aac' && abilities.has('hls'))

const networkLimit = ({ network }: Wish): number | undefined => network && NETWORK_KBPS[network]
const limitOf = (wish: Wish): number | undefined => {
  const limits = [wish.maxKbps, networkLimit(wish)].filter((n) => n !== undefined)
  return limits.length > 0 ? Math.min(...limits) : undefined
}
const wantsLossless = (source: Playable, wish: Wish): boolean =>
  source.lossless && wish.lossless === 'wanted' && limitOf(wish) === undefined

/** Whether the packets may be sent as they are, in whatever container. */
const mayCopy = (source: Playable, wish: Wish): boolean =>
  wish.gainDb === 0 &&
  source.kbps <= (limitOf(wish) ?? Number.POSITIVE_INFINITY) &&
  !(source.lossless && wish.lossless === 'declined')

function hlsFor(source: Playable, wish: Wish): HlsWay | undefined {
  const plays = (codec: string) => canPlay(wish.abilities, { container: 'mp4', codec })
  const flac = wantsLossless(source, wish) && wish.codecs.includes('flac') && plays('flac')
  const playsAac = plays('aac') || wish.abilities.has('hls')
  const copy = playsAac && wish.copies.includes('hls') && mayCopy(source, wish)
  const aac = playsAac && wish.codecs.includes('aac')
  return flac || aac || copy ? { maxKbps: limitOf(wish), lossless: flac, copy } : undefined
}

/** What each container of a copy is to a player. */
const COPIED: Readonly<Record<CopyContainer, Kind>> = {
  mp4: { container: 'mp4', codec: 'aac' },
  ogg: { container: 'ogg', codec: 'opus' },
  flac: { container: 'flac', codec: 'flac' },
}

function copyFor(source: Playable, wish: Wish): CopyWay | undefined {
  if (!mayCopy(source, wish)) return undefined
  const copy = COPY_CONTAINERS.find((each) => wish.copies.includes(each) && canPlay(wish.abilities, COPIED[each]))
  return copy && { copy, ...COPIED[copy], lossless: source.lossless, kbps: source.kbps }
}

type Making = { format: StreamFormat; container: string; codec: string; kbps: Readonly<Record<Rung, number>> }
const RUNGS = ['low', 'medium', 'high'] as const
type Rung = (typeof RUNGS)[number]
/** The better one first: at the same rate Opus sounds better than MP3. */
const LOSSY: readonly Making[] = [
  { format: 'opus', container: 'ogg', codec: 'opus', kbps: { low: 64, medium: 128, high: 256 } },
  { format: 'mp3', container: 'mp3', codec: 'mp3', kbps: { low: 64, medium: 128, high: 320 } },
]
/** Of two channels at 48 kHz. */
const WAV_KBPS = 1536
const wav = { format: 'wav', container: 'wav', codec: 'pcm', lossless: true, quality: 'high', kbps: WAV_KBPS } as const

/** What can be sent as one file of a known length. Bare PCM is for who wants it so, or can play nothing else. */
function streamFor(source: Playable, wish: Wish): StreamWay | undefined {
  const isPossible = (m: { format: StreamFormat; container: string; codec: string }) =>
    wish.codecs.includes(m.format) && canPlay(wish.abilities, m)
  if (wantsLossless(source, wish) && isPossible(wav)) return wav
  const made = LOSSY.find(isPossible)
  if (!made) return isPossible(wav) && limitOf(wish) === undefined ? wav : undefined
  const quality = rungOf(made, source, limitOf(wish))
  const { format, container, codec, kbps } = made
  return { format, container, codec, lossless: false, quality, kbps: kbps[quality] }
}

/** The highest within the limit that is not more than the source needs; the lowest when all are above. */
function rungOf({ kbps }: Making, source: Playable, limit = Number.POSITIVE_INFINITY): Rung {
  const needed = source.lossless ? 'high' : (RUNGS.find((rung) => kbps[rung] >= source.kbps) ?? 'high')
  return RUNGS.findLast((rung) => kbps[rung] <= limit && kbps[rung] <= kbps[needed]) ?? 'low'
}
