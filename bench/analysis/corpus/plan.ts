/** A composed piece before its notes: form, keys, chords, tempo curve. */
import { type Chord, chordOf, PROGRESSIONS, simplified } from './harmony.ts'
import { between, hashOf, type KeyLabel, pick, type Random, randomFrom, type Span } from './score.ts'
import { type Style, STYLES } from './styles/index.ts'

export type Layers = { drums: boolean; bass: boolean; comp: boolean; pad: boolean; melody: boolean }

export type Section = {
  label: string
  fromBar: number
  toBar: number
  key: KeyLabel
  layers: Layers
  /** Which of the style's grooves and patterns, and how loud 0..1. */
  variant: number
  level: number
}

export type Plan = {
  id: string
  style: Style
  random: Random
  bars: number
  sections: Section[]
  swing: number
  /** Beats before the first bar at which the melody begins. */
  pickupBeats: number
  /** Times of the beats from `-pickupBeats` to the beginning of bar `bars`, and one more. */
  beatTimes: number[]
  /** Seconds of a place counted in beats from the first downbeat. */
  timeAt(beat: number): number
  sectionAt(bar: number): Section
  chordAt(bar: number, beatInBar: number): Chord
}

const FORMS = [
  ['intro', 'A', 'B', 'A', 'B', 'C', 'B', 'outro'],
  ['A', 'A', 'B', 'A', 'C', 'A'],
  ['intro', 'A', 'B', 'C', 'B', 'A'],
  ['A', 'B', 'A', 'C', 'A', 'B'],
  ['intro', 'A', 'B', 'A', 'outro'],
  ['A', 'B', 'break', 'B', 'A'],
]

const barsOf = (label: string, unit: number) => (label === 'intro' || label === 'outro' ? Math.max(2, unit >> 1) : unit)

/** Which sections fit, in bars; what is left over goes to the last. */
const formOf = (random: Random, bars: number) => {
  const unit = bars >= 26 ? 8 : bars >= 12 ? 4 : 2
  const out: { label: string; fromBar: number; toBar: number }[] = []
  let at = 0
  for (const label of pick(random, FORMS)) {
    const length = barsOf(label, unit)
    if (at + length > bars) break
    if (out.at(-1)?.label === label) out.at(-1)!.toBar += length
    else out.push({ label, fromBar: at, toBar: at + length })
    at += length
  }
  const last = out.at(-1)
  if (!last) return [{ label: 'A', fromBar: 0, toBar: bars }]
  if (bars - at < unit / 2) last.toBar = bars
  else out.push({ label: last.label === 'B' ? 'A' : 'B', fromBar: at, toBar: bars })
  return out
}

const LAYERS: Record<string, (random: Random) => Layers> = {
  intro: (random) => ({
    drums: random() < 0.5,
    bass: random() < 0.4,
    comp: random() < 0.85,
    pad: random() < 0.4,
    melody: false,
  }),
  outro: (random) => ({ drums: random() < 0.5, bass: random() < 0.6, comp: true, pad: true, melody: random() < 0.3 }),
  break: (random) => ({ drums: false, bass: random() < 0.4, comp: random() < 0.6, pad: true, melody: random() < 0.6 }),
  A: (random) => ({ drums: true, bass: true, comp: true, pad: random() < 0.3, melody: random() < 0.9 }),
  B: (random) => ({ drums: true, bass: true, comp: true, pad: random() < 0.7, melody: random() < 0.9 }),
  C: (random) => ({
    drums: random() < 0.7,
    bass: random() < 0.9,
    comp: random() < 0.9,
    pad: random() < 0.6,
    melody: random() < 0.7,
  }),
}
const LEVELS: Record<string, number> = { intro: 0.75, A: 0.85, B: 1, C: 0.85, break: 0.7, outro: 0.75 }
const VARIANTS: Record<string, number> = { intro: 0, A: 0, B: 1, C: 2, break: 2, outro: 0 }

/** Mostly one key; sometimes the last part is a step higher, or the middle in a near key. */
const keysOf = (random: Random, home: KeyLabel, labels: string[]): KeyLabel[] => {
  const lift = random() < 0.12 ? pick(random, [1, 2]) : 0
  const relative: KeyLabel =
    home.mode === 'major'
      ? { tonic: (home.tonic + 9) % 12, mode: 'minor' }
      : { tonic: (home.tonic + 3) % 12, mode: 'major' }
  const near = pick(random, [
    relative,
    { ...home, tonic: (home.tonic + 7) % 12 },
    { ...home, tonic: (home.tonic + 5) % 12 },
  ])
  const wanders = random() < 0.15
  const half = labels.length / 2
  return labels.map((label, i) => {
    if (label === 'C' && wanders) return near
    return lift > 0 && i >= half ? { ...home, tonic: (home.tonic + lift) % 12 } : home
  })
}

const sectionsOf = (random: Random, style: Style, bars: number): Section[] => {
  const form = formOf(random, bars)
  const home: KeyLabel = { tonic: Math.floor(random() * 12), mode: random() < style.minor ? 'minor' : 'major' }
  const keys = keysOf(
    random,
    home,
    form.map(({ label }) => label),
  )
  const layersOf: Record<string, Layers> = {}
  return form.map((part, i) => {
    const layers = (layersOf[part.label] ??= LAYERS[part.label]!(random))
    if (!Object.values(layers).includes(true)) layers.comp = true
    return { ...part, key: keys[i]!, layers, variant: VARIANTS[part.label]!, level: LEVELS[part.label]! }
  })
}

/** Slower towards the end of each phrase of four bars and of the piece. */
const phrasing = (style: Style, beat: number, count: number) => {
  const rubato = style.rubato ?? 0
  const phrase = 4 * style.beatsPerBar
  const within = (((beat % phrase) + phrase) % phrase) / phrase
  const left = count - beat
  const ending = rubato > 0.01 && left < 4 ? 0.12 * (4 - left) : 0
  return 1 - rubato * (1.6 * within ** 3 - 0.4) - ending * 0.5
}

/** Where the tempo itself changes: [from this beat on, this much faster]. */
const tempoTurn = (random: Random, sections: Section[], beatsPerBar: number) => {
  const at = pick(random, sections).fromBar * beatsPerBar
  return { at, factor: random() < 0.06 ? pick(random, [0.88, 0.94, 1.06, 1.12]) : 1 }
}

const tempoCurve = (random: Random, style: Style, sections: Section[], pickupBeats: number, count: number) => {
  const bpm = between(random, ...style.bpm)
  const turn = tempoTurn(random, sections, style.beatsPerBar)
  const creep = random() < 0.08 ? between(random, -0.06, 0.06) : 0
  const times = [between(random, 0.05, 1.2)]
  let walk = 0
  for (let beat = -pickupBeats; beat <= count; beat++) {
    walk = 0.93 * walk + style.drift * (random() * 2 - 1)
    const gradual = 1 + (creep * beat) / count
    const factor = (beat >= turn.at ? turn.factor : 1) * gradual * phrasing(style, beat, count) * (1 + walk)
    times.push(times.at(-1)! + 60 / (bpm * factor))
  }
  return times
}

const MELODIC_PICKUP = 0.25

/** One chord after another through each section, starting anew with it. */
const chordsBySection = (random: Random, style: Style, sections: Section[]) => {
  const kinds = PROGRESSIONS[style.progressions]!
  const barsPerChord = pick(random, style.barsPerChord)
  const chosen: Record<string, string[]> = {}
  const shared = random() < 0.3
  return sections.map(({ label, key }) => {
    const name = `${label === 'intro' || label === 'outro' || shared ? 'A' : label} ${key.mode}`
    const numerals = (chosen[name] ??= pick(random, kinds[key.mode]).split(' '))
    return { barsPerChord, chords: numerals.map((numeral) => simplified(chordOf(numeral, key.tonic), style.chords)) }
  })
}

/** @param id `style number`: the same gives the same piece. */
export const planOf = (styleName: string, number: number, seconds: number): Plan => {
  const style = STYLES[styleName]!
  const id = `${styleName} ${number}`
  const random = randomFrom(hashOf(id))
  const guessBpm = (style.bpm[0] + style.bpm[1]) / 2
  const bars = Math.max(4, Math.round((seconds * guessBpm) / 60 / style.beatsPerBar))
  const sections = sectionsOf(random, style, bars)
  const pickupBeats = style.beatsPerBar > 2 && random() < MELODIC_PICKUP ? 1 + Math.floor(random() * 2) : 0
  const beatTimes = tempoCurve(random, style, sections, pickupBeats, bars * style.beatsPerBar)
  const harmony = chordsBySection(random, style, sections)
  const indexAt = (bar: number) => {
    const found = sections.findIndex(({ toBar }) => bar < toBar)
    return found < 0 ? sections.length - 1 : found
  }
  return {
    id,
    style,
    random,
    bars,
    sections,
    swing: style.swing ? between(random, ...style.swing) : 0,
    pickupBeats,
    beatTimes,
    timeAt(beat) {
      const at = Math.max(0, beat + pickupBeats)
      const whole = Math.min(beatTimes.length - 2, Math.floor(at))
      return beatTimes[whole]! + (at - whole) * (beatTimes[whole + 1]! - beatTimes[whole]!)
    },
    sectionAt: (bar) => sections[indexAt(bar)]!,
    chordAt(bar, beatInBar) {
      const index = indexAt(Math.max(0, bar))
      const { barsPerChord, chords } = harmony[index]!
      const since = Math.max(0, bar - sections[index]!.fromBar + beatInBar / style.beatsPerBar)
      return chords[Math.floor(since / barsPerChord + 1e-9) % chords.length]!
    },
  }
}

/** Neighbours with the same value become one. */
export const joined = <T>(spans: Span<T>[]): Span<T>[] => {
  const out: Span<T>[] = []
  for (const span of spans) {
    const last = out.at(-1)
    if (last && JSON.stringify(last.value) === JSON.stringify(span.value)) last.toSec = span.toSec
    else out.push({ ...span })
  }
  return out
}
