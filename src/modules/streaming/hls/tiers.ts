import { LIFT_DB_MAX, LOWER_DB_MAX } from '../loudness/gain.ts'
import type { SourceLength } from '../renditions/layout.ts'
import { type Profile, profileOf } from '../profiles.ts'
import type { StreamFormat } from '../schema.ts'

/** Bit rates of the AAC tiers, kbit/s; the first is where a player begins that follows the order of the playlist. */
export const AAC_KBPS = [128, 64, 256] as const
const NAME = /^(?:aac-(64|128|256)|flac)(?:_g(m?)(\d{1,3}))?$/

/** The profile of this name, or undefined when there is none that HLS has. */
export function tierNamed(name: string): Profile | undefined {
  const [matched, kbps, minus, tenths] = NAME.exec(name) ?? []
  if (matched === undefined) return undefined
  const gainDb = (Number(tenths ?? 0) / 10) * (minus ? -1 : 1)
  if (gainDb < -LOWER_DB_MAX || gainDb > LIFT_DB_MAX) return undefined
  const profile = profileOf(kbps ? 'aac' : 'flac', kbps ? Number(kbps) : undefined, gainDb)
  // One name each: `_g05` is none, or the same music would be made twice.
  return profile.name === name ? profile : undefined
}

export type TierWish = {
  /** Whether the lossless tier is wanted, of lossless music. */
  readonly lossless: 'offered' | 'left_out'
  readonly maxKbps: number | undefined
  readonly gainDb: number
}
export type TierSource = {
  readonly lossless: boolean
  readonly kbps: number | null
  /** What the packets of the song take that are offered as they are. */
  readonly copiedKbps?: number | undefined
}
/** A tier that is made has to take so much less than the copy of what it is made of. */
const SMALLER_THAN_COPY = 0.9

/**
 * What a player may choose from. AAC goes up to the first tier that is as good as the source and no further, and not
 * above the limit, but its lowest tier is always there. Beside a copy of the song there is only what takes less.
 */
export function tiersFor(source: TierSource, wish: TierWish, codecs: readonly StreamFormat[]): Profile[] {
  const limit = wish.maxKbps ?? Number.POSITIVE_INFINITY
  const lowest = Math.min(...AAC_KBPS)
  const enough = Math.min(...AAC_KBPS.filter((kbps) => kbps >= ofSource(source)), Math.max(...AAC_KBPS))
  const belowCopy = SMALLER_THAN_COPY * (source.copiedKbps ?? Number.POSITIVE_INFINITY)
  const aac = AAC_KBPS.filter((kbps) => kbps < belowCopy && (kbps === lowest || (kbps <= enough && kbps <= limit)))
  const hasFlac = source.lossless && wish.lossless === 'offered' && wish.maxKbps === undefined
  return [
    ...(codecs.includes('aac') ? aac.map((kbps) => profileOf('aac', kbps, wish.gainDb)) : []),
    ...(hasFlac && codecs.includes('flac') ? [profileOf('flac', undefined, wish.gainDb)] : []),
  ]
}
const ofSource = ({ lossless, kbps }: TierSource): number => (lossless || !kbps ? Number.POSITIVE_INFINITY : kbps)

/** As `CODECS` names them (RFC 6381); FLAC in the spelling of ISO base media. */
export const codecsOf = ({ codec }: Profile): string => (codec === 'flac' ? 'fLaC' : 'mp4a.40.2')

export type Bandwidth = { readonly peakBps: number; readonly averageBps: number }
/** Boxes around a segment: `moof` with four bytes for each frame of AAC. */
const OVERHEAD_BPS = 3_000
/** By how much the fullest segments of FFmpeg's AAC are above its bit rate. */
const AAC_PEAK = 1.08
/** Ordinary music as FLAC, of its size as PCM; the peak is noise, which cannot be made smaller. */
const FLAC_AVERAGE = 0.65
const FLAC_PEAK = 1.01

/** What a tier needs of a line. Nothing of it may be made yet: the peak is one that no segment exceeds. */
export function bandwidthOf(profile: Profile, source: SourceLength): Bandwidth {
  if (profile.codec === 'flac') {
    const pcmBps = source.sampleRateHz * Math.min(2, source.channels) * ((source.bits ?? 16) > 16 ? 24 : 16)
    return { peakBps: Math.ceil(pcmBps * FLAC_PEAK), averageBps: Math.ceil(pcmBps * FLAC_AVERAGE) }
  }
  const bps = (profile.kbps as number) * 1000
  return { peakBps: Math.ceil(bps * AAC_PEAK) + OVERHEAD_BPS, averageBps: bps + OVERHEAD_BPS }
}
