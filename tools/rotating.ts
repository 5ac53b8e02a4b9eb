/** Learns the networks of `engines/audio/harmony/net.ts`: cross-entropy, Adam, in plain loops; the same seed, the same weights. */
import { inputsOf, type RotatingNet, runnerOf, softmax } from '#engines/audio/harmony/net.ts'
import { type Random, randomFrom } from '../bench/analysis/corpus/score.ts'

export type Sample = {
  x: Float32Array
  /** `root · outputs + output`, or `12 · outputs` for none. */
  target: number
  weight: number
}

export type Learning = {
  epochs: number
  batch: number
  rate: number
  decay: number
  seed: number
  /** Changes what a sample looks like, into `out`, every time it is seen. */
  vary(x: Float32Array, out: Float32Array, random: Random): void
  report?(epoch: number, loss: number, net: RotatingNet): void
}

const startingWeights = (random: Random, rows: number, width: number) => {
  const spread = Math.sqrt(6 / width)
  return Float32Array.from({ length: rows * width }, (_, i) =>
    i % width === width - 1 ? 0 : spread * (random() * 2 - 1),
  )
}

type Shape = Pick<RotatingNet, 'blocks' | 'extras' | 'hidden' | 'outputs' | 'none'>

export const freshNet = (shape: Shape, seed: number): RotatingNet => {
  const random = randomFrom(seed)
  return {
    ...shape,
    first: startingWeights(random, shape.hidden, inputsOf(shape) + 1),
    second: startingWeights(random, shape.outputs + shape.none, shape.hidden + 1),
  }
}

/** Gradient of the cross-entropy of one sample, added to `g1` and `g2`; the loss. */
const gradient = (net: RotatingNet) => {
  const { blocks, extras, hidden, outputs, none, first, second } = net
  const width = inputsOf(net) + 1
  const units = new Float32Array(12 * hidden)
  const pooled = new Float32Array(hidden)
  const scores = new Float32Array(12 * outputs + none)
  const twice = new Float32Array(24 * blocks)
  const back = new Float32Array(hidden)
  const scoreOf = (row: number, from: Float32Array, at: number) => {
    let sum = second[row * (hidden + 1) + hidden]!
    for (let h = 0; h < hidden; h++) sum += second[row * (hidden + 1) + h]! * from[at + h]!
    return sum
  }
  const forward = (x: Float32Array) => {
    for (let b = 0; b < blocks; b++) for (let p = 0; p < 24; p++) twice[24 * b + p] = x[12 * b + (p % 12)]!
    pooled.fill(0)
    for (let h = 0; h < hidden; h++) {
      const row = h * width
      let constant = first[row + width - 1]!
      for (let e = 0; e < extras; e++) constant += first[row + 12 * blocks + e]! * x[12 * blocks + e]!
      for (let r = 0; r < 12; r++) {
        let sum = constant
        for (let b = 0, w = row; b < blocks; b++)
          for (let p = 24 * b + r, end = p + 12; p < end; p++, w++) sum += first[w]! * twice[p]!
        const value = Math.max(0, sum)
        units[r * hidden + h] = value
        pooled[h]! += value / 12
      }
    }
    for (let r = 0; r < 12; r++)
      for (let q = 0; q < outputs; q++) scores[r * outputs + q] = scoreOf(q, units, r * hidden)
    if (none > 0) scores[12 * outputs] = scoreOf(outputs, pooled, 0)
    softmax(scores)
  }
  const backRoot = (x: Float32Array, r: number, weight: number, target: number, g1: Float32Array, g2: Float32Array) => {
    back.fill(0)
    for (let q = 0; q < outputs; q++) {
      const at = r * outputs + q
      const d = weight * (scores[at]! - (at === target ? 1 : 0))
      if (Math.abs(d) < 1e-6) continue
      const row = q * (hidden + 1)
      for (let h = 0; h < hidden; h++) {
        g2[row + h]! += d * units[r * hidden + h]!
        back[h]! += d * second[row + h]!
      }
      g2[row + hidden]! += d
    }
    if (none > 0) {
      const d = (weight * (scores[12 * outputs]! - (target === 12 * outputs ? 1 : 0))) / 12
      const row = outputs * (hidden + 1)
      for (let h = 0; h < hidden; h++) {
        g2[row + h]! += d * units[r * hidden + h]!
        back[h]! += d * second[row + h]!
      }
      g2[row + hidden]! += d
    }
    for (let h = 0; h < hidden; h++) {
      if (units[r * hidden + h]! <= 0 || back[h] === 0) continue
      const d = back[h]!
      const row = h * width
      for (let b = 0, w = row; b < blocks; b++)
        for (let p = 24 * b + r, end = p + 12; p < end; p++, w++) g1[w]! += d * twice[p]!
      for (let e = 0; e < extras; e++) g1[row + 12 * blocks + e]! += d * x[12 * blocks + e]!
      g1[row + width - 1]! += d
    }
  }
  return (x: Float32Array, target: number, weight: number, g1: Float32Array, g2: Float32Array) => {
    forward(x)
    const loss = -weight * Math.log(Math.max(1e-9, scores[target]!))
    for (let r = 0; r < 12; r++) backRoot(x, r, weight, target, g1, g2)
    return loss
  }
}

const adam = (weights: Float32Array, decay: number) => {
  const mean = new Float32Array(weights.length)
  const square = new Float32Array(weights.length)
  let steps = 0
  return (g: Float32Array, rate: number) => {
    steps++
    const [c1, c2] = [1 - 0.9 ** steps, 1 - 0.999 ** steps]
    for (let i = 0; i < weights.length; i++) {
      mean[i] = 0.9 * mean[i]! + 0.1 * g[i]!
      square[i] = 0.999 * square[i]! + 0.001 * g[i]! ** 2
      weights[i]! -= rate * (mean[i]! / c1 / (Math.sqrt(square[i]! / c2) + 1e-8) + decay * weights[i]!)
    }
  }
}

const shuffle = (order: Uint32Array, random: Random) => {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
}

/** In place. */
export const learn = (net: RotatingNet, samples: readonly Sample[], how: Learning) => {
  const random = randomFrom(how.seed)
  const [g1, g2] = [new Float32Array(net.first.length), new Float32Array(net.second.length)]
  const [step1, step2] = [adam(net.first, how.decay), adam(net.second, how.decay)]
  const add = gradient(net)
  const x = new Float32Array(inputsOf(net))
  const order = Uint32Array.from(samples, (_, i) => i)
  for (let epoch = 0; epoch < how.epochs; epoch++) {
    shuffle(order, random)
    const rate = how.rate * 0.5 * (1 + Math.cos((Math.PI * epoch) / how.epochs))
    let [loss, total] = [0, 0]
    for (let from = 0; from < order.length; from += how.batch) {
      g1.fill(0)
      g2.fill(0)
      const to = Math.min(order.length, from + how.batch)
      for (let i = from; i < to; i++) {
        const sample = samples[order[i]!]!
        how.vary(sample.x, x, random)
        loss += add(x, sample.target, sample.weight, g1, g2)
        total += sample.weight
      }
      for (let i = 0; i < g1.length; i++) g1[i]! /= to - from
      for (let i = 0; i < g2.length; i++) g2[i]! /= to - from
      step1(g1, rate)
      step2(g2, rate)
    }
    how.report?.(epoch, loss / total, net)
  }
}

/** Share of samples whose best score is the target. */
export const accuracy = (net: RotatingNet, samples: readonly Sample[]) => {
  const { run, scores } = runnerOf(net)
  let right = 0
  for (const { x, target } of samples) {
    run(x, 0)
    let best = 0
    for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i
    if (best === target) right++
  }
  return right / Math.max(1, samples.length)
}

/** Source text: 16-bit whole numbers in base64 and their unit, as `unpack` reads them. */
export const packed = (weights: Float32Array) => {
  const scale = weights.reduce((top, value) => Math.max(top, Math.abs(value)), 1e-9) / 32_767
  const bytes = Buffer.alloc(weights.length * 2)
  weights.forEach((value, i) => bytes.writeInt16LE(Math.round(value / scale), 2 * i))
  return `unpack(\n    '${bytes.toString('base64')}',\n    ${scale},\n  )`
}

/** Source text of an object literal. */
export const sourceOf = ({ blocks, extras, hidden, outputs, none, first, second }: RotatingNet) =>
  `{\n  blocks: ${blocks},\n  extras: ${extras},\n  hidden: ${hidden},\n  outputs: ${outputs},\n  none: ${none},\n  first: ${packed(first)},\n  second: ${packed(second)},\n}`
