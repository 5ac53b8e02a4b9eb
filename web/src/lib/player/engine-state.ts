import { type Deck, positionOf, seekOn, type Track, turnElement } from './deck.ts'
import { type Graph, glide, jump, makeGraph, ramp } from './graph.ts'
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
export type Timer = ReturnType<typeof setTimeout> | undefined
export type State = {
  readonly decks: readonly [Deck, Deck]
  active: 0 | 1
  /** Undefined before the first play, null where there is no Web Audio. */
  graph: Graph | null | undefined
  volume: number
  /** What the person wants; the element follows within a fade. */
  wantsPlay: boolean
  /** A jump that waits for the sound to fade, or for the element. */
  seekTo: number | null
  endTimer: Timer
  pauseTimer: Timer
  seekTimer: Timer
  crossTimer: Timer
  riseTimer: Timer
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
export const MID_SEC = 0.02

export const deckOf = (e: State): Deck => e.decks[e.active]
export const spareOf = (e: State): Deck => e.decks[e.active === 0 ? 1 : 0]
export const swap = (e: State): void => void (e.active = e.active === 0 ? 1 : 0)
export const canFade = (e: State): e is State & { graph: Graph } =>
  Boolean(e.graph) && e.graph?.context.state === 'running' && !document.hidden

/** Turns a deck to the gain of its track. */
export function applyGain(e: State, d: Deck): void {
  const gain = d.track?.gain ?? 1
  if (d.strip && e.graph && !d.element.paused) glide(e.graph, d.strip.gain, gain)
  else if (d.strip) jump(d.strip.gain, gain)
  turnElement(d, e.graph, e.volume)
}
/** A fade is waited for by the clock of the sound, which stands still where a busy machine makes none; not for ever. */
const FADED_MS_MAX = 300
const LOOK_MS = 10
/** Runs once the fade that was just begun has been made; `keep` is given the timers, so that they can be stopped. */
export function whenFaded({ graph }: State, run: () => void, keep: (timer: Timer) => void): void {
  const clock = graph?.context
  const doneSec = (clock?.currentTime ?? 0) + FADE_SEC + 3 * (clock?.baseLatency ?? 0)
  const lastMs = performance.now() + FADED_MS_MAX
  const look = () => {
    if (!clock || clock.currentTime >= doneSec || performance.now() > lastMs) return run()
    keep(setTimeout(look, LOOK_MS))
  }
  keep(setTimeout(look, FADE_SEC * 1000))
}

const MOVES_MS_MAX = 3000
/** An element's clock runs ahead of its first sound by a block or two. */
const MOVED_SEC = 0.05
/** Fades in as soon as the deck really moves on: what comes out before would come all at once. */
export function rise(e: State, d: Deck): void {
  clearTimeout(e.riseTimer)
  if (!canFade(e)) return fadeTo(e, d, 1)
  const fromSec = d.element.currentTime
  const lastMs = performance.now() + MOVES_MS_MAX
  const look = () => {
    if (d !== deckOf(e) || !e.wantsPlay) return
    if (d.element.currentTime > fromSec + MOVED_SEC || performance.now() > lastMs) return fadeTo(e, d, 1)
    e.riseTimer = setTimeout(look, LOOK_MS)
  }
  look()
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
  const isMid = canFade(e) && positionOf(d) > MID_SEC
  if (!d.element.paused) fadeTo(e, d, 1)
  else if (d.strip) jump(d.strip.fade, isMid ? 0 : 1)
  if (isMid && d.element.paused) rise(e, d)
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
