export type Word = { timeMs: number; text: string }
export type Line = { timeMs: number; text: string; words?: readonly Word[] }

/** Index of the line that is sung at a time; -1 before the first. Lines are in order of time. */
export function lineAt(lines: readonly Line[], timeMs: number): number {
  let low = 0
  let high = lines.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((lines[middle]?.timeMs ?? 0) <= timeMs) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** A word that nothing follows soon is over after this long. */
const WORD_MS_MAX = 1500
/** How much of a word is sung, 0..1; `endMs` is where its line ends. */
export function heardShare(words: readonly Word[], at: number, endMs: number, heardMs: number): number {
  const from = words[at]?.timeMs ?? 0
  const to = Math.min(words[at + 1]?.timeMs ?? endMs, from + WORD_MS_MAX)
  if (heardMs >= to) return 1
  return heardMs <= from ? 0 : (heardMs - from) / (to - from)
}
