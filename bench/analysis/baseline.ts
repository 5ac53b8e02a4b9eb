/** What a plain solution gives: energy differences, autocorrelation, an even grid of beats, Krumhansl's key profiles. */

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

/** Tempo and an even grid at the phase with the most energy rises on it. */
export const plainBeats = (mono: Float32Array) => {
  const curve = energyRises(mono)
  const lag = strongestLag(curve)
  const sums = Float64Array.from({ length: lag }, (_, phase) => {
    let sum = 0
    for (let t = phase; t < curve.length; t += lag) sum += curve[t]!
    return sum
  })
  const phase = sums.indexOf(Math.max(...sums))
  const beats: number[] = []
  for (let t = phase; t < curve.length; t += lag) beats.push(t / PER_SEC)
  return { bpm: (60 * PER_SEC) / lag, beats }
}

const KRUMHANSL = {
  major: [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
  minor: [6.33, 2.68, 3.52, 5.38, 2.6, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
}

const centre = (values: number[]) => values.map((value) => value - values.reduce((a, b) => a + b) / 12)

/** Correlation with Krumhansl & Kessler's profiles (1982). */
export const plainKey = (chroma: ArrayLike<number>) => {
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
