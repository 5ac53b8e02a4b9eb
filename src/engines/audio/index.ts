/** The audio engine: numbers in, numbers out. No input or output, no clock, no Node: it runs in a browser as it is. */
export { type Analyzer, type AnalyzerOptions, analyze, createAnalyzer } from './analyzer.ts'
export { crc32 } from './crc32.ts'
export { EMBEDDING_DIMENSIONS, EMBEDDING_VERSION, similarityOf } from './embedding/index.ts'
export { type FftKit, loadFft, plainFft } from './fft.ts'
export {
  FRAME_BANDS,
  FRAME_HEADER_BYTES,
  FRAME_STRIDE_BYTES,
  FRAMES_PER_SEC,
  type Frame,
  type FrameHeader,
  framesIntact,
  ONSET,
  readFrame,
  readFrameHeader,
  stampFrames,
} from './frames.ts'
export { camelotOf, type Key, type KeyGuess, keyName, type Mode } from './key.ts'
export { createLiveAnalyzer, type LiveAnalyzer, type LiveHop, type LiveOptions } from './live/index.ts'
export type { ChordSpan, KeySpan } from './harmony/index.ts'
export { resampleWaveform } from './levels.ts'
export { type Mood, TARGETS as MOOD_TARGETS } from './mood/index.ts'
export type { TempoGuess } from './rhythm.ts'
export type { Section } from './structure/index.ts'
export { ENGINE_VERSION, type TrackAnalysis } from './types.ts'
