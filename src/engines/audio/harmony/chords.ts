/** Chords in time: the network's scores of every cell, smoothed by what follows what (Viterbi). */
import type { Kernels } from '#engines/audio/kernels.ts'
import { CHORD_NET, CHORD_PRIORS } from './chord-model.ts'
import { CHORD_STEPS } from './chord-steps.ts'
import type { Cells } from './cells.ts'
import { hearCells } from './heard.ts'
import { runnerOf, softmax } from './net.ts'
import { CHORD_STATES, chordLabel, NO_CHORD, QUALITIES } from './qualities.ts'

export type ChordSpan = {
  startSec: number
  endSec: number
  /** Harte's syntax: `C:maj`, `F#:min7`; `N` where no chord is heard. */
  label: string
  /** Mean probability of the label over the span, 0..1. */
  confidence: number
}

/** Chords of one analysis; a longer track loses its shortest-lived ones to their neighbours. */
export const CHORDS_MAX = 4096

/** How much rare chords are lifted: 0 as rare as in the lessons, 1 as likely as all others. */
const PRIOR_SHARE = 0.3
/** How likely a chord goes on, per second and per cell: changes come with both. */
const STAY_LOG = Math.log(0.85)
const LEAVE_LOG = Math.log(0.15)
/** How much what follows what counts. */
const STEP_SHARE = 0.5
const KINDS = QUALITIES.length

const lift = Float32Array.from({ length: CHORD_STATES }, (_, state) => {
  const prior = state === NO_CHORD ? CHORD_PRIORS[KINDS]! : CHORD_PRIORS[state % KINDS]!
  return -PRIOR_SHARE * Math.log(Math.max(1e-3, prior))
})

/** Probabilities of all states in every cell, `CHORD_STATES` a cell. */
export const chordPosteriors = (cells: Cells, kernels?: Kernels): Float32Array => {
  const out = new Float32Array(cells.count * CHORD_STATES)
  const { run, scores } = runnerOf(CHORD_NET, kernels)
  hearCells(cells, (inputs, cell) => {
    run(inputs, 0)
    softmax(scores)
    out.set(scores, cell * CHORD_STATES)
  })
  return out
}

const FROM_NONE_LOG = -Math.log(12 * KINDS)

/** Log share of each change, from · CHORD_STATES + to. */
const changes = (() => {
  const out = new Float32Array(CHORD_STATES * CHORD_STATES).fill(STEP_SHARE * FROM_NONE_LOG)
  for (let from = 0; from < NO_CHORD; from++)
    for (let to = 0; to < NO_CHORD; to++) {
      const interval = (Math.floor(to / KINDS) - Math.floor(from / KINDS) + 12) % 12
      out[from * CHORD_STATES + to] = STEP_SHARE * CHORD_STEPS[((from % KINDS) * 12 + interval) * KINDS + (to % KINDS)]!
    }
  for (let i = 0; i < out.length; i++) out[i]! += LEAVE_LOG
  for (let state = 0; state < CHORD_STATES; state++) out[state * CHORD_STATES + state] = STAY_LOG
  return out
})()

/** Only states this near the best of their cell are left for another chord: keeps the search short, and its answer. */
const BEAM = 12

/** The likeliest sequence of states. */
export const chordPath = (posteriors: Float32Array, count: number): Uint8Array => {
  const back = new Uint8Array(count * CHORD_STATES)
  let now = new Float64Array(CHORD_STATES)
  let next = new Float64Array(CHORD_STATES)
  for (let cell = 0; cell < count; cell++) {
    const top = now.reduce((a, b) => Math.max(a, b), -Infinity)
    for (let to = 0; to < CHORD_STATES; to++) {
      next[to] = now[to]! + STAY_LOG
      back[cell * CHORD_STATES + to] = to
    }
    for (let from = 0; from < CHORD_STATES; from++) {
      if (now[from]! < top - BEAM) continue
      for (let to = 0; to < CHORD_STATES; to++) {
        const score = now[from]! + changes[from * CHORD_STATES + to]!
        if (score <= next[to]!) continue
        next[to] = score
        back[cell * CHORD_STATES + to] = from
      }
    }
    for (let to = 0; to < CHORD_STATES; to++)
      next[to]! += Math.log(posteriors[cell * CHORD_STATES + to]! + 1e-6) + lift[to]!
    ;[now, next] = [next, now]
  }
  const path = new Uint8Array(count)
  let state = 0
  for (let i = 1; i < CHORD_STATES; i++) if (now[i]! > now[state]!) state = i
  for (let cell = count - 1; cell >= 0; cell--) {
    path[cell] = state
    state = back[cell * CHORD_STATES + state]!
  }
  return path
}

type Run = { from: number; to: number; state: number }

const runsOf = (path: Uint8Array): Run[] => {
  const out: Run[] = []
  for (let from = 0, to = 0; from < path.length; from = to) {
    for (to = from; to < path.length && path[to] === path[from]; ) to++
    out.push({ from, to, state: path[from]! })
  }
  return out
}

/** Runs shorter than `cells` take in what follows until they are as long; the longest gives its state. */
const absorbed = (runs: Run[], cells: number): Run[] => {
  const out: Run[] = []
  let longest = 0
  for (const run of runs) {
    const last = out.at(-1)
    const length = run.to - run.from
    if (last && (last.to - last.from < cells || run.state === last.state)) {
      last.to = run.to
      if (length > longest) [last.state, longest] = [run.state, length]
    } else {
      out.push({ ...run })
      longest = length
    }
  }
  return out
}

/** What sounds, from the first cell to the last. All of a silent track is one `N`. */
export const chordSpans = (
  { count, edgesSec }: Cells,
  posteriors: Float32Array,
  path: Uint8Array,
  sureness: number,
): ChordSpan[] => {
  let runs = runsOf(path.subarray(0, count))
  for (let cells = 2; runs.length > CHORDS_MAX; cells *= 2) runs = absorbed(runs, cells)
  return runs.map(({ from, to, state }) => {
    let sum = 0
    for (let cell = from; cell < to; cell++) sum += posteriors[cell * CHORD_STATES + state]!
    return {
      startSec: edgesSec[from]!,
      endSec: edgesSec[to]!,
      label: chordLabel(state),
      confidence: (sureness * sum) / (to - from),
    }
  })
}
