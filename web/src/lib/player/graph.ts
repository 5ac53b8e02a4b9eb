/** What a deck has in the graph: the loudness of its track, then what fades in and out. */
export type Strip = { readonly gain: GainNode; readonly fade: GainNode }
export type Graph = {
  readonly context: AudioContext
  readonly volume: GainNode
  readonly analyser: AnalyserNode
  readonly strips: readonly Strip[]
}

const FFT_SIZE = 2048
const ANALYSER_SMOOTHING = 0.6
/** So long do gains glide, so that nothing clicks. */
const GLIDE_SEC = 0.04

/**
 * Tests that measure what leaves the loudspeaker put a function of this name on the page before the app begins. It is
 * given the context and the last node before the ear. The app itself never sets it.
 */
type Tap = { tuttiSound?: (context: AudioContext, last: AudioNode) => void }

/** Phones of Apple: sound of this page goes on when the screen is locked, as that of a music player. */
function claimPlayback(): void {
  const session = (navigator as { audioSession?: { type: string } }).audioSession
  if (session) session.type = 'playback'
}

function stripOf(context: AudioContext, element: HTMLAudioElement, to: readonly AudioNode[]): Strip {
  const gain = context.createGain()
  const fade = context.createGain()
  context.createMediaElementSource(element).connect(gain)
  gain.connect(fade)
  for (const node of to) fade.connect(node)
  return { gain, fade }
}

/** Each element → its gain → its fade → volume → ear, and beside it → analyser. Null where there is no Web Audio. */
export function makeGraph(elements: readonly HTMLAudioElement[]): Graph | null {
  if (typeof AudioContext === 'undefined') return null
  claimPlayback()
  const context = new AudioContext({ latencyHint: 'playback' })
  const volume = context.createGain()
  const analyser = context.createAnalyser()
  analyser.fftSize = FFT_SIZE
  analyser.smoothingTimeConstant = ANALYSER_SMOOTHING
  volume.connect(context.destination)
  ;(globalThis as Tap).tuttiSound?.(context, volume)
  return { context, volume, analyser, strips: elements.map((e) => stripOf(context, e, [volume, analyser])) }
}

/** Where a gain goes in a straight line. */
type Course = { readonly from: number; readonly to: number; readonly startSec: number; readonly endSec: number }
/** What a gain says of itself is some blocks old: in the middle of a ramp, its value is worked out from here. */
const courses = new WeakMap<AudioParam, Course>()
/** Nothing else may be planned for a gain that follows a curve. */
const curved = new WeakSet<AudioParam>()
/** Ends a curve where it is: those are slow, so what a gain says of itself is near enough. */
function endCurve({ context }: Graph, gain: AudioParam): void {
  if (!curved.delete(gain)) return
  const { value } = gain
  gain.cancelScheduledValues(0)
  gain.setValueAtTime(value, context.currentTime)
}

function valueAt({ from, to, startSec, endSec }: Course, sec: number): number {
  const share = (sec - startSec) / Math.max(1e-6, endSec - startSec)
  return from + (to - from) * Math.min(1, Math.max(0, share))
}

/** Goes to a value in a straight line of `sec`, from where it is; `inSec` from now. */
export function ramp(graph: Graph, { gain }: GainNode, to: number, o: { sec: number; inSec?: number }): void {
  const { context } = graph
  endCurve(graph, gain)
  // What is computed already cannot be changed: a ramp that begins before its end would begin with a step.
  const at = context.currentTime + Math.max(context.baseLatency, o.inSec ?? 0)
  const before = courses.get(gain) ?? { from: gain.value, to: gain.value, startSec: 0, endSec: 0 }
  const value = valueAt(before, at)
  gain.cancelScheduledValues(at)
  if (before.startSec < at && at < before.endSec) gain.linearRampToValueAtTime(value, at)
  else gain.setValueAtTime(value, at)
  gain.linearRampToValueAtTime(to, at + o.sec)
  courses.set(gain, { from: value, to, startSec: at, endSec: at + o.sec })
}

/** Goes to a value, so softly that nothing clicks. */
export const glide = (graph: Graph, node: GainNode, to: number): void => ramp(graph, node, to, { sec: GLIDE_SEC })

/** Is at a value at once: only while nothing sounds. */
export function jump({ gain }: GainNode, to: number): void {
  courses.delete(gain)
  curved.delete(gain)
  gain.cancelScheduledValues(0)
  gain.value = to
}

/** Follows a curve for `sec` from now on. */
export function follow({ context }: Graph, { gain }: GainNode, curve: Float32Array<ArrayBuffer>, sec: number): void {
  courses.delete(gain)
  gain.cancelScheduledValues(0)
  gain.setValueCurveAtTime(curve, context.currentTime, sec)
  curved.add(gain)
}
