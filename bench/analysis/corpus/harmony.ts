/** Chords by Roman numeral: what they are called and which notes they have. */
import type { KeyLabel } from './score.ts'

/** Semitones above the root, and the name in Harte's syntax. */
const QUALITIES: Record<string, { tones: number[]; name: string }> = {
  '': { tones: [0, 4, 7], name: 'maj' },
  m: { tones: [0, 3, 7], name: 'min' },
  '7': { tones: [0, 4, 7, 10], name: '7' },
  maj7: { tones: [0, 4, 7, 11], name: 'maj7' },
  m7: { tones: [0, 3, 7, 10], name: 'min7' },
  o: { tones: [0, 3, 6], name: 'dim' },
  o7: { tones: [0, 3, 6, 9], name: 'dim7' },
  h7: { tones: [0, 3, 6, 10], name: 'hdim7' },
  sus4: { tones: [0, 5, 7], name: 'sus4' },
  '6': { tones: [0, 4, 7, 9], name: 'maj6' },
  '+': { tones: [0, 4, 8], name: 'aug' },
  '5': { tones: [0, 7], name: '5' },
}

const DEGREES: Record<string, number> = { i: 0, ii: 2, iii: 4, iv: 5, v: 7, vi: 9, vii: 11 }
const NAMES = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B']
const NUMERAL = /^(b|#)?([iv]+|[IV]+)(.*)$/

export type Chord = { root: number; tones: number[]; label: string }

/** `bVII`, `ii7`, `Imaj7`, `viio` …: degrees of the major scale on the tonic, lower case minor. */
export const chordOf = (numeral: string, tonic: number): Chord => {
  const [, sign, roman, suffix] = NUMERAL.exec(numeral) ?? []
  if (!roman) throw new RangeError(`${numeral} is no chord numeral`)
  const minor = roman === roman.toLowerCase() && !/^(o|h)/.test(suffix!)
  const quality = QUALITIES[minor ? `m${suffix}` : suffix!]
  if (!quality) throw new RangeError(`${numeral} has no such quality`)
  const shift = sign === 'b' ? -1 : sign === '#' ? 1 : 0
  const root = (tonic + DEGREES[roman.toLowerCase()]! + shift + 24) % 12
  return { root, tones: quality.tones, label: `${NAMES[root]}:${quality.name}` }
}

/** The chord with its upper notes left out or added, as a style plays it. */
export const simplified = (chord: Chord, as: 'triads' | 'power' | 'as written'): Chord => {
  if (as === 'as written') return chord
  const name = NAMES[chord.root]!
  if (as === 'power' && chord.tones.includes(7)) return { root: chord.root, tones: [0, 7, 12], label: `${name}:5` }
  if (chord.tones.length < 4) return chord
  const tones = chord.tones.slice(0, 3)
  const kind = Object.values(QUALITIES).find((quality) => quality.tones.join() === tones.join())
  return kind ? { root: chord.root, tones, label: `${name}:${kind.name}` } : chord
}

const SCALES = { major: [0, 2, 4, 5, 7, 9, 11], minor: [0, 2, 3, 5, 7, 8, 10] }

/** Semitones above C of a scale degree, any octave. */
export const degreeOf = ({ tonic, mode }: KeyLabel, number: number) =>
  tonic + SCALES[mode][((number % 7) + 7) % 7]! + 12 * Math.floor(number / 7)

/** Progressions by kind of music: one numeral a chord, bars divided by `chordsPerBar` of the style. */
export const PROGRESSIONS: Record<string, { major: string[]; minor: string[] }> = {
  pop: {
    major: ['I V vi IV', 'I vi IV V', 'vi IV I V', 'I IV vi V', 'I iii IV V', 'IV I V vi', 'I V IV IV', 'I IV ii V'],
    minor: ['i bVI bIII bVII', 'i bVII bVI bVII', 'i iv bVI V', 'i bIII bVII iv', 'i iv bVII bIII', 'i v bVI bVII'],
  },
  rock: {
    major: ['I bVII IV I', 'I IV V IV', 'I V IV V', 'I I IV IV', 'I bIII IV I', 'I vi IV V'],
    minor: ['i bVII bVI V', 'i bIII bVII IV', 'i bVI bVII i', 'i i bVI bVII', 'i iv i V'],
  },
  blues: {
    major: ['I7 I7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7', 'I7 IV7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 I7'],
    minor: ['i7 i7 i7 i7 iv7 iv7 i7 i7 bVI7 V7 i7 V7'],
  },
  jazz: {
    major: [
      'ii7 V7 Imaj7 Imaj7',
      'Imaj7 vi7 ii7 V7',
      'Imaj7 VI7 ii7 V7',
      'iii7 VI7 ii7 V7',
      'Imaj7 IVmaj7 iii7 VI7 ii7 V7 I6 V7',
    ],
    minor: ['iih7 V7 i7 i7', 'i7 iv7 iih7 V7', 'iv7 bVII7 bIIImaj7 bVImaj7 iih7 V7 i7 i7'],
  },
  bossa: {
    major: ['Imaj7 Imaj7 II7 II7 ii7 V7 Imaj7 V7', 'Imaj7 iv7 Imaj7 ii7', 'Imaj7 #Io7 ii7 V7'],
    minor: ['i7 iih7 V7 i7', 'i7 iv7 V7 i7'],
  },
  classical: {
    major: ['I IV V I', 'I V7 I IV ii V7 I I', 'I vi ii V7', 'I ii V7 I', 'I V vi iii IV I IV V', 'I I IV I V7 I V7 I'],
    minor: ['i iv V i', 'i V7 i iv iio V7 i i', 'i bVI iio V7', 'i bVII bIII bVI iio V7 i V7'],
  },
  modal: {
    major: ['I bVII', 'I II', 'Isus4 I', 'I I bVII IV'],
    minor: ['i IV', 'i bVII', 'i i bVI bVI', 'i7 IV7', 'i bII'],
  },
  folk: {
    major: ['I IV I V', 'I I IV V', 'I V I V I IV V I', 'I IV V V', 'I I V V I I V I'],
    minor: ['i bVII i v', 'i iv bVII i', 'i bVII bVI bVII'],
  },
}
