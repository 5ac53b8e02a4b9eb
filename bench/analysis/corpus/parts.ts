/** The players: each turns a plan into notes. Not music anybody should hear twice; its use is that all of it is known. */
import { type Chord, degreeOf } from './harmony.ts'
import type { Plan, Section } from './plan.ts'
import { between, gaussian, type Note, pick } from './score.ts'

const CRASH = 49
const SNARE = 38
const TOMS = [50, 48, 47, 45, 43]
const STRUM_SEC = 0.03

/** A player's own place beside the grid, and looseness around it. */
const hand = ({ random, style }: Plan) => {
  const habitSec = (gaussian(random) * style.looseMs) / 3000
  return () => habitSec + (gaussian(random) * style.looseMs) / 1500
}

/** Seconds of a step, with swing. */
const stepTime = (plan: Plan, bar: number, step: number) => {
  const { steps, beatsPerBar } = plan.style
  const late = steps !== 3 && step % 2 === 1 ? plan.swing : 0
  return plan.timeAt(bar * beatsPerBar + (step + late) / steps)
}

type Struck = { bar: number; step: number; atSec: number; lengthSec: number; strength: number; section: Section }

/** Every struck step of the pattern in the bars that a layer plays. */
const strike = (
  plan: Plan,
  layer: keyof Section['layers'],
  pattern: (section: Section) => string,
  play: (at: Struck) => void,
) => {
  const timing = hand(plan)
  for (let bar = 0; bar < plan.bars; bar++) {
    const section = plan.sectionAt(bar)
    if (!section.layers[layer]) continue
    const levels = Array.from(pattern(section), (char) => (char === '.' ? 0 : Number(char)))
    levels.forEach((strength, step) => {
      if (strength === 0) return
      let next = step + 1
      while (next < levels.length && levels[next] === 0) next++
      const atSec = stepTime(plan, bar, step)
      play({ bar, step, strength, section, atSec: atSec + timing(), lengthSec: stepTime(plan, bar, next) - atSec })
    })
  }
}

const velocityOf = (plan: Plan, { strength, section }: { strength: number; section: Section }) =>
  Math.max(12, Math.min(127, section.level * (strength * 12 + 12) + 6 * gaussian(plan.random)))

const chosen = <T>(from: readonly T[], { variant }: Section, offset: number): T =>
  from[(variant + offset) % from.length]!

type FillBars = Map<number, { fromStep: number; silent: boolean }>

/** Which bars end in a fill or a break. */
const fillsOf = (plan: Plan): FillBars => {
  const { random, style } = plan
  const stepsPerBar = style.steps * style.beatsPerBar
  const bars: FillBars = new Map()
  for (const { toBar } of plan.sections)
    if (random() < 0.6) {
      const share = pick(random, [0.25, 0.5, 0.5, 1])
      bars.set(toBar - 1, { fromStep: Math.floor(stepsPerBar * (1 - share)), silent: random() < 0.25 })
    }
  return bars
}

const playFill = (plan: Plan, notes: Note[], bar: number, fromStep: number) => {
  const { random, style } = plan
  for (let step = fromStep; step < style.steps * style.beatsPerBar; step++) {
    if (random() < 0.25) continue
    const tom = Math.min(TOMS.length - 1, Math.floor(((step - fromStep) / 2) % TOMS.length))
    const pitch = random() < 0.4 ? SNARE : TOMS[tom]!
    const velocity = between(random, 70, 115)
    notes.push({ atSec: stepTime(plan, bar, step), durationSec: 0.1, pitch, velocity, program: 'drums' })
  }
}

export const drums = (plan: Plan): Note[] => {
  const { random, style } = plan
  const notes: Note[] = []
  if (style.grooves.length === 0) return notes
  const offset = Math.floor(random() * style.grooves.length)
  const fills = fillsOf(plan)
  const filled = ({ bar, step }: Struck) => step >= (fills.get(bar)?.fromStep ?? Infinity)
  for (const pitch of new Set(style.grooves.flatMap((groove) => Object.keys(groove).map(Number))))
    strike(
      plan,
      'drums',
      (section) => chosen(style.grooves, section, offset)[pitch] ?? '',
      (at) => {
        if (filled(at) || random() < 0.02) return
        notes.push({ atSec: at.atSec, durationSec: 0.1, pitch, velocity: velocityOf(plan, at), program: 'drums' })
      },
    )
  for (const [bar, { fromStep, silent }] of fills)
    if (!silent && plan.sectionAt(bar).layers.drums) playFill(plan, notes, bar, fromStep)
  if (random() < 0.6)
    for (const { fromBar, layers } of plan.sections)
      if (layers.drums && fromBar > 0)
        notes.push({ atSec: stepTime(plan, fromBar, 0), durationSec: 1, pitch: CRASH, velocity: 95, program: 'drums' })
  return notes
}

const BASS_LOWEST = 28

export const bass = (plan: Plan): Note[] => {
  const { random, style } = plan
  const program = pick(random, style.bassPrograms)
  const offset = Math.floor(random() * style.bass.length)
  const notes: Note[] = []
  let count = 0
  strike(
    plan,
    'bass',
    (section) => chosen(style.bass, section, offset),
    (at) => {
      const chord = plan.chordAt(at.bar, at.step / style.steps)
      const root = BASS_LOWEST + ((chord.root + 8) % 12)
      count = at.step === 0 ? 0 : count + 1
      const tones = { root: 0, fifth: count % 2 === 1 ? 7 : 0, octave: count % 2 === 1 ? 12 : 0, walk: 0 }
      const walked = style.bassLine === 'walk' && count > 0 ? pick(random, [...chord.tones, 12]) : 0
      const pitch = root + tones[style.bassLine] + walked
      notes.push({ atSec: at.atSec, durationSec: at.lengthSec * 0.9, pitch, velocity: velocityOf(plan, at), program })
    },
  )
  return notes
}

/** The tones of the chord from `lowest` up, nearest first. */
const voiced = (root: number, tones: number[], lowest: number) =>
  tones.map((tone) => lowest + ((root + tone - lowest + 120) % 12)).sort((a, b) => a - b)

export const comp = (plan: Plan): Note[] => {
  const { random, style } = plan
  const program = pick(random, style.compPrograms)
  const offset = Math.floor(random() * style.comp.length)
  const lowest = pick(random, [48, 52, 55, 60])
  const notes: Note[] = []
  let count = 0
  strike(
    plan,
    'comp',
    (section) => chosen(style.comp, section, offset),
    (at) => {
      const chord = plan.chordAt(at.bar, at.step / style.steps)
      const all = voiced(chord.root, chord.tones, chord.label.endsWith(':5') ? 40 : lowest)
      const pitches = style.compAs === 'broken' ? [all[count++ % all.length]!] : all
      const heldSec = style.compAs === 'broken' ? at.lengthSec * 1.5 : at.lengthSec * 0.9
      const down = at.step % 2 === 0
      pitches.forEach((pitch, i) => {
        const order = down ? i : pitches.length - 1 - i
        const lateSec = style.compAs === 'strum' ? (order * STRUM_SEC) / pitches.length : 0
        const velocity = velocityOf(plan, at) * 0.85
        notes.push({ atSec: at.atSec + lateSec, durationSec: Math.max(0.06, heldSec), pitch, velocity, program })
      })
    },
  )
  return notes
}

/** Held chords beneath everything. */
export const pad = (plan: Plan): Note[] => {
  const { random, style } = plan
  if (!style.padPrograms) return []
  const program = pick(random, style.padPrograms)
  const notes: Note[] = []
  for (let bar = 0; bar < plan.bars; bar++) {
    const { layers, level } = plan.sectionAt(bar)
    if (!layers.pad) continue
    const chord = plan.chordAt(bar, 0)
    const atSec = stepTime(plan, bar, 0)
    const durationSec = stepTime(plan, bar + 1, 0) - atSec
    for (const pitch of voiced(chord.root, chord.tones, 55))
      notes.push({ atSec, durationSec, pitch, velocity: level * between(random, 45, 70), program })
  }
  return notes
}

const VOICE_LOWEST = 53
const PHRASE_BARS = 4
/** How many notes on beats belong to the chord. */
const CHORD_TONE_SHARE = 0.8

const nearestTone = (pitch: number, { root, tones }: Chord) => {
  const distance = (tone: number) => ((((root + tone - pitch) % 12) + 18) % 12) - 6
  return pitch + tones.map(distance).reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a))
}

/** Motifs of two bars that return with their section; rests at the ends of phrases. */
export const melody = (plan: Plan): Note[] => {
  const { random, style } = plan
  const program = pick(random, style.melodyPrograms)
  const stepsPerBar = style.steps * style.beatsPerBar
  const lowest = program === 'voice' ? VOICE_LOWEST : pick(random, [60, 60, 72])
  const timing = hand(plan)
  const notes: Note[] = []
  const sing = (place: { atSec: number; untilSec: number; section: Section }, pitch: number) => {
    const velocity = place.section.level * between(random, 70, 112)
    const durationSec = Math.max(0.08, (place.untilSec - place.atSec) * 0.95)
    notes.push({ atSec: place.atSec, durationSec, pitch, velocity, program })
  }
  const pitchOf = ({ key }: Section, degree: number) => lowest + ((degreeOf(key, degree) - lowest + 120) % 24)
  for (let beat = -plan.pickupBeats; beat < 0; beat++) {
    const section = plan.sections[0]!
    const place = { atSec: plan.timeAt(beat) + timing(), untilSec: plan.timeAt(beat + 1), section }
    sing(place, pitchOf(section, 4 + beat))
  }
  const motifs: Record<string, { step: number; move: number }[]> = {}
  let degree = 7
  for (let bar = 0; bar < plan.bars; bar++) {
    const section = plan.sectionAt(bar)
    if (!section.layers.melody || (bar - section.fromBar) % PHRASE_BARS === PHRASE_BARS - 1) continue
    const motif = (motifs[`${section.label} ${bar % 2}`] ??= Array.from({ length: stepsPerBar }, (_, step) => step)
      .filter((step) => random() < (step % style.steps === 0 ? 0.55 + style.melodyDensity / 2 : style.melodyDensity))
      .map((step) => ({ step, move: Math.round(random() * 4 - 2) })))
    motif.forEach(({ step, move }, i) => {
      degree = Math.max(3, Math.min(13, degree + move))
      const untilSec = stepTime(plan, bar, motif[i + 1]?.step ?? stepsPerBar)
      const pitch = pitchOf(section, degree)
      const onBeat = step % style.steps === 0 && random() < CHORD_TONE_SHARE
      const sung = onBeat ? nearestTone(pitch, plan.chordAt(bar, step / style.steps)) : pitch
      sing({ atSec: stepTime(plan, bar, step) + timing(), untilSec, section }, sung)
    })
  }
  return notes
}
