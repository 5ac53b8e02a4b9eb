/**
 * Heights (0..1) of `count` bars for peaks of any number: each bar is the loudest of its stretch, so that no beat is
 * lost, and the loudest of all touches 1. A gentle root keeps quiet passages visible.
 */
export function barsOf(peaks: Float32Array, count: number): Float32Array {
  const bars = new Float32Array(Math.max(0, count))
  let loudest = 0
  for (let i = 0; i < bars.length; i++) {
    const from = Math.floor((i * peaks.length) / bars.length)
    const to = Math.max(from + 1, Math.floor(((i + 1) * peaks.length) / bars.length))
    for (let k = from; k < to; k++) bars[i] = Math.max(bars[i] ?? 0, peaks[k] ?? 0)
    loudest = Math.max(loudest, bars[i] ?? 0)
  }
  if (loudest === 0) return bars
  return bars.map((bar) => (bar / loudest) ** 0.8)
}

/** A beat grid is drawn only where lines stand at least this far apart; else every second, fourth … of them. */
export function gridOf(
  downbeatsSec: readonly number[],
  durationSec: number,
  widthPx: number,
  leastPx: number,
): number[] {
  if (downbeatsSec.length < 2 || !(durationSec > 0)) return []
  const pxEach = widthPx / downbeatsSec.length
  let step = 1
  while (pxEach * step < leastPx) step *= 2
  return downbeatsSec.filter((_, i) => i % step === 0).map((sec) => (sec / durationSec) * widthPx)
}
