/** The typed client of Tutti, for browsers and Node. The socket stands apart in `realtime.ts`, so that it costs nothing unused. */
export type {
  Album,
  AlbumWithSongs,
  Artist,
  LibraryFolder,
  LibraryStatus,
  ScanState,
  Song,
} from '#modules/catalog/schema.ts'
export type { Analysis, AnalysisQueue } from '#modules/analysis/schema.ts'
export type { User } from '#modules/identity/schema.ts'
export type { Quality } from '#modules/streaming/schema.ts'
export { type ClientOptions, createClient } from './client.ts'
export { ApiError, type Fault, type Problem } from './errors.ts'
export { memoryStore } from './session.ts'
export type { CallOptions, Client, ClientSession, Input, Output, Pushes, Tokens, TokenStore } from './types.ts'
