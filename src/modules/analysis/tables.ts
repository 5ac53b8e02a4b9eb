import type { Analysis } from './shapes.ts'

export const STATES = ['pending', 'processing', 'completed', 'failed'] as const
export type State = (typeof STATES)[number]

export type FeatureRow = {
  content_id: string
  engine_version: number
  duration_sec: number
  tempo: number | null
  tempo_confidence: number
  tempo_alternatives: number[]
  tempo_alternative_confidences: number[]
  time_signature: number
  key: string | null
  mode: 'major' | 'minor' | null
  key_confidence: number
  camelot: string | null
  tuning_hz: number
  loudness_lufs: number | null
  loudness_range_lu: number
  true_peak_dbtp: number | null
  block_floor_lufs: number | null
  block_counts: number[] | null
  energy: number
  bass: number
  mid: number
  treble: number
  centroid_hz: number
  rolloff_hz: number
  flatness: number
  zero_crossing_rate: number
  mfcc: number[]
  chroma: number[]
  silence_start_sec: number
  silence_end_sec: number
  points_per_sec: number
  took_ms: number
  details: Details
}
/** Both documents are empty of what was analysed before they were kept. `shown` goes into the answer as it is. */
export type Details = {
  shown?: Partial<
    Pick<
      Analysis,
      | 'isTempoStable'
      | 'timeSignatureConfidence'
      | 'keyAlternatives'
      | 'tuningConfidence'
      | 'loudness'
      | 'dynamics'
      | 'mfccVariance'
      | 'chromaVariance'
      | 'fades'
      | 'signal'
      | 'timeSignatureText'
      | 'danceability'
      | 'valence'
      | 'arousal'
      | 'acousticness'
      | 'instrumentalness'
      | 'speechiness'
      | 'embedding'
    >
  >
  spectral?: Analysis['spectral']
}
/** Stretches of time with names, and curves. */
export type Spans = {
  shown?: Partial<Pick<Analysis, 'tempoCurve' | 'keyChanges' | 'chords'>>
  sections?: Analysis['sections']
  gaps?: NonNullable<Analysis['silence']['gaps']>
}
export type TimelineRow = {
  content_id: string
  beats: number[]
  downbeats: number[]
  onsets: number[]
  sections: number[]
  spans: Spans
}
export type SongRow = {
  song_id: string
  content_id: string
  state: State
  progress: number
  detail: string | null
  fault_code: string | null
  is_queued: boolean
  tried_version: number
}
export type AnalysisTables = {
  'analysis.features': FeatureRow & { analyzed_at: Date }
  'analysis.timelines': TimelineRow
  'analysis.songs': SongRow & { updated_at: Date }
  'analysis.control': { id: boolean; is_paused: boolean }
}
