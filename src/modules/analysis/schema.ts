import { contract, op, raw } from '#kernel/contract.ts'
import { Empty, Id, Nullable, OneOf, type Static, Strict, Text, Type } from '#kernel/schema.ts'
import { Analysis, AnalysisPart, PART_NAMES, Score } from './shapes.ts'

export { Analysis, AnalysisPart, type Part } from './shapes.ts'

export const PendingAnalysis = Type.Object(
  {
    status: OneOf(['pending', 'processing', 'failed'] as const),
    progress: Score('How far'),
    code: Nullable(Type.String({ description: 'Why it waits or failed, stable' })),
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
    renewing: Type.Integer({
      description:
        'Of the completed, those that an older engine analysed: they keep their answer until they have a better one',
    }),
    etaSec: Nullable(Type.Number()),
    isPaused: Type.Boolean(),
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
  getAnalysisPart: op({
    method: 'GET',
    path: '/songs/:id/analysis/:part',
    auth: 'anyone',
    summary: 'One part of what is known of a song; 404 `analysis_pending` before there is any',
    input: Strict({ id: Id, part: OneOf(PART_NAMES) }),
    output: AnalysisPart,
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
  setQueue: op({
    method: 'PATCH',
    path: '/analysis/queue',
    auth: 'admin',
    summary: 'Let the library wait, or go on; what somebody asks for himself is analysed all the same',
    input: Strict({ isPaused: Type.Boolean() }),
    output: AnalysisQueue,
  }),
  analyzeFile: op({
    method: 'POST',
    path: '/analyze',
    auth: 'user',
    idempotent: false,
    rate: 'heavy',
    summary: 'Analyse a file that is not kept (form, field `audio`)',
    input: Strict({}),
    files: { audio: { of: 'audio', aliases: ['file'], required: true } },
    output: Analysis,
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
