/**
 * A small network that answers alike in every key: the same weights look at the input from each of the twelve pitch
 * classes in turn, and score what could stand on that root. One hidden layer.
 */
import { runsBank } from '#engines/audio/filterbank.ts'
import { type Kernels, plainKernels } from '#engines/audio/kernels.ts'

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

/** The hidden units of all roots as filters over the inputs and a constant 1: root by root. */
const turnedBank = (net: RotatingNet) => {
  const width = inputsOf(net) + 1
  return runsBank(
    Array.from({ length: 12 * net.hidden }, (_, i) => {
      const [root, h] = [Math.floor(i / net.hidden), i % net.hidden]
      const weights = net.first.slice(h * width, (h + 1) * width)
      for (let at = 0; at < 12 * net.blocks; at++) {
        const pitch = at % 12
        weights[at - pitch + ((pitch + root) % 12)] = net.first[h * width + at]!
      }
      return { from: 0, weights }
    }),
  )
}

export const runnerOf = (net: RotatingNet, kernels: Kernels = plainKernels()): NetRun => {
  const { hidden, outputs, none, second } = net
  const width = inputsOf(net)
  const inputs = kernels.floats(width + 1)
  const units = kernels.floats(12 * hidden)
  const listen = kernels.bank(turnedBank(net))
  const pooled = new Float32Array(hidden)
  const scores = new Float32Array(12 * outputs + none)
  const score = (row: number, from: Float32Array, at: number) => {
    let sum = second[row * (hidden + 1) + hidden]!
    for (let h = 0; h < hidden; h++) sum += second[row * (hidden + 1) + h]! * from[at + h]!
    return sum
  }
  return {
    scores,
    run(x, at) {
      for (let i = 0; i < width; i++) inputs[i] = x[at + i]!
      inputs[width] = 1
      listen(inputs, units)
      pooled.fill(0)
      for (let i = 0; i < units.length; i++) {
        if (units[i]! < 0) units[i] = 0
        pooled[i % hidden]! += units[i]! / 12
      }
      for (let root = 0; root < 12; root++)
        for (let q = 0; q < outputs; q++) scores[root * outputs + q] = score(q, units, root * hidden)
      if (none > 0) scores[12 * outputs] = score(outputs, pooled, 0)
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
