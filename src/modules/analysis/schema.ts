import { contract, op, raw } from '#kernel/contract.ts'
import { Empty, Id, Nullable, OneOf, type Static, Strict, Text, Type } from '#kernel/schema.ts'

const Score = (description: string) => Type.Number({ minimum: 0, maximum: 1, description })
const Seconds = (description: string) =>
  Type.Array(Type.Number(), { description: `${description}, seconds from the start` })

export const Analysis = Type.Object(
  {
    songId: Type.Optional(Id),
    status: OneOf(['completed'] as const),
    engineVersion: Type.Integer(),
    durationSec: Type.Number(),
    tempo: Nullable(Type.Number({ description: 'BPM; null where there is no beat' })),
    tempoConfidence: Score('Of the tempo'),
    tempoAlternatives: Type.Array(Type.Object({ bpm: Type.Number(), confidence: Type.Number() })),
    timeSignature: Type.Integer({ description: 'Beats in a bar' }),
    beats: Seconds('Beats'),
    downbeats: Seconds('First beats of bars'),
    onsets: Seconds('Note and drum onsets'),
    key: Nullable(Type.String({ description: '"D minor"' })),
    mode: Nullable(OneOf(['major', 'minor'] as const)),
    keyConfidence: Score('Of the key'),
    camelot: Nullable(Type.String()),
    tuningHz: Type.Number(),
    loudnessLufs: Nullable(Type.Number({ description: 'Integrated, EBU R128; null for silence' })),
    loudnessRangeLu: Type.Number(),
    truePeakDbtp: Nullable(Type.Number()),
    energy: Score('Loudness, density and brightness; not validated against people'),
    bands: Type.Object(
      { bass: Type.Number(), mid: Type.Number(), treble: Type.Number() },
      { description: 'Share of energy, sums to 1' },
    ),
    spectral: Type.Object({
      centroidHz: Type.Number(),
      rolloffHz: Type.Number(),
      flatness: Type.Number(),
      zeroCrossingRate: Type.Number(),
    }),
    mfcc: Type.Array(Type.Number(), { description: '13 means' }),
    chroma: Type.Array(Type.Number(), { description: '12 means from C' }),
    silence: Type.Object({ startSec: Type.Number(), endSec: Type.Number() }),
    sections: Type.Array(Type.Object({ startSec: Type.Number(), label: Type.String() })),
  },
  { $id: 'Analysis' },
)
export type Analysis = Static<typeof Analysis>

export const PendingAnalysis = Type.Object(
  {
    status: OneOf(['pending', 'processing', 'failed'] as const),
    progress: Score('How far'),
    detail: Nullable(Type.String()),
  },
  { $id: 'PendingAnalysis' },
)
export type PendingAnalysis = Static<typeof PendingAnalysis>
export const AnalysisQueue = Type.Object(
  {
    waiting: Type.Integer(),
    processing: Type.Integer(),
    completed: Type.Integer(),
    failed: Type.Integer(),
    etaSec: Nullable(Type.Number()),
  },
  { $id: 'AnalysisQueue' },
)
export type AnalysisQueue = Static<typeof AnalysisQueue>

/** Facts for lists and filters, one row a song. */
export const Facets = Type.Object({
  songId: Id,
  tempo: Nullable(Type.Number()),
  key: Nullable(Type.String()),
  camelot: Nullable(Type.String()),
  energy: Nullable(Type.Number()),
  loudnessLufs: Nullable(Type.Number()),
  truePeakDbtp: Nullable(Type.Number()),
  loudnessBlocks: Type.Optional(
    Type.Object(
      { floorLufs: Type.Integer(), counts: Type.Array(Type.Integer(), { maxItems: 200 }) },
      { description: 'Blocks of 400 ms, one every 100 ms, by their loudness: from `floorLufs` up by one LU each' },
    ),
  ),
  state: OneOf(['pending', 'processing', 'completed', 'failed'] as const),
})

export const analysis = contract('analysis', 'What the music is like', {
  getAnalysis: op({
    method: 'GET',
    path: '/songs/:id/analysis',
    auth: 'anyone',
    summary: 'Everything known of a song; 202 with progress while pending',
    input: Strict({ id: Id }),
    output: Type.Unsafe<Analysis | PendingAnalysis>({ anyOf: [Analysis, PendingAnalysis] }),
  }),
  analyzeSong: op({
    method: 'POST',
    path: '/songs/:id/analyze',
    auth: 'user',
    status: 202,
    idempotent: false,
    summary: 'Analyse again',
    input: Strict({ id: Id }),
    output: PendingAnalysis,
  }),
  getQueue: op({
    method: 'GET',
    path: '/analysis/queue',
    auth: 'user',
    summary: 'How far the analysis of the library is',
    input: Empty,
    output: AnalysisQueue,
  }),
  getWaveform: op({
    method: 'GET',
    path: '/songs/:id/waveform',
    auth: 'anyone',
    summary: 'Min and max peaks, ready to draw',
    input: Strict({ id: Id, points: Type.Optional(Type.Integer({ minimum: 16, maximum: 8000, default: 800 })) }),
    output: Type.Object(
      {
        songId: Id,
        durationSec: Type.Number(),
        points: Type.Integer(),
        min: Type.Array(Type.Number({ description: '-1..0' })),
        max: Type.Array(Type.Number({ description: '0..1' })),
      },
      { $id: 'Waveform' },
    ),
  }),
  getFrames: raw({
    method: 'GET',
    path: '/songs/:id/frames',
    auth: 'anyone',
    rate: 'media',
    summary: 'Binary visual frames at 60 a second (layout in the docs); ranges and a strong ETag',
    input: Strict({
      id: Id,
      v: Type.Optional(
        Text(64, { description: 'Any word that changes with the song: the answer may be kept for ever' }),
      ),
    }),
    produces: ['application/octet-stream'],
  }),
})
