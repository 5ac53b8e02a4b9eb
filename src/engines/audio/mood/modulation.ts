/**
 * How the level moves: the strength of its modulation by octaves (syllables come at about four a second, tremolo and
 * vibrato at six, drum rolls above), and how much of the time is pause. From the peaks of each 10 ms.
 */
import { audibleFrames, type Heard } from '#engines/audio/embedding/heard.ts'

/** Half widths of moving means, frames of 10 ms: the difference of neighbours passes one octave. */
const REACHES = [64, 32, 16, 8, 4, 2, 1]
const OCTAVES = REACHES.length - 1
const ENVELOPE_PER_SEC = 100
/** Below this share of its loud moments the music pauses. */
const PAUSE_SHARE = 0.1
const SECOND = ENVELOPE_PER_SEC

export type Modulation = {
  /** Share of modulation about 0.5, 1, 2, 4, 8 and 16 Hz; sums to 1, or all 0. */
  octaves: number[]
  /** Standard deviation over mean of the level, 0..~3. */
  depth: number
  /** Share of time in pauses, 0..1. */
  pauses: number
  /** Share of 10 ms under half of the mean of their second, 0..1: high in speech (Scheirer & Slaney 1997). */
  lows: number
  /** Skewness of the zero crossing rate over audible frames, −4..4: vowels with now and then a hiss. */
  hissSkew: number
}

const envelopeOf = (waveform: Int8Array): Float32Array =>
  Float32Array.from({ length: waveform.length >> 1 }, (_, i) => Math.max(0, -waveform[2 * i]!, waveform[2 * i + 1]!))

const prefixOf = (x: Float32Array): Float64Array => {
  const prefix = new Float64Array(x.length + 1)
  for (let i = 0; i < x.length; i++) prefix[i + 1] = prefix[i]! + x[i]!
  return prefix
}

const meanAround = (prefix: Float64Array, at: number, reach: number): number => {
  const from = Math.max(0, at - reach)
  const to = Math.min(prefix.length - 1, at + reach + 1)
  return (prefix[to]! - prefix[from]!) / (to - from)
}

const octavesOf = (prefix: Float64Array): number[] => {
  const power = new Float64Array(OCTAVES)
  for (let t = 0; t < prefix.length - 1; t++) {
    let wide = meanAround(prefix, t, REACHES[0]!)
    for (let o = 0; o < OCTAVES; o++) {
      const narrow = meanAround(prefix, t, REACHES[o + 1]!)
      power[o]! += (narrow - wide) ** 2
      wide = narrow
    }
  }
  const total = power.reduce((a, b) => a + b, 0)
  return Array.from(power, (value) => (total > 1e-6 ? value / total : 0))
}

const lowsOf = (envelope: Float32Array, prefix: Float64Array) => {
  let lows = 0
  for (let t = 0; t < envelope.length; t++) if (envelope[t]! < 0.5 * meanAround(prefix, t, SECOND >> 1)) lows++
  return lows / Math.max(1, envelope.length)
}

const skewOf = (frames: Heard['frames']): number => {
  const rows = audibleFrames(frames)
  const rate = frames.zeroCrossingRate
  let [mean, square, cube] = [0, 0, 0]
  for (const row of rows) mean += rate[row]! / rows.length
  for (const row of rows) square += (rate[row]! - mean) ** 2 / rows.length
  for (const row of rows) cube += (rate[row]! - mean) ** 3 / rows.length
  return square > 1e-12 ? Math.max(-4, Math.min(4, cube / square ** 1.5)) : 0
}

export const modulationOf = (heard: Heard): Modulation => {
  const envelope = envelopeOf(heard.waveform)
  const prefix = prefixOf(envelope)
  const count = Math.max(1, envelope.length)
  const mean = prefix.at(-1)! / count
  const square = envelope.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count
  const loud = envelope.slice().sort()[Math.floor(0.9 * envelope.length)] ?? 0
  return {
    octaves: octavesOf(prefix),
    depth: mean > 0 ? Math.sqrt(square) / mean : 0,
    pauses: envelope.reduce((sum, value) => sum + (value < PAUSE_SHARE * loud ? 1 : 0), 0) / count,
    lows: lowsOf(envelope, prefix),
    hissSkew: skewOf(heard.frames),
  }
}
