/** Which file of a take sounds from `fromSec` of the reel on, and how many bits its samples have, where that is known. */
export type Part = { readonly fromSec: number; readonly url: string; readonly bits: number | null }

/** A line that swings all day long makes no more of them; the oldest were heard long ago. */
const PARTS_MAX = 50

/** Goes on with another file: nothing of what came before lies after its beginning. */
export const withPart = (parts: readonly Part[], part: Part): readonly Part[] =>
  [...parts.filter((p) => p.fromSec < part.fromSec), part].slice(-PARTS_MAX)

/** What sounds at `sec`; before the first, that. */
export const partAt = (parts: readonly Part[], sec: number): Part | null =>
  parts.findLast((p) => p.fromSec <= sec) ?? parts[0] ?? null
