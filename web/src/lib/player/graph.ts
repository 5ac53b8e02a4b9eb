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
/** Time constant of gains that glide, so that nothing clicks. */
const GLIDE_SEC = 0.015

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

/** Glides to a value. */
export const glide = ({ context }: Graph, node: GainNode, to: number): void => {
  node.gain.cancelScheduledValues(context.currentTime)
  node.gain.setTargetAtTime(to, context.currentTime, GLIDE_SEC)
}

/** Goes to a value in a straight line of `sec`, from where it is; `inSec` from now. */
export function ramp({ context }: Graph, node: GainNode, to: number, o: { sec: number; inSec?: number }): void {
  const now = context.currentTime
  const at = now + Math.max(0, o.inSec ?? 0)
  node.gain.cancelScheduledValues(now)
  node.gain.setValueAtTime(node.gain.value, at)
  node.gain.linearRampToValueAtTime(to, at + o.sec)
}

/** Follows a curve for `sec` from now on. */
export function follow({ context }: Graph, node: GainNode, curve: Float32Array<ArrayBuffer>, sec: number): void {
  node.gain.cancelScheduledValues(context.currentTime)
  node.gain.setValueCurveAtTime(curve, context.currentTime, sec)
}
