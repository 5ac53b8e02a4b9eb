/** Signals with known answers, for the tests of this folder. Mono, 44.1 kHz, seeded. */

export const RATE = 44_100

export const random = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}

export const silence = (seconds: number) => new Float32Array(Math.round(seconds * RATE))

/** Adds a decaying sine. */
export const strike = (out: Float32Array, atSec: number, hz: number, gain: number, decaySec: number) => {
  const start = Math.round(atSec * RATE)
  for (let i = 0; i < 4 * decaySec * RATE && start + i < out.length; i++) {
    const t = i / RATE
    const attack = Math.min(1, t / 0.003)
    out[start + i]! += gain * attack * Math.exp(-t / decaySec) * Math.sin(2 * Math.PI * hz * t)
  }
}

/** Clicks at a tempo, every `accent`-th lower and louder. */
export const clicks = (bpm: number, seconds: number, accent = 4, firstSec = 0.25) => {
  const out = silence(seconds)
  for (let beat = 0, at = firstSec; at < seconds; beat++, at = firstSec + (beat * 60) / bpm) {
    strike(out, at, beat % accent === 0 ? 60 : 1800, beat % accent === 0 ? 0.8 : 0.4, beat % accent === 0 ? 0.08 : 0.02)
    strike(out, at, 5000, 0.1, 0.01)
  }
  return out
}

const hzOf = (midi: number, cents: number) => 440 * 2 ** ((midi - 69 + cents / 100) / 12)

/** Triads (semitones above C4, each a second long) with five harmonics. */
export const chords = (triads: number[][], repeats: number, cents = 0) => {
  const out = silence(triads.length * repeats)
  for (let i = 0; i < triads.length * repeats; i++)
    for (const note of triads[i % triads.length]!)
      for (let h = 1; h <= 5; h++) strike(out, i, h * hzOf(60 + note, cents), 0.12 / h, 0.7)
  return out
}

/** I – IV – V – I above `tonic` (0..11), or i – iv – V – i. */
export const cadence = (tonic: number, mode: 'major' | 'minor') => {
  const third = mode === 'major' ? 4 : 3
  const triad = (root: number, middle: number) => [root, root + middle, root + 7].map((note) => (note + tonic) % 12)
  return [triad(0, third), triad(5, third), triad(7, 4), triad(0, third)]
}

export const noise = (seconds: number, gain: number) => {
  const next = random(7)
  return silence(seconds).map(() => gain * (2 * next() - 1))
}

export const stereo = (mono: Float32Array) => {
  const out = new Float32Array(2 * mono.length)
  for (let i = 0; i < mono.length; i++) out[2 * i] = out[2 * i + 1] = mono[i]!
  return out
}
