/** The tempo over time, from the beats: a broken line of few points that is never further off than a small share. */

/** Points of the curve, and so what a track of any length may take. */
export const CURVE_POINTS_MAX = 256
/** Beats on either side that a tempo is measured over: half a bar irons out what players vary from beat to beat. */
const REACH = 4
/** How far the line may be from what was measured, at first; doubled until the points suffice. */
const TOLERANCE = 0.01

/** Beats a minute around each beat. */
const measured = (beats: Float32Array): Float32Array =>
  beats.map((_, i) => {
    const reach = Math.max(1, Math.min(REACH, i, beats.length - 1 - i))
    const from = Math.max(0, i - reach)
    const to = Math.min(beats.length - 1, i + reach)
    return (60 * (to - from)) / (beats[to]! - beats[from]!)
  })

/** The point between `from` and `to` that is furthest from the line, as a share; −1 where all are near. */
const furthest = (times: Float32Array, values: Float32Array, from: number, to: number, tolerance: number) => {
  const slope = (values[to]! - values[from]!) / (times[to]! - times[from]!)
  let [worst, at] = [tolerance, -1]
  for (let i = from + 1; i < to; i++) {
    const off = Math.abs((values[from]! + slope * (times[i]! - times[from]!)) / values[i]! - 1)
    if (off > worst) [worst, at] = [off, i]
  }
  return at
}

/** Douglas & Peucker (1973), without recursion: a track of three hours has tens of thousands of beats. */
const keyPoints = (times: Float32Array, values: Float32Array, tolerance: number): number[] => {
  const kept = [0, times.length - 1]
  const open: [number, number][] = [[0, times.length - 1]]
  for (let span = open.pop(); span; span = open.pop()) {
    const at = furthest(times, values, span[0], span[1], tolerance)
    if (at < 0) continue
    kept.push(at)
    open.push([span[0], at], [at, span[1]])
  }
  return kept.sort((a, b) => a - b)
}

/** @param beats seconds, ascending. Pairs (seconds, beats a minute); empty below three beats. */
export const tempoCurve = (beats: Float32Array): Float32Array => {
  if (beats.length < 3) return new Float32Array(0)
  const values = measured(beats)
  let tolerance = TOLERANCE
  let points = keyPoints(beats, values, tolerance)
  while (points.length > CURVE_POINTS_MAX) points = keyPoints(beats, values, (tolerance *= 2))
  return Float32Array.from(points.flatMap((i) => [beats[i]!, values[i]!]))
}
