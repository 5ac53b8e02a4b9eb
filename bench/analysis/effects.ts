/** What happens to music before it reaches a listener: room, compression, band limits, hiss. In place, seeded. */
import { between, hashOf, randomFrom } from './score.ts'

const COMBS = [1557, 1617, 1491, 1422]

/** Schroeder's reverberator without all-passes: four combs. `wet` 0..1. */
const reverb = (x: Float32Array, wet: number, feedback: number) => {
  const dry = x.slice()
  for (const delay of COMBS) {
    const line = new Float32Array(delay)
    for (let i = 0; i < x.length; i++) {
      const echo = line[i % delay]!
      line[i % delay] = dry[i]! + feedback * echo
      x[i]! += (wet / COMBS.length) * echo
    }
  }
}

const peakOf = (x: Float32Array) => x.reduce((top, value) => Math.max(top, Math.abs(value)), 1e-9)

const scale = (x: Float32Array, gain: number) => {
  for (let i = 0; i < x.length; i++) x[i]! *= gain
}

const lowPass = (x: Float32Array, hz: number, sampleRate: number) => {
  const share = 1 - Math.exp((-2 * Math.PI * hz) / sampleRate)
  for (let pass = 0; pass < 2; pass++)
    for (let i = 0, state = 0; i < x.length; i++) {
      state += share * (x[i]! - state)
      x[i] = state
    }
}

/** A random chain by the name: about half the pieces get room, a third each compression, dullness, hiss. */
export const treat = (x: Float32Array, name: string, sampleRate: number) => {
  const random = randomFrom(hashOf(`effects ${name}`))
  if (random() < 0.5) reverb(x, between(random, 0.1, 0.6), between(random, 0.6, 0.85))
  scale(x, 1 / peakOf(x))
  if (random() < 0.35) {
    const drive = between(random, 1.5, 6)
    for (let i = 0; i < x.length; i++) x[i] = Math.tanh(drive * x[i]!)
  }
  if (random() < 0.3) lowPass(x, between(random, 3000, 9000), sampleRate)
  if (random() < 0.3) {
    const hiss = 10 ** (between(random, -60, -36) / 20)
    for (let i = 0; i < x.length; i++) x[i]! += hiss * (random() * 2 - 1)
  }
  scale(x, 10 ** (between(random, -14, -0.5) / 20) / peakOf(x))
}
