import { elementVolume } from './gain.ts'
import { type Deck, type Graph, makeDeck, makeGraph, type Track } from './graph.ts'

export type EngineEvents = {
  /** The track that was preloaded took over by itself. */
  onAdvance(key: string): void
  /** The end, and nothing was preloaded. */
  onEnd(): void
  onChange(): void
  onFault(key: string): void
}
export type Engine = {
  load(track: Track, atSec: number, o: { play: boolean }): void
  preload(track: Track | null): void
  play(): void
  pause(): void
  stop(): void
  seek(sec: number): void
  setGain(key: string, gain: number): void
  setVolume(volume: number): void
  /** Position of what leaves the loudspeaker now, seconds: the element's clock less the way to the ear. */
  heardSec(): number
  positionSec(): number
  durationSec(): number
  bufferedSec(): number
  isPlaying(): boolean
  isWaiting(): boolean
  /** A live spectrum for visuals of tracks that have no frames yet; null before the first sound. */
  analyser(): AnalyserNode | null
}

type State = {
  readonly decks: readonly [Deck, Deck]
  active: 0 | 1
  /** Undefined before the first play, null where there is no Web Audio. */
  graph: Graph | null | undefined
  volume: number
  endTimer: ReturnType<typeof setTimeout> | undefined
  /** What the spare deck shall hold as soon as the last moments of its old track are over. */
  waiting: { track: Track | null } | undefined
  readonly events: EngineEvents
}

/** From here on the end is awaited with a timer instead of the element's own, late, `ended`. */
const END_WATCH_SEC = 1.5
/** How long an element takes from `play()` to sound, when it is loaded. */
const START_LEAD_SEC = 0.025
/** The timer is believed only this near to the end: a seek may have come between. */
const END_NEAR_SEC = 0.25
/** Gains glide this long, so that nothing clicks. */
const GLIDE_SEC = 0.015

const deckOf = (e: State): Deck => e.decks[e.active]
const spareOf = (e: State): Deck => e.decks[e.active === 0 ? 1 : 0]
const swap = (e: State): void => void (e.active = e.active === 0 ? 1 : 0)

function applyGain(e: State, d: Deck): void {
  const gain = d.track?.gain ?? 1
  if (d.node && e.graph) d.node.gain.setTargetAtTime(gain, e.graph.context.currentTime, GLIDE_SEC)
  else d.element.volume = elementVolume(gain, e.volume)
}

/** Browsers let sound begin only from a touch or key, so the graph is made at the first play. */
function ensureGraph(e: State): void {
  if (e.graph === undefined) {
    try {
      e.graph = makeGraph(e.decks)
    } catch {
      e.graph = null
    }
    if (e.graph) {
      for (const d of e.decks) d.element.volume = 1
      e.graph.volume.gain.value = e.volume
    }
  }
  if (e.graph && e.graph.context.state !== 'running') void e.graph.context.resume().catch(() => undefined)
}

function start(e: State, d: Deck): void {
  ensureGraph(e)
  // A refused start (no touch yet) or one that a new track overtook: the state that is read next says so.
  d.element.play().catch(() => e.events.onChange())
}

function put(e: State, d: Deck, track: Track | null): void {
  d.track = track
  if (!track) {
    d.element.removeAttribute('src')
    return d.element.load()
  }
  d.element.src = track.url
  applyGain(e, d)
}

function forgetEnd(e: State): void {
  clearTimeout(e.endTimer)
  e.endTimer = undefined
}

function advance(e: State): void {
  forgetEnd(e)
  const next = spareOf(e)
  if (!next.track) return e.events.onEnd()
  swap(e)
  start(e, next)
  e.events.onAdvance(next.track.key)
}

function watchEnd(e: State, d: Deck): void {
  const { element } = d
  if (d !== deckOf(e) || e.endTimer !== undefined || element.paused || !spareOf(e).track) return
  const leftSec = element.duration - element.currentTime
  if (!(leftSec < END_WATCH_SEC)) return
  const waitMs = Math.max(0, leftSec - START_LEAD_SEC) * 1000
  e.endTimer = setTimeout(() => {
    e.endTimer = undefined
    if (!element.paused && element.duration - element.currentTime < END_NEAR_SEC) advance(e)
  }, waitMs)
}

function listen(e: State, d: Deck): void {
  const changed = () => void (d === deckOf(e) && e.events.onChange())
  d.element.addEventListener('ended', () => {
    if (d === deckOf(e)) return advance(e)
    if (e.waiting) put(e, d, e.waiting.track)
    e.waiting = undefined
  })
  d.element.addEventListener('timeupdate', () => {
    watchEnd(e, d)
    changed()
  })
  d.element.addEventListener('error', () => {
    if (!d.track || !d.element.getAttribute('src')) return
    if (d === deckOf(e)) e.events.onFault(d.track.key)
    else put(e, d, null)
  })
  for (const name of ['play', 'pause', 'playing', 'waiting', 'seeked', 'durationchange', 'progress'])
    d.element.addEventListener(name, changed)
}

function load(e: State, track: Track, atSec: number, o: { play: boolean }): void {
  forgetEnd(e)
  e.waiting = undefined
  for (const d of e.decks) d.element.pause()
  if (spareOf(e).track?.key === track.key && atSec === 0) swap(e)
  else put(e, deckOf(e), track)
  put(e, spareOf(e), null)
  if (atSec > 0) deckOf(e).element.currentTime = atSec
  if (o.play) start(e, deckOf(e))
  e.events.onChange()
}

/** The deck that has just handed over still sounds for some milliseconds: they are left to it. */
function preload(e: State, track: Track | null): void {
  const spare = spareOf(e)
  const sounds = !spare.element.paused && !spare.element.ended
  e.waiting = sounds ? { track } : undefined
  if (!sounds && spare.track?.key !== track?.key) put(e, spare, track)
}

function bufferedSec({ buffered, currentTime }: HTMLAudioElement): number {
  for (let i = 0; i < buffered.length; i++)
    if (buffered.start(i) <= currentTime + 0.5 && buffered.end(i) >= currentTime) return buffered.end(i)
  return 0
}

function setVolume(e: State, volume: number): void {
  e.volume = volume
  if (e.graph) e.graph.volume.gain.setTargetAtTime(volume, e.graph.context.currentTime, GLIDE_SEC)
  else for (const d of e.decks) applyGain(e, d)
}

const latencySec = ({ graph }: State): number =>
  graph?.context.state === 'running' ? graph.context.outputLatency || graph.context.baseLatency : 0

/**
 * Two audio elements that take turns: while one plays, the other holds the next track, loaded and ready, and starts
 * in the moment the first one ends. Sound goes through Web Audio, because an element alone cannot lift a quiet track.
 */
export function makeEngine(events: EngineEvents): Engine {
  const e: State = {
    decks: [makeDeck(), makeDeck()],
    active: 0,
    graph: undefined,
    volume: 1,
    endTimer: undefined,
    waiting: undefined,
    events,
  }
  for (const d of e.decks) listen(e, d)
  const element = () => deckOf(e).element
  return {
    load: (track, atSec, o) => load(e, track, atSec, o),
    preload: (track) => preload(e, track),
    play: () => start(e, deckOf(e)),
    pause: () => element().pause(),
    stop() {
      for (const d of e.decks) {
        d.element.pause()
        put(e, d, null)
      }
      events.onChange()
    },
    seek(sec) {
      forgetEnd(e)
      element().currentTime = sec
      events.onChange()
    },
    setGain(key, gain) {
      for (const d of e.decks) {
        if (d.track?.key !== key) continue
        d.track.gain = gain
        applyGain(e, d)
      }
    },
    setVolume: (volume) => setVolume(e, volume),
    heardSec: () => Math.max(0, element().currentTime - latencySec(e)),
    positionSec: () => element().currentTime,
    durationSec: () => element().duration,
    bufferedSec: () => bufferedSec(element()),
    isPlaying: () => !element().paused && !element().ended,
    isWaiting: () => !element().paused && element().readyState < HTMLMediaElement.HAVE_FUTURE_DATA,
    analyser: () => e.graph?.analyser ?? null,
  }
}
