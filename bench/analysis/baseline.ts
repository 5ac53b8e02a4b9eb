/**
 * What a plain solution gives: rises of energy, autocorrelation, an even grid of beats, a fixed threshold for onsets,
 * chroma of an unwindowed look at semitones with Krumhansl's key profiles, borders at jumps of loudness.
 */
import type { Answer } from './answer.ts'

const RATE = 44_100
const HOP = 441
const PER_SEC = RATE / HOP

const energyRises = (mono: Float32Array) => {
  const frames = Math.floor(mono.length / HOP)
  const energy = Float32Array.from({ length: frames }, (_, t) => {
    let sum = 0
    for (let i = t * HOP; i < (t + 1) * HOP; i++) sum += mono[i]! ** 2
    return Math.log(1e-6 + sum)
  })
  return energy.map((value, t) => Math.max(0, value - (energy[t - 1] ?? value)))
}

/** The strongest lag between 60 and 180 beats a minute. */
const strongestLag = (curve: Float32Array) => {
  let best = { lag: 50, sum: -1 }
  for (let lag = Math.round((PER_SEC * 60) / 180); lag <= PER_SEC; lag++) {
    let sum = 0
    for (let t = lag; t < curve.length; t++) sum += curve[t]! * curve[t - lag]!
    if (sum / (curve.length - lag) > best.sum) best = { lag, sum: sum / (curve.length - lag) }
  }
  return best.lag
}

/** Tempo and an even grid at the phase with the most energy rises on it; every fourth beat a bar. */
const plainBeats = (curve: Float32Array) => {
  const lag = strongestLag(curve)
  const sums = Float64Array.from({ length: lag }, (_, phase) => {
    let sum = 0
    for (let t = phase; t < curve.length; t += lag) sum += curve[t]!
    return sum
  })
  const phase = sums.indexOf(Math.max(...sums))
  const beats: number[] = []
  for (let t = phase; t < curve.length; t += lag) beats.push(t / PER_SEC)
  return { bpm: (60 * PER_SEC) / lag, beats, downbeats: beats.filter((_, i) => i % 4 === 0), beatsPerBar: 4 }
}

const ONSET_RISE = 0.7

const plainOnsets = (curve: Float32Array) => {
  const onsets: number[] = []
  curve.forEach((rise, t) => {
    if (rise > ONSET_RISE && rise >= (curve[t + 1] ?? 0) && rise > (curve[t - 1] ?? 0)) onsets.push(t / PER_SEC)
  })
  return onsets
}

const LOWEST = 48
const HIGHEST = 83
/** The chroma looks at a tenth of a second every second. */
const LOOK = 4410

/** Power at one frequency (Goertzel). */
const powerAt = (mono: Float32Array, from: number, hz: number) => {
  const c = 2 * Math.cos((2 * Math.PI * hz) / RATE)
  let s1 = 0
  let s2 = 0
  for (let i = from; i < from + LOOK; i++) {
    const s = mono[i]! + c * s1 - s2
    s2 = s1
    s1 = s
  }
  return s1 * s1 + s2 * s2 - c * s1 * s2
}

const plainChroma = (mono: Float32Array) => {
  const chroma = new Float64Array(12)
  for (let from = 0; from + LOOK <= mono.length; from += RATE)
    for (let pitch = LOWEST; pitch <= HIGHEST; pitch++)
      chroma[pitch % 12]! += Math.sqrt(powerAt(mono, from, 440 * 2 ** ((pitch - 69) / 12)))
  return chroma
}

const KRUMHANSL = {
  major: [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
  minor: [6.33, 2.68, 3.52, 5.38, 2.6, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
}

const centre = (values: number[]) => values.map((value) => value - values.reduce((a, b) => a + b) / 12)

/** Correlation with Krumhansl & Kessler's profiles (1982). */
const plainKey = (chroma: ArrayLike<number>) => {
  let best = { tonic: 0, mode: 'major' as 'major' | 'minor', score: -Infinity }
  for (const mode of ['major', 'minor'] as const) {
    const template = centre(KRUMHANSL[mode])
    const norm = Math.hypot(...template)
    for (let tonic = 0; tonic < 12; tonic++) {
      const score = template.reduce((sum, value, i) => sum + (value * chroma[(i + tonic) % 12]!) / norm, 0)
      if (score > best.score) best = { tonic, mode, score }
    }
  }
  return { tonic: best.tonic, mode: best.mode }
}

const NAMES = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B']

/** The triad with the most power in each half second. */
const plainChords = (mono: Float32Array): NonNullable<Answer['chords']> => {
  const step = RATE / 2
  const spans: NonNullable<Answer['chords']> = []
  for (let from = 0; from + LOOK <= mono.length; from += step) {
    const chroma = new Float64Array(12)
    for (let pitch = LOWEST; pitch <= HIGHEST; pitch++)
      chroma[pitch % 12]! += Math.sqrt(powerAt(mono, from, 440 * 2 ** ((pitch - 69) / 12)))
    let best = { label: 'N', power: 0 }
    for (let root = 0; root < 12; root++)
      for (const [third, mode] of [
        [4, 'maj'],
        [3, 'min'],
      ] as const) {
        const power = chroma[root]! + chroma[(root + third) % 12]! + chroma[(root + 7) % 12]!
        if (power > best.power) best = { label: `${NAMES[root]}:${mode}`, power }
      }
    spans.push({ fromSec: from / RATE, toSec: Math.min(mono.length, from + step) / RATE, value: best.label })
  }
  return spans
}

const JUMP = 1.6

/** A border wherever four seconds are much louder or quieter than the four before. */
const plainSections = (mono: Float32Array): NonNullable<Answer['sections']> => {
  const seconds = Math.floor(mono.length / RATE)
  const levels = Float64Array.from({ length: seconds }, (_, s) =>
    Math.hypot(...Array.from({ length: 100 }, (_, i) => mono[s * RATE + i * HOP]!)),
  )
  const level = (from: number) => levels.subarray(from, from + 4).reduce((a, b) => a + b, 1e-6)
  const borders = [0]
  for (let s = 4; s + 4 <= seconds; s++) {
    const ratio = level(s) / level(s - 4)
    if ((ratio > JUMP || ratio < 1 / JUMP) && s - borders.at(-1)! >= 4) borders.push(s)
  }
  const endSec = mono.length / RATE
  return borders.map((fromSec, i) => ({ fromSec, toSec: borders[i + 1] ?? endSec, value: `part ${i}` }))
}

export const plainAnswer = (mono: Float32Array): Answer => {
  const curve = energyRises(mono)
  return {
    ...plainBeats(curve),
    timeSignature: '4/4',
    onsets: plainOnsets(curve),
    key: plainKey(plainChroma(mono)),
    tuningHz: 440,
    chords: plainChords(mono),
    sections: plainSections(mono),
  }
}
