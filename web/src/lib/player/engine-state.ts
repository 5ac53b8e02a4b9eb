import { type Deck, positionOf, seekOn, type Track, turnElement } from './deck.ts'
import { type Graph, glide, makeGraph, ramp } from './graph.ts'
import type { Heard } from './reel/source.ts'

export type EngineEvents = {
  /** The track that was preloaded took over by itself. */
  onAdvance(key: string): void
  /** The end, and nothing was preloaded. */
  onEnd(): void
  onChange(): void
  onFault(key: string): void
  /** The sound ran dry in mid-track. */
  onStall(): void
  heard: Heard
}
type Timer = ReturnType<typeof setTimeout> | undefined
export type State = {
  readonly decks: readonly [Deck, Deck]
  active: 0 | 1
  /** Undefined before the first play, null where there is no Web Audio. */
  graph: Graph | null | undefined
  volume: number
  /** What the person wants; the element follows within a fade. */
  wantsPlay: boolean
  /** A seek that waits for the sound to fade. */
  seekTo: number | null
  endTimer: Timer
  pauseTimer: Timer
  seekTimer: Timer
  crossTimer: Timer
  /** What the spare deck shall hold as soon as the last moments of its old track are over. */
  waiting: { track: Track | null } | undefined
  /** Addresses that no reel takes. */
  readonly unfit: Set<string>
  /** Sound came since the last jump: silence from now on is a stall. */
  hasSounded: boolean
  /** The border for which gains are turned already, by the key of what follows. */
  nearKey: string
  readonly events: EngineEvents
}

/** Sound that is cut fades this long before, and comes back as long after. */
export const FADE_SEC = 0.012
/** From here on a track is no more at its beginning. */
const MID_SEC = 0.02

export const deckOf = (e: State): Deck => e.decks[e.active]
export const spareOf = (e: State): Deck => e.decks[e.active === 0 ? 1 : 0]
export const swap = (e: State): void => void (e.active = e.active === 0 ? 1 : 0)
export const canFade = (e: State): e is State & { graph: Graph } =>
  Boolean(e.graph) && e.graph?.context.state === 'running' && !document.hidden

/** Turns a deck to the gain of its track. */
export function applyGain(e: State, d: Deck): void {
  if (d.strip && e.graph) glide(e.graph, d.strip.gain, d.track?.gain ?? 1)
  turnElement(d, e.graph, e.volume)
}
/** Sound is made in blocks: only two of them later has a fade surely been heard. */
const BLOCKS = 2
const FADED_SEC_MAX = 0.25
export const fadedInMs = ({ graph }: State): number =>
  Math.min(FADED_SEC_MAX, FADE_SEC + BLOCKS * (graph?.context.baseLatency ?? 0)) * 1000

/** Silent at once: nothing sounds now. */
function hush({ strip }: Deck): void {
  strip?.fade.gain.cancelScheduledValues(0)
  if (strip) strip.fade.gain.value = 0
}
export function fadeTo(e: State, d: Deck, to: number): void {
  if (d.strip && e.graph) ramp(e.graph, d.strip.fade, to, { sec: FADE_SEC })
}

/** Browsers let sound begin only from a touch or key, so the graph is made at the first play. */
function ensureGraph(e: State): void {
  if (e.graph === undefined) {
    try {
      e.graph = makeGraph(e.decks.map((d) => d.element))
    } catch {
      e.graph = null
    }
    e.decks.forEach((d, i) => {
      d.strip = e.graph?.strips[i] ?? null
      if (d.strip) d.strip.gain.gain.value = d.track?.gain ?? 1
      turnElement(d, e.graph, e.volume)
      // Within the first touch: some phones let an element start by itself only after this.
      if (!d.track) d.element.load()
    })
    if (e.graph) e.graph.volume.gain.value = e.volume
  }
  if (e.graph && e.graph.context.state !== 'running') void e.graph.context.resume().catch(() => undefined)
}

export function start(e: State, d: Deck): void {
  ensureGraph(e)
  clearTimeout(e.pauseTimer)
  e.wantsPlay = true
  // At the end, an element would begin anew where its buffer does.
  if (d.element.ended) seekOn(d, 0)
  // In mid-music the sound comes from nothing, as soon as it comes; a beginning is left as sharp as it is.
  if (d.element.paused && positionOf(d) > MID_SEC) hush(d)
  else fadeTo(e, d, 1)
  d.element.play().catch(() => {
    // A refused start (no touch yet) or one that a new track overtook: the state that is read next says so.
    if (d === deckOf(e) && d.element.paused) e.wantsPlay = false
    e.events.onChange()
  })
}

export function forgetEnd(e: State): void {
  clearTimeout(e.endTimer)
  e.endTimer = undefined
  e.nearKey = ''
}
