/**
 * The signals of EBU Tech 3341 (loudness and true peak, 2023) and 3342 (loudness range), synthesised: 48 kHz, stereo.
 * Left out: 3341 case 6 (five channels: we mix down while decoding), 7 and 8 and 3342 cases 5 and 6 (recordings that are
 * not ours to give). 20–23 are made in the manner of theirs, not from their files: one swell to full scale whose top lies
 * on a grid four times as fine, read at the four offsets.
 */

export const EBU_RATE = 48_000

export type EbuCase = {
  name: string
  reads: 'integrated' | 'range' | 'maxMomentary' | 'maxShortTerm' | 'truePeak'
  /** Both channels. Made anew at each call. */
  signal: () => Float32Array
  wanted: number
  above: number
  below: number
}

const gainOf = (db: number) => 10 ** (db / 20)

/** Steps of [level dBFS, seconds] of a sine of 1 kHz; −Infinity is silence. */
export const tones = (steps: readonly (readonly [number, number])[]): Float32Array => {
  const ends: number[] = []
  for (const [, seconds] of steps) ends.push((ends.at(-1) ?? 0) + seconds)
  const out = new Float32Array(Math.round(ends.at(-1)! * EBU_RATE))
  steps.forEach(([db], i) => {
    const gain = gainOf(db)
    const from = Math.round((ends[i - 1] ?? 0) * EBU_RATE)
    const to = Math.round(ends[i]! * EBU_RATE)
    for (let n = from; n < to; n++) out[n] = gain * Math.sin((2 * Math.PI * 1000 * n) / EBU_RATE)
  })
  return out
}

const repeated = (steps: [number, number][], times: number) => Array.from({ length: times }, () => steps).flat()

const EDGE = 400

/** A sine of a share of the sampling rate, faded at both ends. */
const peakTone = (share: number, degrees: number, amplitude: number) => {
  const out = new Float32Array(EBU_RATE)
  for (let n = 0; n < out.length; n++) {
    const edge = Math.min(1, n / EDGE, (out.length - 1 - n) / EDGE)
    out[n] = edge * amplitude * Math.sin(2 * Math.PI * share * n + (degrees * Math.PI) / 180)
  }
  return out
}

const SWELL_SAMPLES = 24

/** A sixth of the sampling rate at half scale that swells to full scale once, its top `offset` quarters off a sample. */
const swell = (offset: number) => {
  const top = EBU_RATE / 2 + offset / 4
  const out = new Float32Array(EBU_RATE)
  for (let n = 0; n < out.length; n++) {
    const from = n - top
    const edge = Math.min(1, n / EDGE, (out.length - 1 - n) / EDGE)
    const more = Math.abs(from) < SWELL_SAMPLES ? Math.cos((Math.PI * from) / (2 * SWELL_SAMPLES)) ** 2 : 0
    out[n] = edge * 0.5 * (1 + more) * Math.cos((2 * Math.PI * from) / 6)
  }
  return out
}

const silence = (seconds: number): [number, number] => [-Infinity, seconds]
const loudness = { above: 0.1, below: 0.1 }
const peak = { above: 0.2, below: 0.4 }
const twenty = Array.from({ length: 20 }, (_, i) => i)

const integrated: [string, [number, number][], number][] = [
  ['3341-1', [[-23, 20]], -23],
  ['3341-2', [[-33, 20]], -33],
  [
    '3341-3',
    [
      [-36, 10],
      [-23, 60],
      [-36, 10],
    ],
    -23,
  ],
  [
    '3341-4',
    [
      [-72, 10],
      [-36, 10],
      [-23, 60],
      [-36, 10],
      [-72, 10],
    ],
    -23,
  ],
  [
    '3341-5',
    [
      [-26, 20],
      [-20, 20.1],
      [-26, 20],
    ],
    -23,
  ],
]

const ranges: [string, [number, number][], number][] = [
  [
    '3342-1',
    [
      [-20, 20],
      [-30, 20],
    ],
    10,
  ],
  [
    '3342-2',
    [
      [-20, 20],
      [-15, 20],
    ],
    5,
  ],
  [
    '3342-3',
    [
      [-40, 20],
      [-20, 20],
    ],
    20,
  ],
  [
    '3342-4',
    [
      [-50, 20],
      [-35, 20],
      [-20, 20],
      [-35, 20],
      [-50, 20],
    ],
    15,
  ],
]

const peaks: [string, number, number, number, number][] = [
  ['3341-15', 1 / 4, 0, 0.5, -6],
  ['3341-16', 1 / 4, 45, 0.5, -6],
  ['3341-17', 1 / 6, 60, 0.5, -6],
  ['3341-18', 1 / 8, 67.5, 0.5, -6],
  ['3341-19', 1 / 4, 45, 1.41, 3],
]

/** Cases 9 and 12 ask for readings that stay; the greatest of them is read here, the test reads them all. */
export const SHORT_TERM_PATTERN = repeated(
  [
    [-20, 1.34],
    [-30, 1.66],
  ],
  5,
)
export const MOMENTARY_PATTERN = repeated(
  [
    [-20, 0.18],
    [-30, 0.22],
  ],
  25,
)

export const EBU_CASES: EbuCase[] = [
  ...integrated.map(
    ([name, steps, wanted]): EbuCase => ({
      name,
      reads: 'integrated',
      signal: () => tones(steps),
      wanted,
      ...loudness,
    }),
  ),
  { name: '3341-9', reads: 'maxShortTerm', signal: () => tones(SHORT_TERM_PATTERN), wanted: -23, ...loudness },
  ...twenty.map(
    (i): EbuCase => ({
      name: `3341-10 #${i + 1}`,
      reads: 'maxShortTerm',
      signal: () => tones([silence(0.15 * i), [-23, 3], silence(1)]),
      wanted: -23,
      ...loudness,
    }),
  ),
  // The bursts of 11 and 14 rise, so the greatest reading is that of the last; each is heard after the one before it.
  ...twenty.map(
    (i): EbuCase => ({
      name: `3341-11 #${i + 1}`,
      reads: 'maxShortTerm',
      signal: () =>
        tones(
          twenty
            .slice(Math.max(0, i - 1), i + 1)
            .flatMap((j) => [silence(0.15 * j), [-38 + j, 3], silence(3 - 0.15 * j)] as const),
        ),
      wanted: -38 + i,
      ...loudness,
    }),
  ),
  { name: '3341-12', reads: 'maxMomentary', signal: () => tones(MOMENTARY_PATTERN), wanted: -23, ...loudness },
  ...twenty.map(
    (i): EbuCase => ({
      name: `3341-13 #${i + 1}`,
      reads: 'maxMomentary',
      signal: () => tones([silence(0.02 * i), [-23, 0.4], silence(1)]),
      wanted: -23,
      ...loudness,
    }),
  ),
  ...twenty.map(
    (i): EbuCase => ({
      name: `3341-14 #${i + 1}`,
      reads: 'maxMomentary',
      signal: () =>
        tones(
          twenty
            .slice(Math.max(0, i - 1), i + 1)
            .flatMap((j) => [silence(0.02 * j), [-38 + j, 0.4], silence(0.4 - 0.02 * j)] as const),
        ),
      wanted: -38 + i,
      ...loudness,
    }),
  ),
  ...peaks.map(
    ([name, share, degrees, amplitude, wanted]): EbuCase => ({
      name,
      reads: 'truePeak',
      signal: () => peakTone(share, degrees, amplitude),
      wanted,
      ...peak,
    }),
  ),
  ...[0, 1, 2, 3].map(
    (offset): EbuCase => ({
      name: `3341-${20 + offset}`,
      reads: 'truePeak',
      signal: () => swell(offset),
      wanted: 0,
      ...peak,
    }),
  ),
  ...ranges.map(
    ([name, steps, wanted]): EbuCase => ({
      name,
      reads: 'range',
      signal: () => tones(steps),
      wanted,
      above: 1,
      below: 1,
    }),
  ),
]
