/** What of the engine's answer is kept in documents. */
import type { TrackAnalysis } from '#engines/audio/index.ts'
import { clamp01, numbers, precise, round4 } from './numbers.ts'
import type { Details, Spans } from './tables.ts'

/** Enough to draw: a tenth of an LU. */
const tenths = (values: ArrayLike<number>): number[] => Array.from(values, (value) => Math.round(value * 10) / 10)

type Shape = Omit<TrackAnalysis['spectral'], 'variance'>
const shapeOf = (s: Shape) => ({
  centroidHz: precise(s.centroidHz),
  rolloffHz: precise(s.rolloffHz),
  bandwidthHz: precise(s.bandwidthHz),
  flatness: precise(s.flatness),
  contrastDb: Array.from(s.contrastDb, precise),
  fluxDb: precise(s.fluxDb),
  zeroCrossingRate: precise(s.zeroCrossingRate),
  rms: precise(s.rms),
})

const loudnessOf = ({ momentaryMaxLufs, shortTermMaxLufs, samplePeakDbfs, curve }: TrackAnalysis['loudness']) => ({
  momentaryMaxLufs: round4(momentaryMaxLufs),
  shortTermMaxLufs: round4(shortTermMaxLufs),
  samplePeakDbfs: round4(samplePeakDbfs),
  curve: {
    stepSec: round4(curve.stepSec),
    momentaryLufs: tenths(curve.momentaryLufs),
    shortTermLufs: tenths(curve.shortTermLufs),
  },
})

const perceivedOf = (a: TrackAnalysis) => ({
  danceability: round4(clamp01(a.danceability)),
  valence: round4(clamp01(a.valence)),
  arousal: round4(clamp01(a.arousal)),
  acousticness: round4(clamp01(a.acousticness)),
  instrumentalness: round4(clamp01(a.instrumentalness)),
  speechiness: round4(clamp01(a.speechiness)),
  embedding: numbers(a.embedding),
})

const shownOf = (a: TrackAnalysis): NonNullable<Details['shown']> => ({
  isTempoStable: a.tempo.stable,
  timeSignatureText: a.timeSignature.text,
  timeSignatureConfidence: round4(clamp01(a.timeSignature.confidence)),
  keyAlternatives: a.key.alternatives.map(({ name, confidence }) => ({ key: name, confidence: round4(confidence) })),
  tuningConfidence: round4(clamp01(a.tuningConfidence)),
  loudness: loudnessOf(a.loudness),
  dynamics: { drDb: round4(a.dynamics.drDb), plrDb: round4(a.dynamics.plrDb), crestDb: round4(a.dynamics.crestDb) },
  mfccVariance: Array.from(a.mfccVariance, precise),
  chromaVariance: Array.from(a.chromaVariance, precise),
  fades: { inSec: round4(a.fades.inSec), outSec: round4(a.fades.outSec) },
  signal: {
    clippedShare: precise(a.signal.clippedShare),
    brokenShare: precise(a.signal.brokenShare),
    dcOffset: precise(a.signal.dcOffset),
    stereoCorrelation: precise(a.signal.stereoCorrelation),
  },
  ...perceivedOf(a),
})

export const detailsOf = (a: TrackAnalysis): Details => ({
  shown: shownOf(a),
  spectral: { ...shapeOf(a.spectral), variance: shapeOf(a.spectral.variance) },
})

const pairs = <T>(flat: ArrayLike<number>, make: (first: number, second: number) => T): T[] =>
  Array.from({ length: flat.length >> 1 }, (_, i) => make(round4(flat[2 * i] ?? 0), round4(flat[2 * i + 1] ?? 0)))

type Span = { readonly startSec: number; readonly endSec: number; readonly confidence: number }
const spanOf = (s: Span) => ({
  startSec: round4(s.startSec),
  endSec: round4(s.endSec),
  confidence: round4(clamp01(s.confidence)),
})

export const spansOf = (a: TrackAnalysis): Spans => ({
  shown: {
    tempoCurve: pairs(a.tempo.curve, (sec, bpm) => ({ sec, bpm })),
    keyChanges: a.keyChanges.map((k) => ({ ...spanOf(k), key: k.name, mode: k.mode, camelot: k.camelot })),
    chords: a.chords.map((chord) => ({ ...spanOf(chord), label: chord.label })),
  },
  sections: a.sections.map((one) => ({ ...spanOf(one), label: one.label })),
  gaps: pairs(a.silence.gaps, (startSec, endSec) => ({ startSec, endSec })),
})
