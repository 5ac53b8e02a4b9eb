import { event, job } from '#kernel/module.ts'
import { Id, Nullable, Type } from '#kernel/schema.ts'
import { push } from '#kernel/sockets/realtime.ts'
import { AnalysisQueue, Facets } from './schema.ts'

export const songAnalyzed = event('analysis.song-analyzed.v1', Facets)
export const analyzeSongJob = job(
  'analysis.analyze-song.v1',
  Type.Object({
    songId: Id,
    contentId: Type.String(),
    again: Type.Optional(Type.Boolean({ description: 'Also when this content has been analysed already' })),
  }),
  { lane: 'cpu', maxAttempts: 3 },
)

export const analysisReady = push(
  'analysis:ready',
  Type.Object({
    songId: Id,
    tempo: Nullable(Type.Number()),
    key: Nullable(Type.String()),
    camelot: Nullable(Type.String()),
  }),
  'A song has been analysed',
)
export const analysisProgress = push(
  'analysis:progress',
  AnalysisQueue,
  'How far the analysis of the library is; at most one a second',
)
