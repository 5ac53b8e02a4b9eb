/** Composed pieces with exact truth: `planOf` makes form and tempo, `parts.ts` the notes. */
import { bass, comp, drums, melody, pad } from './parts.ts'
import { joined, type Plan, planOf } from './plan.ts'
import { between, medianBpm, type Note, onsetsOf, type Score, type Span, type Truth } from './score.ts'

const TAIL_SEC = 0.8
export const PIECE_SEC = 60

/** Some pieces lack drums or bass, and every player has a level: mixes differ. */
const mix = (plan: Plan): { notes: Note[]; harmony: boolean } => {
  const { random } = plan
  const hasDrums = plan.style.grooves.length > 0
  const left = random()
  const players = [
    left < 0.06 ? [] : drums(plan),
    left > 0.93 ? [] : bass(plan),
    hasDrums && left > 0.9 && left <= 0.93 ? [] : comp(plan),
    pad(plan),
    melody(plan),
  ]
  const notes = players.flatMap((part) => {
    const gain = between(random, 0.6, 1.15)
    return part.map((note) => ({ ...note, velocity: Math.max(5, Math.min(127, note.velocity * gain)) }))
  })
  return { notes: notes.sort((a, b) => a.atSec - b.atSec), harmony: players[2]!.length > 0 }
}

/** What sounds as a chord in every beat; `N` where neither chords nor pads play. */
const chordSpans = (plan: Plan, durationSec: number): Span<string>[] => {
  const { bars, style } = plan
  const spans: Span<string>[] = [{ fromSec: 0, toSec: plan.timeAt(0), value: 'N' }]
  for (let beat = 0; beat < bars * style.beatsPerBar; beat++) {
    const bar = Math.floor(beat / style.beatsPerBar)
    const { layers } = plan.sectionAt(bar)
    const heard = layers.comp || (layers.pad && style.padPrograms !== undefined)
    const value = heard ? plan.chordAt(bar, beat % style.beatsPerBar).label : 'N'
    spans.push({ fromSec: plan.timeAt(beat), toSec: plan.timeAt(beat + 1), value })
  }
  spans.push({ fromSec: plan.timeAt(bars * style.beatsPerBar), toSec: durationSec, value: 'N' })
  return joined(spans.filter(({ fromSec, toSec }) => toSec > fromSec))
}

const bySection = <T>(plan: Plan, durationSec: number, valueOf: (i: number) => T): Span<T>[] =>
  plan.sections.map(({ fromBar, toBar }, i) => ({
    fromSec: i === 0 ? 0 : plan.timeAt(fromBar * plan.style.beatsPerBar),
    toSec: i === plan.sections.length - 1 ? durationSec : plan.timeAt(toBar * plan.style.beatsPerBar),
    value: valueOf(i),
  }))

const pulseOf = (plan: Plan): Pick<Truth, 'bpm' | 'beats' | 'downbeats' | 'beatsPerBar' | 'timeSignature'> => {
  const { style, beatTimes, pickupBeats, bars } = plan
  if (style.beatless) return { beats: [], downbeats: [] }
  const beats = beatTimes.slice(0, pickupBeats + bars * style.beatsPerBar)
  const downbeats = beats.filter((_, i) => i >= pickupBeats && (i - pickupBeats) % style.beatsPerBar === 0)
  const timeSignature = style.timeSignature ?? `${style.beatsPerBar}/4`
  return { bpm: medianBpm(beats), beats, downbeats, beatsPerBar: style.beatsPerBar, timeSignature }
}

const longest = <T>(spans: Span<T>[]): T => {
  const lengths = new Map<string, number>()
  for (const { fromSec, toSec, value } of spans) {
    const name = JSON.stringify(value)
    lengths.set(name, (lengths.get(name) ?? 0) + toSec - fromSec)
  }
  return JSON.parse([...lengths].sort((a, b) => b[1] - a[1])[0]![0]) as T
}

/** One piece of about a minute; the same name gives the same piece. */
export const compose = (styleName: string, number: number, seconds = PIECE_SEC): Score => {
  const plan = planOf(styleName, number, seconds)
  const { notes, harmony } = mix(plan)
  const durationSec = plan.timeAt(plan.bars * plan.style.beatsPerBar) + TAIL_SEC
  const keys = joined(bySection(plan, durationSec, (i) => plan.sections[i]!.key))
  const truth: Truth = {
    ...pulseOf(plan),
    key: longest(keys),
    keys,
    chords: harmony ? chordSpans(plan, durationSec) : [],
    onsets: onsetsOf(notes),
    sections: bySection(plan, durationSec, (i) => plan.sections[i]!.label),
  }
  return { id: plan.id, style: styleName, notes, truth, durationSec }
}
