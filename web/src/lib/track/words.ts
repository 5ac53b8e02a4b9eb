/** Numbers of the analysis in words that a listener knows, and how far they can be trusted. */

/** How sure the analyser says it is: its own estimate, not a measured rate. */
export function sureness(confidence: number): string {
  if (confidence >= 0.8) return 'quite sure'
  if (confidence >= 0.5) return 'fairly sure'
  return confidence >= 0.3 ? 'not sure' : 'a guess'
}

type Step = readonly [below: number, word: string]
const wordOf = (steps: readonly Step[], value: number): string => steps.find(([below]) => value < below)?.[1] ?? ''
const PACE: readonly Step[] = [
  [60, 'very slow'],
  [84, 'slow'],
  [108, 'walking pace'],
  [128, 'lively'],
  [156, 'fast'],
  [Infinity, 'very fast'],
]
const LOUD: readonly Step[] = [
  [-24, 'very quiet'],
  [-18, 'quiet'],
  [-13, 'about as loud as streaming services play it'],
  [-9, 'loud'],
  [Infinity, 'very loud'],
]
const RANGE: readonly Step[] = [
  [4, 'hardly changes'],
  [9, 'changes somewhat'],
  [15, 'changes a lot'],
  [Infinity, 'from a whisper to full force'],
]
const DENSE: readonly Step[] = [
  [7, 'squeezed'],
  [10, 'dense'],
  [14, 'open'],
  [Infinity, 'very open'],
]
const BRIGHT: readonly Step[] = [
  [1000, 'dark'],
  [2000, 'warm'],
  [3200, 'balanced'],
  [Infinity, 'bright'],
]
const ENERGY: readonly Step[] = [
  [0.25, 'calm'],
  [0.5, 'moderate'],
  [0.75, 'lively'],
  [Infinity, 'full of energy'],
]
export const paceWord = (bpm: number): string => wordOf(PACE, bpm)
export const loudWord = (lufs: number): string => wordOf(LOUD, lufs)
export const rangeWord = (lu: number): string => wordOf(RANGE, lu)
export const densityWord = (drDb: number): string => wordOf(DENSE, drDb)
export const brightWord = (centroidHz: number): string => wordOf(BRIGHT, centroidHz)
export const energyWord = (energy: number): string => wordOf(ENERGY, energy)

/** A number with a true minus. */
export const fixed = (value: number, digits = 1): string => value.toFixed(digits).replace('-', '−')

type Faults = {
  signal?: { clippedShare: number; brokenShare: number; dcOffset: number; stereoCorrelation: number } | undefined
  truePeakDbtp: number | null
}
const CLIPPED_SHARE = 1e-4
const DC = 0.01
/** What is wrong with the recording, one sentence each; empty where nothing is. */
export function faultsOf({ signal, truePeakDbtp }: Faults): string[] {
  const faults: string[] = []
  if (truePeakDbtp !== null && truePeakDbtp > 0)
    faults.push(`Peaks reach ${fixed(truePeakDbtp)} dB above full scale: some players distort them.`)
  if (!signal) return faults
  if (signal.clippedShare > CLIPPED_SHARE) faults.push('Peaks are cut off at full scale (clipping).')
  if (Math.abs(signal.dcOffset) > DC) faults.push('The wave does not swing around its middle (DC offset).')
  if (signal.brokenShare > 0) faults.push('Some samples are no numbers; they were heard as silence.')
  if (signal.stereoCorrelation < -0.3) faults.push('Left and right cancel each other on one loudspeaker.')
  return faults
}

const NOTES: Readonly<Record<string, string>> = {
  maj: '',
  min: 'm',
  dim: '°',
  aug: '+',
  '7': '7',
  maj7: 'maj7',
  min7: 'm7',
}
/** `A:min` → `Am`, `N` → `–`. */
export function chordName(label: string): string {
  if (label === 'N' || label === 'X') return '–'
  const [root = '', quality = 'maj'] = label.split(':')
  const [kind = '', bass] = quality.split('/')
  return `${root.replace('#', '♯').replace(/(?<=[A-G])b/, '♭')}${NOTES[kind] ?? kind}${bass ? `/${bass}` : ''}`
}
