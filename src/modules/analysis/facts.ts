/** Between what the engine finds, what the tables keep and what the contract says. */
import { ENGINE_VERSION, type TrackAnalysis } from '#engines/audio/index.ts'
import type { Static } from '#kernel/schema.ts'
import { detailsOf, spansOf } from './details.ts'
import type { Analysis, Facets } from './schema.ts'
import type { FeatureRow, State, TimelineRow } from './tables.ts'
import { clamp01, numbers, round4 } from './numbers.ts'

/** The engine's words for "there is nothing to measure". */
const SILENCE_LUFS = -70
const SILENCE_DBTP = -120

/** Six regions become the three that a listener can name: below 300 Hz, up to 2.4 kHz, above. */
const threeBands = (b: TrackAnalysis['bands']) => ({
  bass: b.sub + b.bass,
  mid: b.lowMid + b.mid,
  treble: b.presence + b.air,
})

export function toFeatures(contentId: string, a: TrackAnalysis, tookMs: number): FeatureRow {
  const isSilent = a.loudness.integratedLufs <= SILENCE_LUFS
  return {
    content_id: contentId,
    engine_version: a.engineVersion,
    duration_sec: a.durationSec,
    tempo: a.tempo.bpm > 0 ? a.tempo.bpm : null,
    tempo_confidence: clamp01(a.tempo.confidence),
    tempo_alternatives: a.tempo.alternatives.map((guess) => guess.bpm),
    tempo_alternative_confidences: a.tempo.alternatives.map((guess) => guess.confidence),
    time_signature: a.timeSignature.beatsPerBar,
    key: isSilent ? null : a.key.name,
    mode: isSilent ? null : a.key.mode,
    key_confidence: isSilent ? 0 : clamp01(a.key.confidence),
    camelot: isSilent ? null : a.key.camelot,
    tuning_hz: a.tuningHz,
    loudness_lufs: isSilent ? null : a.loudness.integratedLufs,
    loudness_range_lu: a.loudness.rangeLu,
    true_peak_dbtp: a.loudness.truePeakDbtp > SILENCE_DBTP ? a.loudness.truePeakDbtp : null,
    block_floor_lufs: isSilent ? null : a.loudness.blocks.floorLufs,
    block_counts: isSilent ? null : a.loudness.blocks.counts,
    energy: clamp01(a.energy),
    ...threeBands(a.bands),
    centroid_hz: a.spectral.centroidHz,
    rolloff_hz: a.spectral.rolloffHz,
    flatness: a.spectral.flatness,
    zero_crossing_rate: a.spectral.zeroCrossingRate,
    mfcc: numbers(a.mfcc),
    chroma: numbers(a.chroma),
    silence_start_sec: a.silence.startSec,
    silence_end_sec: a.silence.endSec,
    points_per_sec: a.pointsPerSec,
    took_ms: Math.round(tookMs),
    details: detailsOf(a),
  }
}

export const toTimelines = (contentId: string, a: TrackAnalysis): TimelineRow => ({
  content_id: contentId,
  beats: numbers(a.beats),
  downbeats: numbers(a.downbeats),
  onsets: numbers(a.onsets),
  sections: a.sections.map(({ startSec }) => round4(startSec)),
  spans: spansOf(a),
})

/** Of an older engine, which found no names. */
const section = (startSec: number, index: number) => ({ startSec, label: `Section ${index + 1}` })

export const toAnalysis = (f: FeatureRow, t: TimelineRow, songId?: string): Analysis => ({
  ...(songId && { songId }),
  status: 'completed',
  engineVersion: f.engine_version,
  isCurrent: f.engine_version >= ENGINE_VERSION,
  durationSec: f.duration_sec,
  tempo: f.tempo,
  tempoConfidence: f.tempo_confidence,
  tempoAlternatives: f.tempo_alternatives.map((bpm, i) => ({
    bpm,
    confidence: f.tempo_alternative_confidences[i] ?? 0,
  })),
  timeSignature: f.time_signature,
  beats: t.beats,
  downbeats: t.downbeats,
  onsets: t.onsets,
  key: f.key,
  mode: f.mode,
  keyConfidence: f.key_confidence,
  camelot: f.camelot,
  tuningHz: f.tuning_hz,
  loudnessLufs: f.loudness_lufs,
  loudnessRangeLu: f.loudness_range_lu,
  truePeakDbtp: f.true_peak_dbtp,
  energy: f.energy,
  bands: { bass: f.bass, mid: f.mid, treble: f.treble },
  spectral: {
    centroidHz: f.centroid_hz,
    rolloffHz: f.rolloff_hz,
    flatness: f.flatness,
    zeroCrossingRate: f.zero_crossing_rate,
    ...f.details.spectral,
  },
  mfcc: f.mfcc,
  chroma: f.chroma,
  silence: {
    startSec: f.silence_start_sec,
    endSec: f.silence_end_sec,
    ...(t.spans.gaps && { gaps: t.spans.gaps }),
  },
  sections: t.spans.sections ?? t.sections.map(section),
  ...f.details.shown,
  ...t.spans.shown,
})

type FacetFields = Pick<
  FeatureRow,
  'tempo' | 'key' | 'camelot' | 'energy' | 'loudness_lufs' | 'true_peak_dbtp' | 'block_floor_lufs' | 'block_counts'
>

const blocksOf = (f?: FacetFields): Pick<Static<typeof Facets>, 'loudnessBlocks'> =>
  f?.block_counts && f.block_floor_lufs !== null
    ? { loudnessBlocks: { floorLufs: f.block_floor_lufs, counts: f.block_counts } }
    : {}

/** What lists show of a song; without features only its state. */
export const toFacets = (songId: string, state: State, f?: FacetFields): Static<typeof Facets> => ({
  songId,
  tempo: f?.tempo ?? null,
  key: f?.key ?? null,
  camelot: f?.camelot ?? null,
  energy: f?.energy ?? null,
  loudnessLufs: f?.loudness_lufs ?? null,
  truePeakDbtp: f?.true_peak_dbtp ?? null,
  ...blocksOf(f),
  state,
})
