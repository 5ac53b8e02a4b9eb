/** The cues that listeners go by, each on a scale of its own with the middle at 0 and ±1 for clearly little or much. */
import { audibleFrames, type Heard, spreadOf } from '#engines/audio/embedding/heard.ts'
import { beatJitter, beatRepeats } from '#engines/audio/embedding/rhythm.ts'
import { REGIONS } from '#engines/audio/flux.ts'
import type { Modulation } from './modulation.ts'

export type Cues = {
  /** 1 clearly major, −1 clearly minor. */
  mode: number
  /** Octaves from 110 beats a minute, ±1 at 55 and 220; 0 where there is no beat. */
  tempo: number
  /** Onsets a second: −1 none, 0 at 3, 1 at 8 and more. */
  density: number
  /** Integrated loudness: −1 at −36 LUFS and below, 0 at −20, 1 at −6 and above. */
  loudness: number
  /** Where the spectrum lies: octaves from a centroid of 1500 Hz, ±1 at two. */
  brightness: number
  /** How sudden notes begin: peaks of the flux over its mean, −1 smooth, 1 clicks. */
  attack: number
  /** Level falls between the notes: −1 legato, 1 staccato. */
  staccato: number
  /** How little the sound is a chord: −1 pure tones, 1 noise. */
  roughness: number
  /** 0..1: how far onsets repeat from beat to beat and bar to bar, and how evenly the beats come. */
  pulse: number
  /** 0..1: 1 at 120 beats a minute, 0.37 half an octave off; 0 without beats. */
  danceTempo: number
  /** Share of the onsets' strength below 300 Hz, −1..1. */
  lowBeat: number
}

const clamp = (value: number, least = -1, most = 1) =>
  Number.isFinite(value) ? Math.max(least, Math.min(most, value)) : 0

const DENSITY_MIDDLE = 3
const DENSITY_MOST = 8
const densityOf = (perSec: number) =>
  clamp(
    perSec < DENSITY_MIDDLE ? perSec / DENSITY_MIDDLE - 1 : (perSec - DENSITY_MIDDLE) / (DENSITY_MOST - DENSITY_MIDDLE),
  )

const loudnessOf = (lufs: number) => clamp(lufs < -20 ? (lufs + 20) / 16 : (lufs + 20) / 14)

/** Mean and root mean square of each region. */
const fluxOf = (flux: Float32Array) => {
  const mean = new Float64Array(REGIONS)
  const square = new Float64Array(REGIONS)
  const frames = Math.max(1, flux.length / REGIONS)
  for (let i = 0; i < flux.length; i++) {
    mean[i % REGIONS]! += flux[i]! / frames
    square[i % REGIONS]! += flux[i]! ** 2 / frames
  }
  return { mean, root: square.map((value) => Math.sqrt(value)) }
}

const sum = (x: Float64Array, from = 0, to = x.length) => x.subarray(from, to).reduce((a, b) => a + b, 0)

/** High onsets, of hats and snares, tell more of a pulse than low ones; drums that never change reach this. */
const REPEATS_MOST = 0.55
const pulseOf = (heard: Heard, rhythm: Float32Array) => {
  const { low, high } = beatRepeats(rhythm)
  return clamp((0.35 * low + 0.65 * high) / REPEATS_MOST, 0) * (1 - beatJitter(heard.beats))
}

/** @param rhythm the rhythm block of the embedding's raw values. */
export const cuesOf = (heard: Heard, modulation: Modulation, rhythm: Float32Array): Cues => {
  const { tempo, loudness, frames } = heard
  const rows = audibleFrames(frames)
  const centroid = spreadOf(rows, (row) => Math.log2(Math.max(20, frames.centroidHz[row]!))).mean
  const flatness = spreadOf(rows, (row) => Math.log10(Math.max(1e-7, frames.flatness[row]!))).mean
  const { mean, root } = fluxOf(heard.flux)
  const octaves = tempo.bpm > 0 ? Math.log2(tempo.bpm / 110) : 0
  const crest = sum(mean) > 1e-6 ? sum(root) / sum(mean) : 1
  return {
    mode: clamp(heard.mode),
    tempo: clamp(octaves),
    density: densityOf(heard.onsetCount / Math.max(1, heard.durationSec)),
    loudness: loudnessOf(loudness.integratedLufs),
    brightness: rows.length > 0 ? clamp((centroid - Math.log2(1500)) / 2) : -1,
    attack: clamp((crest - 2.2) / 1.2),
    staccato: clamp((modulation.depth - 0.5) / 0.4),
    roughness: rows.length > 0 ? clamp((flatness + 2.5) / 1.5) : 0,
    pulse: tempo.bpm > 0 ? pulseOf(heard, rhythm) : 0,
    danceTempo: tempo.bpm > 0 ? Math.exp(-((Math.log2(tempo.bpm / 120) / 0.5) ** 2)) : 0,
    lowBeat: sum(root) > 1e-6 ? clamp((sum(root, 0, 2) / sum(root) - 0.25) / 0.2) : -1,
  }
}
