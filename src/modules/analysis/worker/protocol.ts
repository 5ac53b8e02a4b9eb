import type { TrackAnalysis } from '#engines/audio/index.ts'
import type { MediaSettings } from '#kernel/media/types.ts'

/** One file for one worker. */
export type Task = {
  readonly settings: MediaSettings
  /** Raw bytes: names need not be UTF-8. */
  readonly path: Uint8Array
  /** Of the file; more than two are mixed down to two while decoding. */
  readonly channels: number
  /** Expected length, for memory and progress; 0 when unknown. */
  readonly durationSec: number
}
export type ToWorker = { readonly kind: 'analyze'; readonly task: Task } | { readonly kind: 'abort' }
export type FromWorker =
  | { readonly kind: 'progress'; readonly done: number }
  | { readonly kind: 'done'; readonly analysis: TrackAnalysis }
  | { readonly kind: 'failed'; readonly status: number; readonly code: string; readonly detail: string }

/** Longer recordings are analysed up to here: an hour takes about 100 MB in the worker until it is done, three 250. */
export const ANALYSED_SEC_MAX = 4 * 3600
/** Below every other process and thread: analysis takes what nobody else wants. */
export const NICE = 19
