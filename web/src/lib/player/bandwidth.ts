/** Half-lives in seconds of downloading: the quick one notices a tunnel, the slow one does not follow every hiccup. */
const FAST_SEC = 2
const SLOW_SEC = 8
/** Less than this much download says nothing yet. */
const TRUSTED_SEC = 0.15
const KBPS_MAX = 1_000_000
/** What comes at less than this share of the quick mean, for so long together, is another line: the mean is of no use. */
const DROP_SHARE = 1 / 4
const DROP_SEC = 1

type Mean = { readonly halfLifeSec: number; readonly sum: number; readonly weight: number }
export type Bandwidth = {
  readonly fast: Mean
  readonly slow: Mean
  readonly seenSec: number
  readonly seenBytes: number
  /** Of downloads one after the other that were far below the mean. */
  readonly drop: Drop
}
type Drop = { readonly sec: number; readonly kbit: number }
const NO_DROP: Drop = { sec: 0, kbit: 0 }

const none = (halfLifeSec: number): Mean => ({ halfLifeSec, sum: 0, weight: 0 })
export const unknownBandwidth = (): Bandwidth => ({
  fast: none(FAST_SEC),
  slow: none(SLOW_SEC),
  seenSec: 0,
  seenBytes: 0,
  drop: NO_DROP,
})

function add(mean: Mean, value: number, sec: number): Mean {
  const keep = 0.5 ** (sec / mean.halfLifeSec)
  return { ...mean, sum: mean.sum * keep + value * (1 - keep), weight: mean.weight * keep + (1 - keep) }
}
const valueOf = (mean: Mean): number => (mean.weight > 0 ? mean.sum / mean.weight : 0)

/** Takes a download, or a part of one, into account. */
export function withDownload(b: Bandwidth, { bytes, ms }: { bytes: number; ms: number }): Bandwidth {
  const sec = Math.max(0.001, ms / 1000)
  const kbps = Math.min(KBPS_MAX, (bytes * 8) / 1000 / sec)
  const seen = { seenSec: b.seenSec + sec, seenBytes: b.seenBytes + bytes }
  const isFarBelow = kbps < valueOf(b.fast) * DROP_SHARE
  const drop = isFarBelow ? { sec: b.drop.sec + sec, kbit: b.drop.kbit + kbps * sec } : NO_DROP
  if (drop.sec >= DROP_SEC)
    return { ...seen, ...meansOf(unknownBandwidth(), drop.kbit / drop.sec, drop.sec), drop: NO_DROP }
  return { ...seen, ...meansOf(b, kbps, sec), drop }
}
const meansOf = ({ fast, slow }: Bandwidth, kbps: number, sec: number) => ({
  fast: add(fast, kbps, sec),
  slow: add(slow, kbps, sec),
})

/** A megabyte that came in no time says as much as a slow trickle. */
const TRUSTED_BYTES = 512 * 1024
/** The lower of the two means, kbit/s; null while too little was seen. */
export const estimateKbps = (b: Bandwidth): number | null =>
  b.seenSec < TRUSTED_SEC && b.seenBytes < TRUSTED_BYTES ? null : Math.min(valueOf(b.fast), valueOf(b.slow))
