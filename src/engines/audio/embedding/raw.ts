/** All raw values of similarity, block by block, before any learned weight. */
import { HARMONY_VALUES, harmonyOf } from './harmony.ts'
import type { Heard } from './heard.ts'
import { RHYTHM_VALUES, rhythmOf } from './rhythm.ts'
import { TIMBRE_VALUES, timbreOf } from './timbre.ts'

/** Raw values and dimensions of each block, in the order in which they follow each other. */
export const BLOCKS = [
  { name: 'timbre', values: TIMBRE_VALUES, dimensions: 26 },
  { name: 'harmony', values: HARMONY_VALUES, dimensions: 18 },
  { name: 'rhythm', values: RHYTHM_VALUES, dimensions: 20 },
] as const

export const EMBEDDING_DIMENSIONS = 64
export const RAW_VALUES = TIMBRE_VALUES + HARMONY_VALUES + RHYTHM_VALUES

/** What is no number (of input that is no music) becomes 0. */
export const rawOf = (heard: Heard): Float32Array => {
  const out = new Float32Array(RAW_VALUES)
  let at = 0
  for (const block of [timbreOf(heard), harmonyOf(heard), rhythmOf(heard)]) {
    for (const value of block) out[at++] = Number.isFinite(value) ? value : 0
  }
  return out
}
