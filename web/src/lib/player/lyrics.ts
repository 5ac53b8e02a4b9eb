export type Line = { timeMs: number; text: string }

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
