/** Jazz, Latin music, reggae. */
import type { Style } from './types.ts'

const KICK = 36
const RIM = 37
const SNARE = 38
const HAT = 42
const PEDAL = 44
const RIDE = 51
const CLAVE = 75
const SHAKER = 70
const CONGA = 64
const AGOGO = 67
const SURDO = 41

const dance = { beatsPerBar: 4, steps: 4, drift: 0.003, looseMs: 6, compAs: 'block', barsPerChord: [1, 2] } as const

export const JAZZ_AND_LATIN: Record<string, Style> = {
  swing: {
    bpm: [108, 220],
    beatsPerBar: 4,
    steps: 3,
    drift: 0.005,
    looseMs: 8,
    grooves: [
      { [RIDE]: '8..8.68..8.6', [PEDAL]: '...7.....7..', [KICK]: '4..4..4..4..' },
      { [RIDE]: '8..8..8..8.6', [PEDAL]: '...7.....7..', [SNARE]: '..........4.' },
    ],
    kits: [32, 0, 40],
    bass: ['9..9..9..9..'],
    bassLine: 'walk',
    comp: ['7....7......', '.....7..7...', '..7.....7...'],
    compAs: 'block',
    chords: 'as written',
    progressions: 'jazz',
    barsPerChord: [1, 1, 0.5],
    minor: 0.35,
    bassPrograms: [32],
    compPrograms: [0, 26],
    melodyPrograms: [66, 56, 65, 71, 'voice'],
    melodyDensity: 0.4,
  },
  'jazz waltz': {
    bpm: [110, 180],
    beatsPerBar: 3,
    steps: 3,
    drift: 0.005,
    looseMs: 8,
    grooves: [
      { [RIDE]: '8..8.68..', [PEDAL]: '...7.....', [KICK]: '6........' },
      { [RIDE]: '8..8..8.6', [PEDAL]: '...7..7..', [SNARE]: '.....4...' },
    ],
    kits: [32, 0],
    bass: ['9..9..9..', '9.....7..'],
    bassLine: 'walk',
    comp: ['7....7...', '...7..7..'],
    compAs: 'block',
    chords: 'as written',
    progressions: 'jazz',
    barsPerChord: [1],
    minor: 0.4,
    bassPrograms: [32],
    compPrograms: [0, 26],
    melodyPrograms: [66, 71, 56, 73],
    melodyDensity: 0.3,
  },
  bossa: {
    ...dance,
    bpm: [62, 84],
    grooves: [
      { [RIM]: '7.....7.....7...', [HAT]: '6565656565656565', [KICK]: '9.....79......7.' },
      { [RIM]: '7..7..7....7..7.', [SHAKER]: '6565656565656565', [KICK]: '9.....79......7.' },
    ],
    bass: ['9.....79......7.', '9.....7.9.....7.'],
    bassLine: 'fifth',
    comp: ['7..7..7...7..7..', '..7...7..7...7..'],
    chords: 'as written',
    progressions: 'bossa',
    minor: 0.4,
    bassPrograms: [32, 33],
    compPrograms: [24, 0],
    melodyPrograms: ['voice', 73, 66],
    melodyDensity: 0.25,
  },
  samba: {
    ...dance,
    bpm: [84, 112],
    grooves: [
      {
        [SURDO]: '4.......9.......',
        [SHAKER]: '9759975997599759',
        [AGOGO]: '7.7..7.7..7.7.7.',
        [SNARE]: '7557755775577557',
      },
      { [SURDO]: '4...9...4...9...', [SHAKER]: '9759975997599759', [KICK]: '9..79..79..79..7' },
    ],
    bass: ['9..79..79..79..7', '9.....799.....79'],
    bassLine: 'fifth',
    comp: ['..7.77.7..7.77.7', '7..7..7..7..7.7.'],
    chords: 'as written',
    progressions: 'bossa',
    minor: 0.4,
    bassPrograms: [33, 32],
    compPrograms: [24, 25],
    melodyPrograms: ['voice', 73, 24],
    melodyDensity: 0.3,
  },
  salsa: {
    ...dance,
    bpm: [80, 112],
    grooves: [
      { [CLAVE]: '7..7..7...7.7...', [CONGA]: '......6.......66', [SHAKER]: '7575757575757575' },
      { [CLAVE]: '..7.7...7..7..7.', [CONGA]: '......6.......66', [AGOGO]: '7...7.777...7.77' },
    ],
    bass: ['...7..7....7..7.', '9.....7.....9...'],
    bassLine: 'fifth',
    comp: ['9.77.7.77.77.7.7', '7..7..7...7..7..'],
    chords: 'triads',
    progressions: 'rock',
    minor: 0.6,
    bassPrograms: [32, 33],
    compPrograms: [0],
    melodyPrograms: [56, 57, 'voice'],
    melodyDensity: 0.3,
  },
  reggae: {
    ...dance,
    bpm: [66, 90],
    steps: 2,
    swing: [0, 0.2],
    grooves: [
      { [KICK]: '....9...', [RIM]: '....9...', [HAT]: '75757575' },
      { [KICK]: '9...9...', [SNARE]: '....9...', [HAT]: '.7.7.7.7' },
    ],
    bass: ['9..77.7.', '9.7..77.', '..9.7.79'],
    bassLine: 'fifth',
    comp: ['.9.9.9.9'],
    chords: 'triads',
    progressions: 'folk',
    minor: 0.5,
    bassPrograms: [33, 32],
    compPrograms: [27, 16, 0],
    melodyPrograms: ['voice', 56, 66],
    melodyDensity: 0.25,
  },
}
