/** A small additive synthesiser with drums: renders a score to mono without any tool. Not pretty; exact in time. */
import { type Note, type Random, randomFrom, type Score } from './score.ts'

export const SAMPLE_RATE = 44_100
const TABLE = 4096

/** One period for a family of instruments: harmonic amplitudes as a wave table. */
const waveTable = (amplitudes: number[]) =>
  Float32Array.from({ length: TABLE }, (_, i) =>
    amplitudes.reduce((sum, amplitude, h) => sum + amplitude * Math.sin((2 * Math.PI * (h + 1) * i) / TABLE), 0),
  )

const decaying = (count: number, power: number) => Array.from({ length: count }, (_, h) => 1 / (h + 1) ** power)
const odd = (count: number) => decaying(count, 1).map((amplitude, h) => (h % 2 === 0 ? amplitude : amplitude * 0.1))

type Voice = { table: Float32Array; attackSec: number; decaySec: number; gain: number }

const SUSTAINED = 1e6
const plucked: Voice = { table: waveTable(decaying(10, 1.4)), attackSec: 0.003, decaySec: 0.6, gain: 0.3 }
const bowed: Voice = { table: waveTable(decaying(14, 1.1)), attackSec: 0.07, decaySec: SUSTAINED, gain: 0.18 }
const blown: Voice = { table: waveTable(odd(9)), attackSec: 0.03, decaySec: SUSTAINED, gain: 0.2 }
const driven: Voice = { table: waveTable(decaying(24, 0.8)), attackSec: 0.004, decaySec: 1.5, gain: 0.14 }
const deep: Voice = { table: waveTable(decaying(6, 1.2)), attackSec: 0.006, decaySec: 0.8, gain: 0.5 }

const voiceOf = (program: number): Voice => {
  if (program >= 32 && program <= 39) return deep
  if (program >= 29 && program <= 30) return driven
  if (program < 32) return plucked
  if (program < 56) return bowed
  return program < 80 ? blown : driven
}

const addTone = (out: Float32Array, note: Note, program: number, tuning: number) => {
  const { table, attackSec, decaySec, gain } = voiceOf(program)
  const step = (tuning * 440 * 2 ** ((note.pitch - 69) / 12) * TABLE) / SAMPLE_RATE
  const start = Math.round(note.atSec * SAMPLE_RATE)
  const held = note.durationSec * SAMPLE_RATE
  const release = 0.04 * SAMPLE_RATE
  const attack = attackSec * SAMPLE_RATE
  const fall = Math.exp(-1 / (decaySec * SAMPLE_RATE))
  let level = (gain * note.velocity) / 127
  for (let i = 0, phase = 0; i < held + release && start + i < out.length; i++, phase += step) {
    const edge = Math.min(1, i / attack, i < held ? 1 : 1 - (i - held) / release)
    if (start + i >= 0) out[start + i]! += level * edge * table[phase & (TABLE - 1)]!
    level *= fall
  }
}

/** [seconds of decay, tone Hz, tone share, brightness of the noise 0..1] of each drum. */
const DRUMS: Record<number, [number, number, number, number]> = {
  36: [0.18, 55, 1, 0.02],
  37: [0.04, 900, 0.5, 0.8],
  38: [0.14, 190, 0.35, 0.6],
  39: [0.12, 0, 0, 0.7],
  41: [0.35, 80, 0.9, 0.1],
  42: [0.04, 0, 0, 1],
  44: [0.04, 0, 0, 1],
  46: [0.2, 0, 0, 1],
  49: [0.9, 0, 0, 1],
  51: [0.35, 3100, 0.2, 1],
  64: [0.2, 160, 0.9, 0.2],
  70: [0.03, 0, 0, 0.9],
  75: [0.05, 2500, 0.9, 0.3],
}

const addDrum = (out: Float32Array, note: Note, random: Random) => {
  const [decaySec, hz, toneShare, bright] = DRUMS[note.pitch] ?? [0.1, 200, 0.5, 0.5]
  const start = Math.round(note.atSec * SAMPLE_RATE)
  const level = (0.7 * note.velocity) / 127
  let low = 0
  for (let i = 0, phase = 0; i < 4 * decaySec * SAMPLE_RATE && start + i < out.length; i++) {
    const t = i / SAMPLE_RATE
    phase += (2 * Math.PI * hz * (1 + 2 * Math.exp(-t / 0.015))) / SAMPLE_RATE
    const noise = random() * 2 - 1
    low += 0.3 * (noise - low)
    const hiss = bright > 0.5 ? noise - low : low
    if (start + i >= 0)
      out[start + i]! += level * Math.exp(-t / decaySec) * (toneShare * Math.sin(phase) + (1 - toneShare) * 0.5 * hiss)
  }
}

/** Mono, without what is sung. `tuningCents` moves all pitches. */
export const synthesise = (score: Score, tuningCents = 0): Float32Array => {
  const out = new Float32Array(Math.ceil(score.durationSec * SAMPLE_RATE))
  const random = randomFrom(1)
  for (const note of score.notes)
    if (note.program === 'drums') addDrum(out, note, random)
    else if (note.program !== 'voice') addTone(out, note, note.program, 2 ** (tuningCents / 1200))
  return out
}
