/** `mir_eval.chord`: labels in Harte's syntax, weighted overlaps and segmentation. */
import { adjust, type Interval, type Labelled, unique } from './util.ts'

const NO_CHORD = 'N'
const UNKNOWN = 'X'
const LETTERS: Record<string, number> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 }
const DEGREES = [0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17, 19, 21]

/** Semitones of each quality above the root. */
const QUALITIES: Record<string, number[]> = {
  maj: [0, 4, 7],
  min: [0, 3, 7],
  aug: [0, 4, 8],
  dim: [0, 3, 6],
  sus4: [0, 5, 7],
  sus2: [0, 2, 7],
  '7': [0, 4, 7, 10],
  maj7: [0, 4, 7, 11],
  min7: [0, 3, 7, 10],
  minmaj7: [0, 3, 7, 11],
  maj6: [0, 4, 7, 9],
  min6: [0, 3, 7, 9],
  dim7: [0, 3, 6, 9],
  hdim7: [0, 3, 6, 10],
  maj9: [0, 4, 7, 11],
  min9: [0, 3, 7, 10],
  '9': [0, 4, 7, 10],
  min11: [0, 3, 7, 10],
  '11': [0, 4, 7, 10],
  maj13: [0, 4, 7, 11],
  min13: [0, 3, 7, 10],
  '13': [0, 4, 7, 10],
  '1': [0],
  '5': [0, 7],
  '': [],
}

const EXTENDED: Record<string, [base: string, degrees: string[]]> = {
  minmaj7: ['min', ['7']],
  maj9: ['maj7', ['9']],
  min9: ['min7', ['9']],
  '9': ['7', ['9']],
  '11': ['7', ['9', '11']],
  '13': ['7', ['9', '11', '13']],
  min11: ['min7', ['9', '11']],
  maj13: ['maj7', ['9', '11', '13']],
  min13: ['min7', ['9', '11', '13']],
}

const DEGREE = '(?:b*|#*)(?:1[0-3]?|[2-9])'
const LIST = `\\(\\*?${DEGREE}(?:,\\*?${DEGREE})*\\)`
const QUALITY =
  'maj13|min13|maj11|min11|minmaj7|maj9|min9|hdim7|maj7|min7|dim7|aug7|maj6|min6|sus2|sus4|maj|min|dim|aug|13|11|9|7|5|1'
const LABEL = new RegExp(`^(?:N|X|([A-G])(b*|#*)(?::(?:(${QUALITY})(${LIST})?|(${LIST})))?(?:/(${DEGREE}))?)$`)

const degreeSemitone = (degree: string) => {
  const [, sign, number] = /^(b*|#*)(\d+)$/.exec(degree)!
  return DEGREES[Number(number) - 1]! + (sign!.startsWith('b') ? -sign!.length : sign!.length)
}

/** Root −1 and no tones: no chord; root −1 and `unknown`: not to be judged. Bass relative to the root. */
type Encoded = { root: number; tones: Uint8Array; bass: number; unknown: boolean }

const withDegrees = (tones: Int8Array, degrees: string[], modulo: boolean) => {
  for (const written of degrees) {
    const omitted = written.startsWith('*')
    const at = degreeSemitone(omitted ? written.slice(1) : written)
    if (at < 12 || modulo) tones[(at + 12) % 12]! += omitted ? -1 : 1
  }
}

/** @param reduce extended chords keep their upper notes, within the octave. Throws a RangeError for a malformed label. */
export const encodeChord = (label: string, reduce = false): Encoded => {
  if (label === NO_CHORD || label === UNKNOWN)
    return { root: -1, tones: new Uint8Array(12), bass: -1, unknown: label === UNKNOWN }
  const found = LABEL.exec(label)
  if (!found) throw new RangeError(`${label} is no chord label`)
  const [, letter, signs, quality, more, only, bassDegree = '1'] = found
  const list = more ?? only
  const given = list ? list.slice(1, -1).split(',') : []
  const named = quality ?? (given.length > 0 ? '' : 'maj')
  const [base, added] = (reduce ? EXTENDED[named] : undefined) ?? [named, []]
  const semitones = QUALITIES[base]
  if (!semitones) throw new RangeError(`${label} has a quality without definition`)
  const tones = new Int8Array(12)
  for (const semitone of [0, ...semitones]) tones[semitone] = 1
  withDegrees(tones, [...new Set([...given, ...added])], reduce)
  const bass = ((degreeSemitone(bassDegree) % 12) + 12) % 12
  const bits = Uint8Array.from(tones, (value) => (value > 0 ? 1 : 0))
  bits[bass] = 1
  const shift = signs!.startsWith('b') ? -signs!.length : signs!.length
  return { root: (((LETTERS[letter!]! + shift) % 12) + 12) % 12, tones: bits, bass, unknown: false }
}

const sameTones = (a: Encoded, b: Encoded, count: number) =>
  a.unknown === b.unknown && a.tones.subarray(0, count).every((bit, i) => bit === b.tones[i])

const isQuality = ({ tones, unknown }: Encoded, name: string, count: number) =>
  !unknown && tones.subarray(0, count).every((bit, i) => bit === (QUALITIES[name]!.includes(i) ? 1 : 0))

const isNone = ({ root, tones, unknown }: Encoded) => root < 0 && !unknown && !tones.includes(1)

type Compare = (reference: Encoded, estimated: Encoded) => boolean
/** Undefined: the reference is outside of what the comparison judges. */
type Judge = (reference: Encoded, estimated: Encoded) => number | undefined

const known =
  (compare: Compare): Judge =>
  (reference, estimated) =>
    reference.unknown ? undefined : Number(reference.root === estimated.root && compare(reference, estimated))

const majmin: Judge = (reference, estimated) => {
  if (!isQuality(reference, 'maj', 8) && !isQuality(reference, 'min', 8) && !isNone(reference)) return undefined
  return Number(reference.root === estimated.root && sameTones(reference, estimated, 8))
}

const SEVENTHS = ['maj', 'min', 'maj7', '7', 'min7', '']
const sevenths: Judge = (reference, estimated) => {
  if (!SEVENTHS.some((name) => isQuality(reference, name, 12))) return undefined
  return Number(reference.root === estimated.root && sameTones(reference, estimated, 12))
}

/** The third is compared by its minor bit alone, as `mir_eval` does: no third counts as a major one. */
const third: Compare = (a, b) => (a.unknown ? -1 : a.tones[3]) === (b.unknown ? -1 : b.tones[3])

const absolute = ({ root, tones }: Encoded) => Array.from({ length: 12 }, (_, i) => tones[(i - root + 24) % 12]!)

const MIREX_COMMON = 3
const mirex: Judge = (reference, estimated) => {
  const count = reference.tones.reduce((a, b) => a + b, 0)
  if (reference.unknown || (count > 0 && count < MIREX_COMMON)) return undefined
  if (reference.root === -1 && estimated.root === -1) return 1
  // `mir_eval` reads an unknown chord as all twelve tones here.
  if (estimated.unknown) return 1
  const theirs = absolute(estimated)
  return Number(absolute(reference).filter((bit, i) => bit === 1 && theirs[i] === 1).length >= MIREX_COMMON)
}

const JUDGES = {
  root: known(() => true),
  thirds: known(third),
  triads: known((a, b) => sameTones(a, b, 8)),
  tetrads: known((a, b) => sameTones(a, b, 12)),
  majmin,
  sevenths,
  mirex,
} satisfies Record<string, Judge>

export type ChordScores = Record<keyof typeof JUDGES | 'overseg' | 'underseg' | 'seg', number>

/** Neighbours that are the same chord become one span. */
const merged = ({ intervals, labels }: Labelled): Interval[] => {
  const out: [number, number][] = []
  let last = ''
  intervals.forEach(([start, end], i) => {
    const { root, tones, bass, unknown } = encodeChord(labels[i]!, true)
    const name = `${root} ${unknown ? 'x' : tones.join('')} ${bass}`
    if (name === last) out.at(-1)![1] = end
    else out.push([start, end])
    last = name
  })
  return out
}

/** `directional_hamming_distance`. */
const hamming = (reference: Interval[], estimated: Interval[]) => {
  const times = unique(estimated.flat())
  let sum = 0
  for (const [start, end] of reference) {
    const cuts = [start, ...times.filter((time) => time >= start && time < end), end]
    sum += end - start - Math.max(...cuts.slice(1).map((cut, i) => cut - cuts[i]!))
  }
  return sum / (reference.at(-1)![1] - reference[0]![0])
}

/** Which span a time is in: the last that has begun. */
const labelAt = ({ intervals, labels }: Labelled, time: number) =>
  labels[intervals.findLastIndex(([start]) => time >= start)]!

/** `mir_eval.chord.evaluate`; a comparison that nothing falls under gives 0. */
export const chordScores = (reference: Labelled, given: Labelled): ChordScores => {
  const from = Math.min(...reference.intervals.flat())
  const to = Math.max(...reference.intervals.flat())
  const estimated = adjust(given, from, to, NO_CHORD, NO_CHORD)
  const times = unique([...reference.intervals.flat(), ...estimated.intervals.flat()])
  const spans = times.slice(0, -1).map((start, i) => ({
    weight: times[i + 1]! - start,
    reference: encodeChord(labelAt(reference, start)),
    estimated: encodeChord(labelAt(estimated, start)),
  }))
  const overlap = (judge: Judge) => {
    let total = 0
    let right = 0
    for (const span of spans) {
      const score = judge(span.reference, span.estimated)
      if (score === undefined) continue
      total += span.weight
      right += score * span.weight
    }
    return total > 0 ? right / total : 0
  }
  const [ours, theirs] = [merged(reference), merged(estimated)]
  const overseg = 1 - hamming(ours, theirs)
  const underseg = 1 - hamming(theirs, ours)
  const scores = Object.fromEntries(Object.entries(JUDGES).map(([name, judge]) => [name, overlap(judge)]))
  return { ...scores, overseg, underseg, seg: Math.min(overseg, underseg) } as ChordScores
}
