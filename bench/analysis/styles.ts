/** The styles of `compose.ts`: tempo, metre, patterns and instruments (General MIDI numbers). */

/** Patterns are strings of steps within a bar: '.' rest, '1'..'9' strength. */
export type Style = {
  bpm: [number, number]
  beatsPerBar: 3 | 4
  /** Steps a beat. */
  steps: 2 | 3 | 4
  /** Delay of every second step, share of a step. */
  swing?: [number, number]
  drums: Record<number, string[]>
  bass: string[]
  chords: string[]
  chordPrograms: number[]
  bassPrograms: number[]
  melodyPrograms: number[]
  /** Random walk of the tempo, share a beat. */
  drift: number
  /** Chord attack slowness for pads and strings. */
  barsPerChord?: number[]
}

const KICK = 36
const SNARE = 38
const RIM = 37
const HAT = 42
const OPEN_HAT = 46
const RIDE = 51
export const CRASH = 49
const CLAVE = 75
const SHAKER = 70

export const STYLES: Record<string, Style> = {
  rock: {
    bpm: [85, 165],
    beatsPerBar: 4,
    steps: 2,
    drift: 0.004,
    drums: { [KICK]: ['9...9...', '9..99...', '9...99.7'], [SNARE]: ['..9...9.'], [HAT]: ['75757575', '7.7.7.7.'] },
    bass: ['95757575', '9..97.7.', '9...9...'],
    chords: ['9.......', '75757575', '9..9..9.'],
    chordPrograms: [29, 30, 25, 27],
    bassPrograms: [33, 34],
    melodyPrograms: [29, 54, 26],
  },
  dance: {
    bpm: [116, 140],
    beatsPerBar: 4,
    steps: 4,
    drift: 0,
    drums: {
      [KICK]: ['9...9...9...9...'],
      [39]: ['....8.......8...'],
      [OPEN_HAT]: ['..7...7...7...7.'],
      [HAT]: ['6464646464646464', '................'],
    },
    bass: ['..9...9...9...9.', '.79..79..79..79.', '9..9..9..9..9.9.'],
    chords: ['9..9..9...9..9..', '9...............', '..9...9...9...9.'],
    chordPrograms: [81, 90, 4, 50],
    bassPrograms: [38, 39],
    melodyPrograms: [80, 81, 87],
  },
  hiphop: {
    bpm: [72, 104],
    beatsPerBar: 4,
    steps: 4,
    swing: [0, 0.3],
    drift: 0.002,
    drums: {
      [KICK]: ['9..7..9...7.....', '9.....99..9.....', '9......7.99...7.'],
      [SNARE]: ['....9.......9...'],
      [HAT]: ['7.5.7.5.7.5.7.5.', '7575757575757575'],
    },
    bass: ['9..7..9.........', '9.....7...9.....'],
    chords: ['9...............', '..7.....7..7....'],
    chordPrograms: [4, 5, 0, 11],
    bassPrograms: [38, 33],
    melodyPrograms: [11, 73, 81],
  },
  funk: {
    bpm: [90, 122],
    beatsPerBar: 4,
    steps: 4,
    swing: [0, 0.15],
    drift: 0.004,
    drums: {
      [KICK]: ['9..7..9....7..7.', '9.7.....9.7..7..'],
      [SNARE]: ['....9..4.4..9..4'],
      [HAT]: ['7575757575757575'],
    },
    bass: ['9..7.7..9.7..7.7', '9.7..79...7.97..'],
    chords: ['..7..7..7..7..7.', '....7..7....7..7'],
    chordPrograms: [27, 28, 16, 7],
    bassPrograms: [36, 33],
    melodyPrograms: [65, 61, 56],
  },
  reggae: {
    bpm: [66, 92],
    beatsPerBar: 4,
    steps: 2,
    swing: [0, 0.2],
    drift: 0.004,
    drums: { [KICK]: ['....9...', '9...9...'], [RIM]: ['....9...'], [HAT]: ['75757575', '.7.7.7.7'] },
    bass: ['9..77.7.', '9.7..77.'],
    chords: ['.9.9.9.9'],
    chordPrograms: [27, 16, 0],
    bassPrograms: [33, 32],
    melodyPrograms: [56, 66, 73],
  },
  swing: {
    bpm: [110, 220],
    beatsPerBar: 4,
    steps: 3,
    drift: 0.006,
    drums: {
      [RIDE]: ['8..8.68..8.6', '8..8..8..8.6'],
      [44]: ['...7.....7..'],
      [KICK]: ['4..4..4..4..', '............'],
      [SNARE]: ['..........4.', '.....4......'],
    },
    bass: ['9..9..9..9..'],
    chords: ['7....7......', '.....7..7...', '..7.....7...'],
    chordPrograms: [0, 26],
    bassPrograms: [32],
    melodyPrograms: [66, 56, 65, 71],
  },
  waltz: {
    bpm: [84, 190],
    beatsPerBar: 3,
    steps: 2,
    drift: 0.008,
    drums: { [KICK]: ['9.....', '......'], [SNARE]: ['..5.5.', '......'] },
    bass: ['9.....'],
    chords: ['..7.7.'],
    chordPrograms: [0, 48, 21, 24],
    bassPrograms: [32, 43, 0],
    melodyPrograms: [40, 73, 21, 68],
  },
  jazzwaltz: {
    bpm: [100, 180],
    beatsPerBar: 3,
    steps: 3,
    drift: 0.006,
    drums: { [RIDE]: ['8..8.68..', '8..8..8.6'], [44]: ['...7.....'], [KICK]: ['6........'] },
    bass: ['9..9..9..', '9.....7..'],
    chords: ['7....7...', '...7..7..'],
    chordPrograms: [0, 26],
    bassPrograms: [32],
    melodyPrograms: [66, 71, 56],
  },
  ballad3: {
    bpm: [66, 110],
    beatsPerBar: 3,
    steps: 2,
    drift: 0.01,
    drums: { [KICK]: ['9.....', '......'], [SNARE]: ['....7.', '......'], [HAT]: ['757575', '......'] },
    bass: ['9.....', '9...7.'],
    chords: ['755555', '757575'],
    chordPrograms: [0, 24, 25],
    bassPrograms: [33, 35],
    melodyPrograms: [73, 40, 53],
  },
  ballad: {
    bpm: [56, 84],
    beatsPerBar: 4,
    steps: 2,
    drift: 0.01,
    drums: { [KICK]: ['9...7...', '........'], [RIM]: ['..7...7.', '........'], [HAT]: ['75757575', '........'] },
    bass: ['9.......', '9...7...'],
    chords: ['75757575', '9...7...'],
    chordPrograms: [0, 24, 4, 46],
    bassPrograms: [33, 35, 32],
    melodyPrograms: [73, 40, 53, 68],
  },
  latin: {
    bpm: [88, 130],
    beatsPerBar: 4,
    steps: 4,
    drift: 0.004,
    drums: {
      [CLAVE]: ['7..7...7..7.7...', '..7.7...7..7..7.'],
      [SHAKER]: ['7575757575757575'],
      [KICK]: ['9..79..79..79..7'],
      [64]: ['......6.......66'],
    },
    bass: ['9..7..7.9..7..7.', '...7..7....7..7.'],
    chords: ['7..7..7...7..7..', '..7.77.7..7.77.7'],
    chordPrograms: [0, 24],
    bassPrograms: [32, 33],
    melodyPrograms: [56, 73, 65],
  },
  drumbass: {
    bpm: [160, 178],
    beatsPerBar: 4,
    steps: 4,
    drift: 0,
    drums: {
      [KICK]: ['9.........9.....', '9.9.......9.....'],
      [SNARE]: ['....9..4.4..9...'],
      [HAT]: ['7.7.7.7.7.7.7.7.'],
    },
    bass: ['9.........7.....', '9...............'],
    chords: ['9...............'],
    chordPrograms: [89, 50, 4],
    bassPrograms: [38, 39],
    melodyPrograms: [81, 80],
  },
  orchestra: {
    bpm: [60, 140],
    beatsPerBar: 4,
    steps: 2,
    drift: 0.012,
    drums: { [41]: ['........', '7.......'] },
    bass: ['9...7...', '9.7.7.7.'],
    chords: ['9.......', '7.7.7.7.', '9...7...'],
    chordPrograms: [48, 49, 61, 46],
    bassPrograms: [43, 42, 58],
    melodyPrograms: [40, 68, 60, 73],
  },
  metal: {
    bpm: [95, 190],
    beatsPerBar: 4,
    steps: 4,
    drift: 0.002,
    drums: {
      [KICK]: ['9.9.9.9.9.9.9.9.', '9..99..99..99...'],
      [SNARE]: ['....9.......9...'],
      [RIDE]: ['7...7...7...7...', '7.7.7.7.7.7.7.7.'],
    },
    bass: ['9.7.7.7.9.7.7.7.', '9..79..79..79...'],
    chords: ['9.7.7.7.9.7.7.7.', '9..9..9...9.....'],
    chordPrograms: [30, 29],
    bassPrograms: [34, 33],
    melodyPrograms: [30, 29],
  },
}
