/** The signals of `tools/golden-features.py`, sample by sample: formulas of the sample number, one second each. */
import { RATE } from './signals.fixture.ts'

const SAMPLES = RATE
const time = (n: number) => n / RATE

/** −1..1: the linear congruential generator of Numerical Recipes. */
const noise = (seed: number) => {
  let state = seed
  return Float64Array.from({ length: SAMPLES }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return 2 * (state / 2 ** 32) - 1
  })
}

/** Five harmonics struck at a sample, added to `out`. */
const addTone = (out: Float64Array, hz: number, start: number, decaySec: number) => {
  for (let n = start; n < SAMPLES; n++) {
    const t = time(n - start)
    let sound = 0
    for (let h = 1; h <= 5; h++) sound += Math.sin(2 * Math.PI * h * hz * t) / h
    out[n]! += 0.12 * Math.exp(-t / decaySec) * sound
  }
}

const CHORDS = [
  [0, 261.6255653],
  [0, 329.6275569],
  [0, 391.995436],
  [SAMPLES / 2, 349.2282314],
  [SAMPLES / 2, 440],
  [SAMPLES / 2, 523.2511306],
] as const

const chord = (cents: number) => {
  const out = new Float64Array(SAMPLES)
  for (const [start, hz] of CHORDS) addTone(out, hz * 2 ** (cents / 1200), start, 0.5)
  return out
}

const sweep = (n: number) => 0.5 * Math.sin((2 * Math.PI * 60 * (2 ** (8 * time(n)) - 1)) / (8 * Math.log(2)))

const speech = (n: number) => {
  const t = time(n)
  const phase = 120 * t + ((10 * (1 - Math.cos(2 * Math.PI * 1.5 * t))) / (2 * Math.PI * 1.5)) * 2
  let voice = 0
  for (let h = 1; h <= 30; h++) {
    const hz = 120 * h
    const gain = Math.exp(-(((hz - 650) / 250) ** 2)) + 0.6 * Math.exp(-(((hz - 2300) / 500) ** 2)) + 0.02
    voice += gain * Math.sin(2 * Math.PI * h * phase)
  }
  return 0.1 * voice * Math.max(0, Math.sin(2 * Math.PI * 4 * t)) ** 2
}

/** What `of` says of every sample, and so much of the noise. */
const made = (gain: number, seed: number, of: (n: number) => number) =>
  Float32Array.from(noise(seed), (value, n) => of(n) + gain * value)

const [sharp, flat, plain] = [chord(12), chord(-31), chord(0)]
const [gated, clipped] = [noise(3), noise(7)]

export const goldenSignals: Record<string, Float32Array> = {
  chord: made(1e-3, 1, (n) => sharp[n]!),
  'flat chord': made(1e-4, 2, (n) => flat[n]!),
  noise: Float32Array.from(gated, (value, n) => (n % 11_025 < 8000 ? 0.3 * value : 0)),
  sweep: made(1e-3, 4, sweep),
  speech: made(3e-5, 5, speech),
  offset: made(0.01, 6, () => 0.25),
  clipped: Float32Array.from(clipped, (value, n) => Math.max(-1, Math.min(1, 20 * plain[n]! + 0.01 * value))),
}
