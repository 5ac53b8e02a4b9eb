/**
 * A small network that answers alike in every key: the same weights look at the input from each of the twelve pitch
 * classes in turn, and score what could stand on that root. One hidden layer.
 */

export type RotatingNet = {
  /** Groups of twelve pitch classes in the input. */
  blocks: number
  /** Further inputs, the same from every root. */
  extras: number
  hidden: number
  /** Scores for each root. */
  outputs: number
  /** One more score, of none of them, from the mean of the hidden layers; 0 or 1. */
  none: number
  /** hidden × (12 · blocks + extras + 1): weights and, last, the bias of each hidden unit. */
  first: Float32Array
  /** outputs × (hidden + 1), and `none` × the same. */
  second: Float32Array
}

export type NetRun = {
  /** Score of output q on root r at `r · outputs + q`; that of none last. Overwritten by the next run. */
  readonly scores: Float32Array
  /** @param x `12 · blocks + extras` values from `at`. */
  run(x: Float32Array, at: number): void
}

export const inputsOf = ({ blocks, extras }: Pick<RotatingNet, 'blocks' | 'extras'>) => 12 * blocks + extras

/** Each block twice in a row, so that a rotation is a slice of it. */
const unroll = (x: Float32Array, at: number, blocks: number, out: Float32Array) => {
  for (let block = 0; block < blocks; block++)
    for (let p = 0; p < 24; p++) out[24 * block + p] = x[at + 12 * block + (p % 12)]!
}

export const runnerOf = (net: RotatingNet): NetRun => {
  const { blocks, extras, hidden, outputs, none, first, second } = net
  const width = inputsOf(net) + 1
  const twice = new Float32Array(24 * blocks)
  const constant = new Float32Array(hidden)
  const units = new Float32Array(hidden)
  const pooled = new Float32Array(hidden)
  const scores = new Float32Array(12 * outputs + none)
  /** What does not turn with the root. */
  const readExtras = (x: Float32Array, at: number) => {
    for (let h = 0; h < hidden; h++) {
      const row = h * width + 12 * blocks
      let sum = first[row + extras]!
      for (let e = 0; e < extras; e++) sum += first[row + e]! * x[at + 12 * blocks + e]!
      constant[h] = sum
    }
  }
  const hear = (root: number) => {
    for (let h = 0; h < hidden; h++) {
      let [a, b] = [constant[h]!, 0]
      let w = h * width
      for (let block = 0; block < blocks; block++) {
        const from = 24 * block + root
        for (let p = 0; p < 12; p += 2, w += 2) {
          a += first[w]! * twice[from + p]!
          b += first[w + 1]! * twice[from + p + 1]!
        }
      }
      const value = a + b
      units[h] = value > 0 ? value : 0
      pooled[h]! += units[h]! / 12
    }
  }
  const score = (row: number, from: Float32Array) => {
    let sum = second[row * (hidden + 1) + hidden]!
    for (let h = 0; h < hidden; h++) sum += second[row * (hidden + 1) + h]! * from[h]!
    return sum
  }
  return {
    scores,
    run(x, at) {
      unroll(x, at, blocks, twice)
      readExtras(x, at)
      pooled.fill(0)
      for (let root = 0; root < 12; root++) {
        hear(root)
        for (let q = 0; q < outputs; q++) scores[root * outputs + q] = score(q, units)
      }
      if (none > 0) scores[12 * outputs] = score(outputs, pooled)
    },
  }
}

/** In place: probabilities that sum to 1. */
export const softmax = (scores: Float32Array) => {
  let top = -Infinity
  for (const value of scores) if (value > top) top = value
  let sum = 0
  for (let i = 0; i < scores.length; i++) sum += scores[i] = Math.exp(scores[i]! - top)
  for (let i = 0; i < scores.length; i++) scores[i]! /= sum
}

/** What `tools/rotating.ts` writes: 16-bit whole numbers in base64, times `scale`. */
export const unpack = (base64: string, scale: number): Float32Array => {
  const bytes = Uint8Array.from(atob(base64), (char) => char.codePointAt(0)!)
  const view = new DataView(bytes.buffer)
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => view.getInt16(2 * i, true) * scale)
}
