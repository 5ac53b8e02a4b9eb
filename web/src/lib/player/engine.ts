import { fadeIn, fadeOut } from './crossfade.ts'
import {
  bufferedOf,
  type Deck,
  durationOf,
  empty,
  followWith,
  leftOf,
  makeDeck,
  positionOf,
  putOn,
  seekOn,
  type Track,
  turnElement,
} from './deck.ts'
import { follow, type Graph, glide, makeGraph, ramp } from './graph.ts'
import type { ReelEvents } from './reel/reel.ts'
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
export type Engine = {
  load(track: Track, atSec: number, o: { play: boolean }): void
  preload(track: Track | null): void
  /** Goes on with another file of the music that plays; false where that takes a load. */
  change(track: Track): boolean
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
  /** Which file plays, and how many bits its samples have, where that is known. */
  sounding(): { url: string; bits: number | null }
  isPlaying(): boolean
  isWaiting(): boolean
  /** A live spectrum for visuals of tracks that have no frames yet; null before the first sound. */
  analyser(): AnalyserNode | null
}

type Timer = ReturnType<typeof setTimeout> | undefined
type State = {
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

/** From here on the end is awaited with a timer instead of the element's own, late, events. */
const END_WATCH_SEC = 1.5
/** How long an element takes from `play()` to sound, when it is loaded. */
const START_LEAD_SEC = 0.025
/** The timer is believed only this near to the end: a seek may have come between. */
const END_NEAR_SEC = 0.25
/** Sound that is cut fades this long before, and comes back as long after. */
const FADE_SEC = 0.012
/** Gains of two tracks on one reel change over this long around the border. */
const TURN_SEC = 0.01
const UNFIT_MAX = 200

const deckOf = (e: State): Deck => e.decks[e.active]
const spareOf = (e: State): Deck => e.decks[e.active === 0 ? 1 : 0]
const swap = (e: State): void => void (e.active = e.active === 0 ? 1 : 0)
const canFade = (e: State): e is State & { graph: Graph } =>
  Boolean(e.graph) && e.graph?.context.state === 'running' && !document.hidden

/** Turns a deck to the gain of its track. */
function applyGain(e: State, d: Deck): void {
  if (d.strip && e.graph) glide(e.graph, d.strip.gain, d.track?.gain ?? 1)
  turnElement(d, e.graph, e.volume)
}
function fadeTo(e: State, d: Deck, to: number): void {
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

function start(e: State, d: Deck): void {
  ensureGraph(e)
  clearTimeout(e.pauseTimer)
  e.wantsPlay = true
  // At the end, an element would begin anew where its buffer does.
  if (d.element.ended) seekOn(d, 0)
  fadeTo(e, d, 1)
  d.element.play().catch(() => {
    // A refused start (no touch yet) or one that a new track overtook: the state that is read next says so.
    if (d === deckOf(e) && d.element.paused) e.wantsPlay = false
    e.events.onChange()
  })
}

function put(e: State, d: Deck, track: Track | null, atSec = 0): void {
  if (!track) return empty(d)
  const fit = track.canReel && !e.unfit.has(track.url)
  putOn(d, fit ? track : { ...track, canReel: false }, atSec, reelEvents(e, d))
  applyGain(e, d)
}

function reelEvents(e: State, d: Deck): ReelEvents {
  return {
    heard: e.events.heard,
    onAdvance(key) {
      if (!d.next) return
      d.track = d.next
      d.next = null
      applyGain(e, d)
      if (d === deckOf(e)) {
        forgetEnd(e)
        e.events.onAdvance(key)
      }
    },
    onFault: (key) => fault(e, d, key),
    onUnfit(key) {
      const track = d.track?.key === key ? d.track : d.next
      if (!track) return
      if (e.unfit.size >= UNFIT_MAX) e.unfit.clear()
      e.unfit.add(track.url)
      if (track === d.next) {
        d.next = null
        if (d === deckOf(e)) preload(e, track)
        return
      }
      const atSec = positionOf(d)
      put(e, d, track, atSec)
      if (d === deckOf(e) && e.wantsPlay) start(e, d)
    },
  }
}

function fault(e: State, d: Deck, key: string): void {
  if (d === deckOf(e) && d.track?.key === key) e.events.onFault(key)
  else if (d.next?.key === key) d.next = null
  else if (d.track?.key === key) put(e, d, null)
}

function forgetEnd(e: State): void {
  clearTimeout(e.endTimer)
  e.endTimer = undefined
  e.nearKey = ''
}

/** The spare deck takes over. */
function advance(e: State): void {
  forgetEnd(e)
  const next = spareOf(e)
  if (!next.track || e.crossTimer !== undefined) {
    e.wantsPlay = false
    return e.events.onEnd()
  }
  swap(e)
  start(e, next)
  e.events.onAdvance(next.track.key)
}

/** Both sound for `sec`: one comes, one goes. */
function cross(e: State & { graph: Graph }, sec: number): void {
  const leaving = deckOf(e)
  const coming = spareOf(e)
  forgetEnd(e)
  swap(e)
  start(e, coming)
  if (leaving.strip) follow(e.graph, leaving.strip.fade, fadeOut(), sec)
  if (coming.strip) follow(e.graph, coming.strip.fade, fadeIn(), sec)
  e.crossTimer = setTimeout(() => endCross(e), sec * 1000)
  if (coming.track) e.events.onAdvance(coming.track.key)
}
function endCross(e: State): void {
  if (e.crossTimer === undefined) return
  clearTimeout(e.crossTimer)
  e.crossTimer = undefined
  const left = spareOf(e)
  left.element.pause()
  put(e, left, null)
  fadeTo(e, left, 1)
  takeWaiting(e)
}
function takeWaiting(e: State): void {
  const { waiting } = e
  e.waiting = undefined
  if (waiting) put(e, spareOf(e), waiting.track)
}

/** Near a border on the reel: the gain is turned just there, and sound that would be cut fades. */
function watchBorder(e: State, d: Deck): void {
  const { reel, next, strip } = d
  if (!reel || !next || !strip || !e.graph) return
  const leftSec = reel.untilNextSec()
  if (leftSec === null) return watchLate(e, d)
  if (leftSec > END_WATCH_SEC || e.nearKey === next.key) return
  e.nearKey = next.key
  if (next.gain !== d.track?.gain)
    ramp(e.graph, strip.gain, next.gain, { sec: TURN_SEC, inSec: leftSec - TURN_SEC / 2 })
}
/** The next track is not there yet: the end of this one fades instead of breaking off. */
function watchLate(e: State, d: Deck): void {
  const leftSec = leftOf(d)
  if (!(leftSec < END_WATCH_SEC) || e.endTimer !== undefined) return
  e.endTimer = setTimeout(
    () => {
      e.endTimer = undefined
      if (d.reel?.untilNextSec() === null && leftOf(d) < END_NEAR_SEC) fadeTo(e, d, 0)
    },
    Math.max(0, leftSec - FADE_SEC * 2) * 1000,
  )
}

function watchEnd(e: State, d: Deck): void {
  if (d !== deckOf(e) || d.element.paused) return
  const next = spareOf(e).track
  if (d.next || !next || e.crossTimer !== undefined) return watchBorder(e, d)
  const leftSec = leftOf(d)
  if (next.fadeSec > 0 && canCross(e)) {
    if (leftSec <= next.fadeSec + END_WATCH_SEC)
      awaitEnd(e, d, leftSec - next.fadeSec, () => cross(e, Math.max(0.05, Math.min(next.fadeSec, leftOf(d)))))
  } else if (leftSec < END_WATCH_SEC)
    awaitEnd(e, d, leftSec - START_LEAD_SEC, () => void (leftOf(d) < END_NEAR_SEC && advance(e)))
}
const canCross = (e: State): e is State & { graph: Graph } => Boolean(e.graph)
function awaitEnd(e: State, d: Deck, inSec: number, run: () => void): void {
  if (e.endTimer !== undefined) return
  e.endTimer = setTimeout(() => {
    e.endTimer = undefined
    if (d === deckOf(e) && !d.element.paused && e.wantsPlay) run()
  }, Math.max(0, inSec) * 1000)
}

function onEnded(e: State, d: Deck): void {
  if (d !== deckOf(e)) {
    if (e.crossTimer !== undefined) endCross(e)
    else takeWaiting(e)
    return
  }
  d.reel?.wake()
  advance(e)
}

function listen(e: State, d: Deck): void {
  const { element } = d
  const on = (names: string, run: () => void) => {
    for (const name of names.split(' ')) element.addEventListener(name, run)
  }
  const changed = () => void (d === deckOf(e) && e.events.onChange())
  on('ended', () => onEnded(e, d))
  on('timeupdate seeked playing progress', () => d.reel?.wake())
  on('timeupdate', () => watchEnd(e, d))
  on('waiting', () => {
    if (d !== deckOf(e) || !e.wantsPlay || element.seeking) return
    fadeTo(e, d, 0)
    if (e.hasSounded && leftOf(d) > END_NEAR_SEC) e.events.onStall()
    e.hasSounded = false
  })
  on('playing seeked', () => {
    if (d === deckOf(e) && e.wantsPlay && e.crossTimer === undefined) fadeTo(e, d, 1)
  })
  on('timeupdate', () => void (d === deckOf(e) && !element.seeking && element.readyState > 2 && (e.hasSounded = true)))
  on('seeking emptied', () => void (d === deckOf(e) && (e.hasSounded = false)))
  on('pause', () => {
    // The system may pause an element by itself: a call, a headset that was pulled.
    if (d === deckOf(e) && element.paused && !element.ended) e.wantsPlay = false
  })
  on('error', () => {
    if (!d.track || !element.getAttribute('src')) return
    if (d === deckOf(e)) e.events.onFault(d.track.key)
    else put(e, d, null)
  })
  on('timeupdate play pause playing waiting seeked durationchange progress', changed)
}

function load(e: State, track: Track, atSec: number, o: { play: boolean }): void {
  forgetEnd(e)
  endCross(e)
  clearTimeout(e.seekTimer)
  e.seekTo = null
  e.waiting = undefined
  const isNext = atSec === 0 && deckOf(e).next?.key === track.key && deckOf(e).reel?.skip() === true
  if (isNext) {
    const d = deckOf(e)
    d.track = track
    d.next = null
    applyGain(e, d)
  } else {
    for (const d of e.decks) d.element.pause()
    if (spareOf(e).track?.key === track.key && atSec === 0) swap(e)
    else put(e, deckOf(e), track, atSec)
  }
  put(e, spareOf(e), null)
  if (o.play) start(e, deckOf(e))
  else pauseNow(e)
  e.events.onChange()
}

/** On the same reel where that can be, else on the spare deck: which may still sound for some moments. */
function preload(e: State, track: Track | null): void {
  const d = deckOf(e)
  const joins = track !== null && d.reel !== null && track.canReel && track.fadeSec === 0 && !e.unfit.has(track.url)
  followWith(d, joins ? track : null)
  const other = joins ? null : track
  const spare = spareOf(e)
  const sounds = e.crossTimer !== undefined || (!spare.element.paused && !spare.element.ended)
  e.waiting = sounds ? { track: other } : undefined
  if (sounds) return
  if (spare.track?.key !== other?.key || spare.track?.url !== other?.url) return put(e, spare, other)
  if (other) spare.track = other
  applyGain(e, spare)
}

function pauseNow(e: State): void {
  e.wantsPlay = false
  deckOf(e).element.pause()
}
function pause(e: State): void {
  endCross(e)
  const d = deckOf(e)
  if (!canFade(e) || d.element.paused) return pauseNow(e)
  e.wantsPlay = false
  fadeTo(e, d, 0)
  clearTimeout(e.pauseTimer)
  e.pauseTimer = setTimeout(() => void (!e.wantsPlay && d.element.pause()), FADE_SEC * 2000)
  e.events.onChange()
}

function seek(e: State, sec: number): void {
  forgetEnd(e)
  endCross(e)
  const d = deckOf(e)
  clearTimeout(e.seekTimer)
  const jump = () => {
    e.seekTo = null
    if (d !== deckOf(e)) return
    seekOn(d, sec)
    applyGain(e, d)
    e.events.onChange()
  }
  if (!canFade(e) || d.element.paused) return jump()
  e.seekTo = sec
  fadeTo(e, d, 0)
  e.seekTimer = setTimeout(jump, FADE_SEC * 1500)
  e.events.onChange()
}

function setGain(e: State, key: string, gain: number): void {
  for (const d of e.decks) {
    if (d.next?.key === key) d.next.gain = gain
    if (d.track?.key !== key) continue
    d.track.gain = gain
    applyGain(e, d)
  }
  e.nearKey = ''
}

function setVolume(e: State, volume: number): void {
  e.volume = volume
  if (e.graph) glide(e.graph, e.graph.volume, volume)
  else for (const d of e.decks) turnElement(d, e.graph, volume)
}

function change(e: State, track: Track): boolean {
  const d = deckOf(e)
  if (!d.reel || d.track?.key !== track.key || !track.canReel || e.unfit.has(track.url)) return false
  d.track = track
  d.reel.change(track)
  return true
}

function stop(e: State): void {
  forgetEnd(e)
  endCross(e)
  clearTimeout(e.seekTimer)
  e.seekTo = null
  e.waiting = undefined
  e.wantsPlay = false
  for (const d of e.decks) {
    d.element.pause()
    put(e, d, null)
  }
  e.events.onChange()
}

const latencySec = ({ graph }: State): number =>
  graph?.context.state === 'running' ? graph.context.outputLatency || graph.context.baseLatency : 0

/**
 * Two decks. Tracks that follow each other without a gap lie on one deck's reel; the other deck comes in where two sound
 * together, and for files that only an audio element plays. Sound goes through Web Audio, because an element alone
 * cannot lift a quiet track.
 */
export function makeEngine(events: EngineEvents): Engine {
  const e: State = {
    decks: [makeDeck(), makeDeck()],
    active: 0,
    graph: undefined,
    volume: 1,
    wantsPlay: false,
    seekTo: null,
    endTimer: undefined,
    pauseTimer: undefined,
    seekTimer: undefined,
    crossTimer: undefined,
    waiting: undefined,
    unfit: new Set(),
    hasSounded: false,
    nearKey: '',
    events,
  }
  for (const d of e.decks) listen(e, d)
  const positionSec = () => e.seekTo ?? positionOf(deckOf(e))
  return {
    load: (track, atSec, o) => load(e, track, atSec, o),
    preload: (track) => preload(e, track),
    change: (track) => change(e, track),
    play: () => start(e, deckOf(e)),
    pause: () => pause(e),
    stop: () => stop(e),
    seek: (sec) => seek(e, sec),
    setGain: (key, gain) => setGain(e, key, gain),
    setVolume: (volume) => setVolume(e, volume),
    heardSec: () => Math.max(0, positionSec() - latencySec(e)),
    positionSec,
    durationSec: () => durationOf(deckOf(e)),
    bufferedSec: () => bufferedOf(deckOf(e)),
    sounding: () => ({ url: deckOf(e).track?.url ?? '', bits: deckOf(e).reel?.bits() ?? null }),
    isPlaying: () => e.wantsPlay && !deckOf(e).element.ended,
    isWaiting: () => e.wantsPlay && deckOf(e).element.readyState < HTMLMediaElement.HAVE_FUTURE_DATA,
    analyser: () => e.graph?.analyser ?? null,
  }
}
