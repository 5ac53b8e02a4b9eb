/** The key of a track, and where it changes: the key network on windows, smoothed (Viterbi): a borrowed chord is no change. */
import { camelotOf, type Key, type KeyGuess, keyName, type Mode } from '#engines/audio/key.ts'
import type { Kernels } from '#engines/audio/kernels.ts'
import { KEY_NET, KEY_TEMPERATURE } from './key-model.ts'
import { runnerOf, softmax } from './net.ts'
import { KEY_INPUTS, type Tonal, tonalBetween } from './tonal.ts'

export type KeySpan = {
  startSec: number
  endSec: number
  tonic: number
  mode: Mode
  name: string
  camelot: string
  confidence: number
}

const KEYS = 24
/** What one step sees, each side. */
const REACH_SEC = 9
/** What a second of music says about its key, given that its window is heard again and again. */
const SECOND_WEIGHT = 0.12
/** Cost of a change. */
const CHANGE_COST = 4
export const KEY_SPANS_MAX = 256
const ALTERNATIVES = 3

const modeOf = (state: number): Mode => (state % 2 === 0 ? 'major' : 'minor')
const tonicOf = (state: number) => state >> 1

/** Probabilities of the 24 keys of a stretch; all alike where nothing sounds. */
const judge = (kernels?: Kernels) => {
  const inputs = new Float32Array(KEY_INPUTS)
  const { run, scores } = runnerOf(KEY_NET, kernels)
  return (tonal: Tonal, from: number, to: number): Float32Array => {
    if (!tonalBetween(tonal, from, to, inputs)) return scores.fill(1 / KEYS)
    run(inputs, 0)
    for (let i = 0; i < KEYS; i++) scores[i]! /= KEY_TEMPERATURE
    softmax(scores)
    return scores
  }
}

type Judge = ReturnType<typeof judge>

/** Log probabilities of the window around each step, times the seconds of the step. */
const evidenceOf = (tonal: Tonal, probabilities: Judge) => {
  const out = new Float32Array(tonal.count * KEYS)
  const { edgesSec, count } = tonal
  for (let step = 0, from = 0, to = 0; step < count; step++) {
    const middle = (edgesSec[step]! + edgesSec[step + 1]!) / 2
    while (edgesSec[from]! < middle - REACH_SEC) from++
    while (to < count && edgesSec[to]! < middle + REACH_SEC) to++
    const weight = SECOND_WEIGHT * (edgesSec[step + 1]! - edgesSec[step]!)
    const heard = probabilities(tonal, Math.min(from, step), to)
    for (let key = 0; key < KEYS; key++) out[step * KEYS + key] = weight * Math.log(heard[key]! + 1e-5)
  }
  return out
}

const bestOf = (x: ArrayLike<number>) => {
  let best = 0
  for (let i = 1; i < x.length; i++) if (x[i]! > x[best]!) best = i
  return best
}

/** The likeliest key of each step. */
const keyPath = (evidence: Float32Array, count: number): Uint8Array => {
  const back = new Uint8Array(count * KEYS)
  const now = new Float64Array(KEYS)
  for (let step = 0; step < count; step++) {
    const best = bestOf(now)
    const changed = now[best]! - CHANGE_COST
    for (let key = 0; key < KEYS; key++) {
      const stays = now[key]! >= changed
      back[step * KEYS + key] = stays ? key : best
      now[key] = (stays ? now[key]! : changed) + evidence[step * KEYS + key]!
    }
  }
  const path = new Uint8Array(count)
  let key = bestOf(now)
  for (let step = count - 1; step >= 0; step--) {
    path[step] = key
    key = back[step * KEYS + key]!
  }
  return path
}

type Run = { from: number; to: number; key: number }

const runsOf = (path: Uint8Array): Run[] => {
  const runs: Run[] = []
  for (let from = 0, to = 0; from < path.length; from = to) {
    for (to = from; to < path.length && path[to] === path[from]; ) to++
    runs.push({ from, to, key: path[from]! })
  }
  return runs
}

const guessOf = (state: number, confidence: number): KeyGuess => ({
  tonic: tonicOf(state),
  mode: modeOf(state),
  name: keyName(tonicOf(state), modeOf(state)),
  confidence,
})

const spanOf = (tonal: Tonal, { from, to, key }: Run, confidence: number): KeySpan => ({
  startSec: tonal.edgesSec[from]!,
  endSec: tonal.edgesSec[to]!,
  ...guessOf(key, confidence),
  camelot: camelotOf(tonicOf(key), modeOf(key)),
})

const keyOf = (shares: Float64Array): Key => {
  const order = Array.from(shares.keys()).sort((a, b) => shares[b]! - shares[a]! || a - b)
  const [first, ...others] = order.slice(0, 1 + ALTERNATIVES).map((state) => guessOf(state, shares[state]!))
  return { ...first!, camelot: camelotOf(first!.tonic, first!.mode), alternatives: others }
}

export type Keys = { key: Key; keys: KeySpan[] }

/**
 * The key of the track is that of most of its time. `sureness` 0..1 says how much of what is heard is music with
 * pitches at all: all confidences are scaled by it. Silence: C major with confidence 0, and no spans.
 */
export const findKeys = (tonal: Tonal, sureness: number, kernels?: Kernels): Keys => {
  const probabilities = judge(kernels)
  const sounding = tonal.soundingSec[tonal.count] ?? 0
  const shares = new Float64Array(KEYS)
  if (sounding <= 0) return { key: keyOf(shares), keys: [] }
  const runs = runsOf(keyPath(evidenceOf(tonal, probabilities), tonal.count)).slice(0, KEY_SPANS_MAX)
  const keys = runs.map((run) => {
    const heard = probabilities(tonal, run.from, run.to)
    // A single key is that of the whole, whatever its windows said.
    const key = runs.length === 1 ? bestOf(heard) : run.key
    const share = (tonal.soundingSec[run.to]! - tonal.soundingSec[run.from]!) / sounding
    for (let i = 0; i < KEYS; i++) shares[i]! += sureness * share * heard[i]!
    return spanOf(tonal, { ...run, key }, sureness * heard[key]!)
  })
  return { key: keyOf(shares), keys }
}
