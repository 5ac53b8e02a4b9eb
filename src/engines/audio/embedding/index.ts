/**
 * A vector for "sounds alike": 64 numbers of length 1, compared by cosine. Values 0..25 are timbre, 26..43 harmony (the
 * same in every key), 44..63 rhythm; each block may be compared alone. Learned by `tools/train-embedding.ts` from
 * renderings of composed pieces: what changes between two renderings of one piece is noise, what differs from piece to
 * piece is kept. Not validated against people; how well it finds things: `bench/analysis/similarity.ts`.
 */
import { EMBEDDING } from './model.ts'
import { BLOCKS, EMBEDDING_DIMENSIONS } from './raw.ts'

export type { Heard } from './heard.ts'
export { BLOCKS, EMBEDDING_DIMENSIONS, rawOf } from './raw.ts'

/** Vectors of different versions must not be compared. */
export const EMBEDDING_VERSION = 1

/** Deviations from the mean beyond which a raw value counts no more. */
const CLIP = 3

/** Centred, scaled, clipped. */
const normalised = (raw: Float32Array): Float32Array => {
  const { centre, octaves } = EMBEDDING
  return raw.map((value, i) => Math.max(-CLIP, Math.min(CLIP, value * 2 ** -octaves[i]! - centre[i]!)))
}

const toUnitLength = (x: Float32Array): Float32Array => {
  let squares = 0
  for (const value of x) squares += value * value
  if (squares === 0) return x
  const factor = 1 / Math.sqrt(squares)
  return x.map((value) => value * factor)
}

const embedSound = (raw: Float32Array): Float32Array => {
  const { weights } = EMBEDDING
  const x = normalised(raw)
  const out = new Float32Array(EMBEDDING_DIMENSIONS)
  let [from, w, to] = [0, 0, 0]
  for (const { values, dimensions } of BLOCKS) {
    for (let d = 0; d < dimensions; d++) {
      let sum = 0
      for (let i = 0; i < values; i++) sum += weights[w++]! * x[from + i]!
      out[to++] = sum
    }
    from += values
  }
  return toUnitLength(out)
}

/**
 * Silence, and what is too short to have a spectrum, is all 0: like nothing, not even itself.
 * @param raw as `rawOf` gives it.
 */
export const embed = (raw: Float32Array): Float32Array =>
  raw.subarray(0, BLOCKS[0].values).every((value) => value === 0)
    ? new Float32Array(EMBEDDING_DIMENSIONS)
    : embedSound(raw)

/** −1..1; 0 when either is silence. Both of one `EMBEDDING_VERSION`. */
export const similarityOf = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0
  for (let i = 0; i < EMBEDDING_DIMENSIONS; i++) sum += a[i]! * b[i]!
  return Math.max(-1, Math.min(1, sum))
}
