/**
 * Band pieces in many styles with exact truth: a tempo curve, a chord progression, bass, comping, melody and drums
 * from patterns. Not music anybody should hear twice; its use is that every beat is known.
 */
import { between, hashOf, type Note, pick, type Random, randomFrom, type Score } from './score.ts'
import { CRASH, type Style, STYLES } from './styles.ts'

const MAJOR = [0, 2, 4, 5, 7, 9, 11]
const MINOR = [0, 2, 3, 5, 7, 8, 10]
const PROGRESSIONS = {
  major: [
    [0, 4, 5, 3],
    [0, 3, 4, 0],
    [0, 5, 3, 4],
    [1, 4, 0, 0],
    [0, 3, 0, 4],
    [3, 0, 4, 5],
    [0, 2, 3, 4],
    [0, 4, 0, 3],
  ],
  minor: [
    [0, 5, 2, 6],
    [0, 3, 4, 0],
    [0, 6, 5, 4],
    [0, 3, 6, 2],
    [0, 5, 3, 4],
    [0, 0, 3, 4],
    [0, 6, 3, 0],
  ],
}

type Plan = { style: Style; random: Random; beats: number[]; tonic: number; mode: 'major' | 'minor'; bars: number }

const timeOf = (plan: Plan, bar: number, step: number, swing: number) => {
  const { steps, beatsPerBar } = plan.style
  const late = steps !== 3 && step % 2 === 1 ? swing : 0
  const at = bar * beatsPerBar + (step + late) / steps
  const beat = Math.floor(at)
  const from = plan.beats[beat]!
  return from + (at - beat) * ((plan.beats[beat + 1] ?? from + 0.5) - from)
}

/** Semitones above C of a scale degree, any octave. */
const degree = (plan: Plan, number: number) => {
  const scale = plan.mode === 'major' ? MAJOR : MINOR
  return plan.tonic + scale[((number % 7) + 7) % 7]! + 12 * Math.floor(number / 7)
}

/** A triad; the dominant of minor is major, mostly. */
const triad = (plan: Plan, root: number) => {
  const notes = [0, 2, 4].map((third) => degree(plan, root + third))
  if (plan.mode === 'minor' && root === 4) notes[1]!++
  return notes
}

const strengths = (pattern: string) => Array.from(pattern, (char) => (char === '.' ? 0 : Number(char)))

const tempoCurve = (random: Random, style: Style, bpm: number, count: number) => {
  const beats = [between(random, 0.05, 1.2)]
  let factor = 1
  for (let i = 1; i <= count; i++) {
    factor += style.drift * (random() * 2 - 1) - 0.08 * (factor - 1)
    beats.push(beats.at(-1)! + (60 / bpm) * factor)
  }
  return beats
}

/** Adds notes for every struck step of `pattern` in every bar; breaks leave some bars out. */
const play = (
  plan: Plan,
  pattern: string,
  swing: number,
  note: (at: number, strength: number, bar: number, step: number) => void,
) => {
  const levels = strengths(pattern)
  for (let bar = 0; bar < plan.bars; bar++)
    levels.forEach((strength, step) => {
      if (strength > 0) note(timeOf(plan, bar, step, swing) + 0.004 * (plan.random() * 2 - 1), strength, bar, step)
    })
}

const addDrums = (plan: Plan, notes: Note[], swing: number) => {
  const entryBar = plan.random() < 0.25 ? 4 : 0
  for (const [pitch, patterns] of Object.entries(plan.style.drums))
    play(plan, pick(plan.random, patterns), swing, (atSec, strength, bar) => {
      if (bar < entryBar) return
      const velocity = Math.max(20, Math.min(127, strength * 13 + 14 * (plan.random() - 0.5)))
      notes.push({ atSec, durationSec: 0.1, pitch: Number(pitch), velocity, program: 'drums' })
    })
  const hasKit = Object.values(plan.style.drums)
    .flat()
    .some((pattern) => /\d/.test(pattern))
  if (hasKit && plan.random() < 0.5)
    for (let bar = 0; bar < plan.bars; bar += 8)
      notes.push({
        atSec: plan.beats[bar * plan.style.beatsPerBar]!,
        durationSec: 1,
        pitch: CRASH,
        velocity: 90,
        program: 'drums',
      })
}

const addHarmony = (plan: Plan, notes: Note[], swing: number, progression: number[]) => {
  const { style, random, beats } = plan
  const barsPerChord = pick(random, [1, 1, 1, 2])
  const chordAt = (bar: number) => progression[Math.floor(bar / barsPerChord) % progression.length]!
  const stepSec = (beats[1]! - beats[0]!) / style.steps
  const bassProgram = pick(random, style.bassPrograms)
  const chordProgram = pick(random, style.chordPrograms)
  const walking = style.bassPrograms[0] === 32 && style.steps === 3
  play(plan, pick(random, style.bass), swing, (atSec, strength, bar, step) => {
    const tones = triad(plan, chordAt(bar))
    const tone = step === 0 || !walking ? tones[0]! : pick(random, tones)
    notes.push({
      atSec,
      durationSec: stepSec * 1.8,
      pitch: 28 + ((tone + 8) % 12),
      velocity: strength * 11 + 10,
      program: bassProgram,
    })
  })
  play(plan, pick(random, style.chords), swing, (atSec, strength, bar) => {
    for (const tone of triad(plan, chordAt(bar)))
      notes.push({
        atSec,
        durationSec: stepSec * 2.5,
        pitch: 55 + ((tone + 5) % 12),
        velocity: strength * 8 + 10,
        program: chordProgram,
      })
  })
  return chordAt
}

const addMelody = (plan: Plan, notes: Note[], swing: number, chordAt: (bar: number) => number) => {
  const { style, random } = plan
  const program = pick(random, style.melodyPrograms)
  const barSteps = style.steps * style.beatsPerBar
  const rhythm = Array.from({ length: 2 }, () =>
    Array.from({ length: barSteps }, (_, step) => random() < (step % style.steps === 0 ? 0.6 : 0.25)),
  )
  let at = 7
  for (let bar = 0; bar < plan.bars; bar++) {
    if (bar % 8 >= 6) continue
    rhythm[bar % 2]!.forEach((struck, step) => {
      if (!struck) return
      at = Math.max(3, Math.min(13, at + Math.round(random() * 4 - 2)))
      const inChord = step === 0 ? chordAt(bar) + pick(random, [0, 2, 4]) : at
      const atSec = timeOf(plan, bar, step, swing) + 0.008 * (random() * 2 - 1)
      notes.push({
        atSec,
        durationSec: between(random, 0.15, 0.5),
        pitch: 60 + (degree(plan, inChord) % 24),
        velocity: between(random, 60, 105),
        program,
      })
    })
  }
}

/** Some pieces lack drums, bass or chords, and every group has its own level: mixes differ. */
const mix = (random: Random, notes: Note[]): Note[] => {
  const drums = notes.filter((note) => note.program === 'drums')
  const bass = notes.filter((note) => note.program !== 'drums' && note.pitch < 41)
  const rest = notes.filter((note) => note.program !== 'drums' && note.pitch >= 41)
  const left = random()
  const kept = [left < 0.12 ? [] : drums, left > 0.9 ? [] : bass, left > 0.86 && left < 0.9 ? [] : rest]
  return kept.flatMap((group) => {
    const gain = between(random, 0.55, 1.15)
    return group.map((note) => ({ ...note, velocity: Math.min(127, note.velocity * gain) }))
  })
}

/** One piece of about `seconds`; the same name gives the same piece. */
export const compose = (styleName: string, number: number, seconds = 32): Score => {
  const style = STYLES[styleName]!
  const id = `${styleName}-${number}`
  const random = randomFrom(hashOf(id))
  const bpm = between(random, ...style.bpm)
  const bars = Math.max(4, Math.round((seconds * bpm) / 60 / style.beatsPerBar))
  const beats = tempoCurve(random, style, bpm, bars * style.beatsPerBar)
  const mode = random() < 0.5 ? 'major' : 'minor'
  const plan: Plan = { style, random, beats, tonic: Math.floor(random() * 12), mode, bars }
  const swing = style.swing ? between(random, ...style.swing) : 0
  const notes: Note[] = []
  addDrums(plan, notes, swing)
  const chordAt = addHarmony(plan, notes, swing, pick(random, PROGRESSIONS[mode]))
  if (random() < 0.8) addMelody(plan, notes, swing, chordAt)
  const counted = beats.slice(0, -1)
  const intervals = counted
    .slice(1)
    .map((beat, i) => beat - counted[i]!)
    .sort((a, b) => a - b)
  return {
    id,
    style: styleName,
    notes: mix(random, notes).sort((a, b) => a.atSec - b.atSec),
    durationSec: beats.at(-1)! + 0.5,
    truth: {
      bpm: 60 / intervals[intervals.length >> 1]!,
      beats: counted,
      downbeats: counted.filter((_, i) => i % style.beatsPerBar === 0),
      beatsPerBar: style.beatsPerBar,
      key: { tonic: plan.tonic, mode },
    },
  }
}
