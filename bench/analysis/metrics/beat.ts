/** `mir_eval.beat`. Times ascending. */
import { median, precisionRecall, roundHalfEven, searchSorted, type Times, unique } from './util.ts'

const TRIM_SEC = 5
const WINDOW_SEC = 0.07
const CEMGIL_SIGMA_SEC = 0.04
const GOTO = { threshold: 0.35, mu: 0.2, sigma: 0.2 }
const P_SCORE_SHARE = 0.2
const P_SCORE_PER_SEC = 100
const CONTINUITY = 0.175
const ERROR_BINS = 41

/** What comes before 5 s does not count. */
export const trimBeats = (beats: Iterable<number>): number[] => Array.from(beats).filter((beat) => beat >= TRIM_SEC)

export const beatF = (reference: Times, estimated: Times) => precisionRecall(reference, estimated, WINDOW_SEC).f

/** Reference beats as given, off-beat, double, half (odd), half (even). */
const variations = (reference: Times): number[][] => {
  const double = reference.flatMap((beat, i) => {
    const before = reference[i - 1]
    return before === undefined ? [beat] : [(beat - before) * 0.5 + before, beat]
  })
  return [
    [...reference],
    double.filter((_, i) => i % 2 === 1),
    double,
    reference.filter((_, i) => i % 2 === 0),
    reference.filter((_, i) => i % 2 === 1),
  ]
}

/** Index of the nearest; of equally near ones the first. */
const nearest = (times: Times, value: number) => {
  let best = Math.max(0, searchSorted(times, value, 'left') - 1)
  while (best > 0 && Math.abs(times[best - 1]! - value) <= Math.abs(times[best]! - value)) best--
  const from = best
  for (let i = from + 1; i < Math.min(times.length, from + 3); i++)
    if (Math.abs(times[i]! - value) < Math.abs(times[best]! - value)) best = i
  return best
}

/** Gaussian error of each beat: at the given level, and at the best of its variations. */
export const cemgil = (reference: Times, estimated: Times): { score: number; best: number } => {
  if (reference.length === 0 || estimated.length === 0) return { score: 0, best: 0 }
  const scores = variations(reference).map((beats) => {
    const sum = beats.reduce((total, beat) => {
      const error = Math.abs(beat - estimated[nearest(estimated, beat)]!)
      return total + Math.exp(-(error ** 2) / (2 * CEMGIL_SIGMA_SEC ** 2))
    }, 0)
    return sum / (0.5 * (estimated.length + beats.length))
  })
  return { score: scores[0]!, best: Math.max(...scores) }
}

/** −.5 … .5 of the gap to the neighbour beat, 1 where not exactly one estimate is near. */
const gotoErrors = (reference: Times, estimated: Times) =>
  reference.map((beat, n) => {
    if (n === 0 || n === reference.length - 1) return 1
    const before = 0.5 * (beat - reference[n - 1]!)
    const after = 0.5 * (reference[n + 1]! - beat)
    const within = estimated.filter((time) => time >= beat - before && time < beat + after)
    if (within.length !== 1) return 1
    const offset = within[0]! - beat
    return offset / (offset < 0 ? before : after)
  })

const longestGap = (places: number[]) => {
  let best = 0
  places.forEach((place, i) => {
    if (i > 0 && place - places[i - 1]! > places[best + 1]! - places[best]!) best = i - 1
  })
  return { from: places[best]!, to: places[best + 1]! }
}

/** The stretch that is judged, or undefined where none is long enough. */
const gotoTrack = (errors: number[]): number[] | undefined => {
  const wrong = errors.flatMap((error, i) => (Math.abs(error) > GOTO.threshold ? [i] : []))
  if (wrong.length < 3) return errors.slice(wrong[0]! + 1, wrong.at(-1)! - 1)
  const { from, to } = longestGap(wrong)
  return to - from - 1 > 0.25 * (errors.length - 2) ? errors.slice(from, to + 1) : undefined
}

/** 1 when a long stretch is tracked well, else 0. */
export const goto = (reference: Times, estimated: Times): number => {
  if (reference.length === 0 || estimated.length === 0) return 0
  const track = gotoTrack(gotoErrors(reference, estimated))
  if (!track) return 0
  const n = track.length
  const mean = track.reduce((a, b) => a + b, 0) / n
  const absolute = track.reduce((a, b) => a + Math.abs(b), 0) / n
  const deviation = Math.sqrt(track.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1))
  return absolute < GOTO.mu && deviation < GOTO.sigma ? 1 : 0
}

/** McKinney's P-score: how many pairs of beats lie within a fifth of the median interval. */
export const pScore = (reference: Times, estimated: Times): number => {
  if (reference.length <= 1 || estimated.length <= 1) return 0
  const offset = Math.min(estimated[0]!, reference[0]!)
  const train = (beats: Times) => unique(beats.map((beat) => Math.ceil((beat - offset) * P_SCORE_PER_SEC)))
  const [ours, theirs] = [train(reference), train(estimated)]
  const window = roundHalfEven(P_SCORE_SHARE * median(ours.slice(1).map((place, i) => place - ours[i]!)))
  const end = Math.ceil(Math.max(estimated.at(-1)! - offset, reference.at(-1)! - offset))
  // The correlation has 2 · length − 1 places; a window beyond its edges is read as NumPy reads a negative index.
  const length = end * P_SCORE_PER_SEC + 1
  const begin = length - 1 - window
  const lowest = (begin < 0 ? Math.max(0, begin + 2 * length - 1) : begin) - (length - 1)
  let pairs = 0
  for (const r of ours) pairs += searchSorted(theirs, r - lowest, 'right') - searchSorted(theirs, r - window, 'left')
  return Math.max(0, pairs) / Math.max(reference.length, estimated.length)
}

const isContinuous = (reference: Times, estimated: Times, m: number, near: number) => {
  const forward = m === 0 || near === 0
  const interval = (times: Times, i: number) =>
    forward && i + 1 < times.length ? times[i + 1]! - times[i]! : times[i]! - times[i - 1]!
  const expected = interval(reference, near)
  const phase = Math.abs(Math.abs(estimated[m]! - reference[near]!) / expected)
  const period = Math.abs(1 - interval(estimated, m) / expected)
  return phase < CONTINUITY && period < CONTINUITY
}

const continuityOf = (reference: Times, estimated: Times) => {
  const size = Math.max(reference.length, estimated.length)
  const used = new Uint8Array(size)
  let run = 0
  let longest = 0
  let total = 0
  estimated.forEach((beat, m) => {
    const near = nearest(reference, beat)
    const success = used[near] === 0 && isContinuous(reference, estimated, m, near)
    if (success) used[near] = 1
    run = success ? run + 1 : 0
    total += success ? 1 : 0
    longest = Math.max(longest, run)
  })
  return { continuous: longest / size, total: total / size }
}

/** Correct and any metrical level, longest run and total share. */
export const continuity = (reference: Times, estimated: Times) => {
  if (reference.length <= 1 || estimated.length <= 1) return { cmlC: 0, cmlT: 0, amlC: 0, amlT: 0 }
  const scores = variations(reference).map((beats) => continuityOf(beats, estimated))
  return {
    cmlC: scores[0]!.continuous,
    cmlT: scores[0]!.total,
    amlC: Math.max(...scores.map((score) => score.continuous)),
    amlT: Math.max(...scores.map((score) => score.total)),
  }
}

/** Half the gap on the side of the error; before the first beat the gap wraps round, as it does in `mir_eval`. */
const halfGap = (reference: Times, closest: number, error: number) => {
  const last = reference.length - 1
  if (closest === last) return 0.5 * (reference[last]! - reference[last - 1]!)
  if (error < 0) return 0.5 * (reference[closest]! - reference.at(closest - 1)!)
  return 0.5 * (reference[closest + 1]! - reference[closest]!)
}

const entropy = (reference: Times, estimated: Times) => {
  const edges = Float64Array.from({ length: ERROR_BINS + 1 }, (_, i) => i * (1 / ERROR_BINS) - 0.5)
  edges[ERROR_BINS] = 0.5
  const counts = new Float64Array(ERROR_BINS)
  for (const beat of estimated) {
    const closest = nearest(reference, beat)
    const error = beat - reference[closest]!
    const share = ((0.5 * error) / halfGap(reference, closest, error) + 0.5) % 1
    const wrapped = (share > 0 ? share - 1 : share) + 0.5
    counts[Math.min(ERROR_BINS - 1, searchSorted(edges, wrapped, 'right') - 1)]!++
  }
  const total = counts.reduce((a, b) => a + b)
  return counts.reduce((sum, count) => (count > 0 ? sum - (count / total) * Math.log2(count / total) : sum), 0)
}

/** How far the histogram of beat errors is from a flat one, 0..1. */
export const informationGain = (reference: Times, estimated: Times): number => {
  if (reference.length <= 1 || estimated.length <= 1) return 0
  const norm = Math.log2(ERROR_BINS)
  return (norm - Math.max(entropy(reference, estimated), entropy(estimated, reference))) / norm
}
