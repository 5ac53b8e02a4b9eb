export type Container =
  | 'mp3'
  | 'aac'
  | 'flac'
  | 'ogg'
  | 'mp4'
  | 'wav'
  | 'aiff'
  | 'asf'
  | 'wavpack'
  | 'ape'
  | 'musepack'
  | 'dsf'
  | 'matroska'

/**
 * Where the audio lies: `start` ≤ `end` ≤ file size, half open. `isCut` when the file ends before what its headers
 * promise. `lengthSamples` when the container tells (Ogg: at its own rate), `reachedSamples` where its last frame ends.
 */
export type AudioRegion = {
  container: Container
  start: number
  end: number
  isCut: boolean
  lengthSamples?: number
  reachedSamples?: number
}
