/** What the timeline draws, as numbers and SVG paths: bounded by the pixels that are there, however long the music. */

export type View = { readonly fromSec: number; readonly toSec: number }
export type Span = { readonly startSec: number; readonly endSec: number; readonly label: string }
export type Box = Span & { readonly xPx: number; readonly widthPx: number }

/** Nearer than this nothing more is to be seen. */
const VIEW_LEAST_SEC = 5
/** One column of the wave. */
const COLUMN_PX = 2
const BOX_LEAST_PX = 1.5
const LABEL_GAP_PX = 70
const TEXT_PX = 36
const STEPS_SEC = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]

export const wholeView = (durationSec: number): View => ({ fromSec: 0, toSec: Math.max(durationSec, 0.1) })
const lengthOf = (view: View): number => view.toSec - view.fromSec
const within = (fromSec: number, lengthSec: number, durationSec: number): View => {
  const from = Math.max(0, Math.min(fromSec, durationSec - lengthSec))
  return { fromSec: from, toSec: from + lengthSec }
}

/** `factor` 2 shows half as much, around a moment that stays where it is. */
export function zoomed(view: View, factor: number, aroundSec: number, durationSec: number): View {
  const least = Math.min(VIEW_LEAST_SEC, durationSec)
  const length = Math.min(durationSec, Math.max(least, lengthOf(view) / factor))
  const share = (aroundSec - view.fromSec) / lengthOf(view)
  return within(aroundSec - share * length, length, durationSec)
}
export const moved = (view: View, bySec: number, durationSec: number): View =>
  within(view.fromSec + bySec, lengthOf(view), durationSec)
/** The next page, once what sounds has left this one. */
export const following = (view: View, sec: number, durationSec: number): View =>
  sec >= view.fromSec && sec < view.toSec ? view : within(sec - 0.05 * lengthOf(view), lengthOf(view), durationSec)

export const xOf = (sec: number, view: View, widthPx: number): number =>
  ((sec - view.fromSec) / lengthOf(view)) * widthPx
export const secOf = (xPx: number, view: View, widthPx: number): number =>
  view.fromSec + (Math.min(Math.max(0, xPx), widthPx) / Math.max(1, widthPx)) * lengthOf(view)

const px = (value: number): string => (Math.round(value * 10) / 10).toString()

export type Wave = { readonly min: readonly number[]; readonly max: readonly number[]; readonly durationSec: number }

/** The outline of the peaks, the loudest of the whole song touching the edge. */
export function wavePath(wave: Wave, view: View, widthPx: number, heightPx: number): string {
  const count = wave.max.length
  const columns = Math.floor(widthPx / COLUMN_PX)
  if (count === 0 || columns === 0) return ''
  const scale = heightPx / 2 / Math.max(0.02, peakOf(wave))
  const top: string[] = []
  const bottom: string[] = []
  for (let i = 0; i <= columns; i++) {
    const x = i * COLUMN_PX
    const from = clampIndex((secOf(x, view, widthPx) / wave.durationSec) * count, count)
    const to = clampIndex((secOf(x + COLUMN_PX, view, widthPx) / wave.durationSec) * count, count)
    let [low, high] = [0, 0]
    for (let k = from; k <= to; k++) {
      low = Math.min(low, wave.min[k] ?? 0)
      high = Math.max(high, wave.max[k] ?? 0)
    }
    top.push(`${x} ${px(heightPx / 2 - high * scale)}`)
    bottom.push(`${x} ${px(heightPx / 2 - low * scale + 0.5)}`)
  }
  return `M${top.join('L')}L${bottom.toReversed().join('L')}Z`
}
const clampIndex = (at: number, count: number): number => Math.max(0, Math.min(count - 1, Math.floor(at)))
const peakOf = (wave: Wave): number => {
  let peak = 0
  for (let i = 0; i < wave.max.length; i++) peak = Math.max(peak, wave.max[i] ?? 0, -(wave.min[i] ?? 0))
  return peak
}

/** Lines at these times; only every second, fourth … where they would stand closer than `leastPx`. */
export function linesPath(
  timesSec: readonly number[],
  view: View,
  o: { widthPx: number; fromPx: number; toPx: number; leastPx: number },
): string {
  const seen = timesSec.filter((sec) => sec >= view.fromSec && sec <= view.toSec)
  const offset = timesSec.findIndex((sec) => sec >= view.fromSec)
  let step = 1
  while (seen.length > 1 && (o.widthPx / seen.length) * step < o.leastPx) step *= 2
  return seen
    .filter((_, i) => (offset + i) % step === 0)
    .map((sec) => `M${px(xOf(sec, view, o.widthPx))} ${o.fromPx}V${o.toPx}`)
    .join('')
}

export type Curve = { readonly values: readonly number[]; readonly stepSec: number }
export type Scale = { readonly low: number; readonly high: number }

/** A curve of at most one point a pixel, each the greatest of its stretch. */
export function curvePath(curve: Curve, view: View, o: { widthPx: number; heightPx: number } & Scale): string {
  if (curve.values.length === 0 || o.widthPx < 1) return ''
  const points: string[] = []
  for (let x = 0; x <= o.widthPx; x++) {
    const from = clampIndex(secOf(x, view, o.widthPx) / curve.stepSec, curve.values.length)
    const to = clampIndex(secOf(x + 1, view, o.widthPx) / curve.stepSec, curve.values.length)
    let value = curve.values[from] ?? o.low
    for (let k = from + 1; k <= to; k++) value = Math.max(value, curve.values[k] ?? o.low)
    points.push(`${x} ${px(yOf(value, o))}`)
  }
  return `M${points.join('L')}`
}
export const yOf = (value: number, o: { heightPx: number } & Scale): number =>
  o.heightPx * (1 - (Math.min(o.high, Math.max(o.low, value)) - o.low) / (o.high - o.low))

/** The stretches that can be seen; what is narrower than a pixel and a half is left out. */
export function boxesOf(spans: readonly Span[], view: View, widthPx: number): Box[] {
  return spans.flatMap((span) => {
    const xPx = Math.max(0, xOf(span.startSec, view, widthPx))
    const wide = Math.min(widthPx, xOf(span.endSec, view, widthPx)) - xPx
    return wide < BOX_LEAST_PX ? [] : [{ ...span, xPx, widthPx: wide }]
  })
}

/** Where the time stands on the axis; not where its text would not fit before the end. */
export function marksOf(view: View, widthPx: number): number[] {
  const most = Math.max(1, Math.floor(widthPx / LABEL_GAP_PX))
  const step = STEPS_SEC.find((s) => lengthOf(view) / s <= most) ?? STEPS_SEC[STEPS_SEC.length - 1] ?? 1
  const first = Math.ceil(view.fromSec / step) * step
  const marks: number[] = []
  for (let sec = first; sec <= view.toSec && marks.length <= most; sec += step) marks.push(sec)
  return marks.filter((sec) => xOf(sec, view, widthPx) <= widthPx - TEXT_PX)
}

/** The last of `spans` (ascending) that has begun; null before the first. */
export function spanAt<T extends { startSec: number }>(spans: readonly T[], sec: number): T | null {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((spans[middle]?.startSec ?? Infinity) <= sec) low = middle + 1
    else high = middle
  }
  return spans[low - 1] ?? null
}

/** Bar and beat at a moment, from 1: “12.3”. Null before the first downbeat. */
export function barAt(beats: readonly number[], downbeats: readonly number[], sec: number): string | null {
  const bar = countUpTo(downbeats, sec)
  if (bar === 0) return null
  const beat = countUpTo(beats, sec) - countUpTo(beats, (downbeats[bar - 1] ?? 0) - 0.01)
  return `${bar}.${Math.max(1, beat)}`
}
function countUpTo(times: readonly number[], sec: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? Infinity) <= sec) low = middle + 1
    else high = middle
  }
  return low
}

const GOLDEN_ANGLE = 137.5
/** Things of one name have one colour, in the order in which they first come. */
export function huesOf(labels: readonly string[]): Map<string, number> {
  const hues = new Map<string, number>()
  for (const label of labels) if (!hues.has(label)) hues.set(label, (40 + hues.size * GOLDEN_ANGLE) % 360)
  return hues
}
