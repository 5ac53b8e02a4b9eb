/**
 * A stand-in for singing: a buzz with vibrato and slides through three moving formants, hissed consonants before some
 * notes. Nobody would take it for a person; what matters is pitch that is never still and onsets that are soft.
 */
import { between, hashOf, type Note, pick, randomFrom } from './score.ts'

const RATE = 44_100
/** First three formants of a, e, i, o, u (Hz). */
const VOWELS = [
  [730, 1090, 2440],
  [530, 1840, 2480],
  [270, 2290, 3010],
  [570, 840, 2410],
  [300, 870, 2240],
]
const GAINS = [1, 0.5, 0.25]
const WIDTHS_HZ = [90, 110, 170]
const VIBRATO_HZ = 5.4
const ATTACK_SEC = 0.06
const RELEASE_SEC = 0.08
const SLIDE_SEC = 0.07
/** Formants glide to the next vowel by this share a sample. */
const GLIDE = 0.0008

type Resonator = { hz: number; width: number; gain: number; y1: number; y2: number }

const resonate = (r: Resonator, input: number) => {
  const radius = Math.exp((-Math.PI * r.width) / RATE)
  const y = (1 - radius) * input + 2 * radius * Math.cos((2 * Math.PI * r.hz) / RATE) * r.y1 - radius * radius * r.y2
  r.y2 = r.y1
  r.y1 = y
  return r.gain * y
}

/** Adds the sung notes of a score to `out`, at most `level`. `tuning` multiplies every pitch. */
export const sing = (out: Float32Array, notes: readonly Note[], name: string, tuning: number, level: number) => {
  const random = randomFrom(hashOf(`voice ${name}`))
  const sung = notes.filter(({ program }) => program === 'voice')
  const resonators: Resonator[] = GAINS.map((gain, i) => ({
    hz: VOWELS[0]![i]!,
    width: WIDTHS_HZ[i]!,
    gain,
    y1: 0,
    y2: 0,
  }))
  const depth = between(random, 0.002, 0.012)
  let lastPitch = sung[0]?.pitch ?? 60
  sung.forEach((note, index) => {
    const vowel = pick(random, VOWELS)
    const start = Math.max(0, Math.round(note.atSec * RATE))
    const nextSec = sung[index + 1]?.atSec ?? Infinity
    const heldSec = Math.min(note.durationSec, Math.max(0.1, nextSec - note.atSec))
    const length = Math.min(out.length - start, Math.round((heldSec + RELEASE_SEC) * RATE))
    const hissSec = random() < 0.4 ? between(random, 0.03, 0.09) : 0
    const gain = (level * note.velocity) / 127
    for (let i = 0, phase = 0; i < length; i++) {
      const t = i / RATE
      const slide = Math.min(1, t / SLIDE_SEC)
      const pitch = lastPitch + (note.pitch - lastPitch) * slide
      const vibrato = 1 + depth * Math.min(1, t / 0.4) * Math.sin(2 * Math.PI * VIBRATO_HZ * t)
      phase += (tuning * 440 * 2 ** ((pitch - 69) / 12) * vibrato) / RATE
      const buzz = 2 * (phase % 1) - 1 + 0.06 * (random() * 2 - 1)
      let voiced = 0
      resonators.forEach((resonator, f) => {
        resonator.hz += GLIDE * (vowel[f]! - resonator.hz)
        voiced += resonate(resonator, buzz)
      })
      const edge = Math.min(1, t / ATTACK_SEC, (heldSec + RELEASE_SEC - t) / RELEASE_SEC)
      const hiss = t < hissSec ? 0.08 * (random() * 2 - 1) : 0
      out[start + i]! += gain * (edge * voiced * 3 + hiss)
    }
    lastPitch = note.pitch
  })
}
