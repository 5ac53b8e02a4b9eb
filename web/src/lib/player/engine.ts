import {
  bufferedOf,
  type Deck,
  durationOf,
  leftOf,
  makeDeck,
  positionOf,
  seekOn,
  type Track,
  turnElement,
} from './deck.ts'
import {
  applyGain,
  canFade,
  deckOf,
  type EngineEvents,
  fadeTo,
  forgetEnd,
  MID_SEC,
  rise,
  start,
  type State,
  whenFaded,
} from './engine-state.ts'
import { glide } from './graph.ts'
import { END_NEAR_SEC, endCross, onEnded, preload, put, watchEnd } from './handover.ts'
import { load, pauseNow } from './load.ts'

export type Engine = {
  load(track: Track, atSec: number, o: { play: boolean }): void
  preload(track: Track | null): void
  /** Goes on with another file of the music that plays or follows; false where that takes a load. */
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
    // A beginning that is waited for comes as sharply as it is.
    if (e.hasSounded || positionOf(d) > MID_SEC) fadeTo(e, d, 0)
    if (e.hasSounded && leftOf(d) > END_NEAR_SEC) e.events.onStall()
    e.hasSounded = false
  })
  on('seeked', () => {
    if (d !== deckOf(e) || e.seekTo === null || !element.paused) return
    e.seekTo = null
    if (e.wantsPlay) start(e, d)
  })
  on('playing seeked', () => {
    if (d === deckOf(e) && e.wantsPlay && e.crossTimer === undefined) rise(e, d)
  })
  on('timeupdate', () => void (d === deckOf(e) && !element.seeking && element.readyState > 2 && (e.hasSounded = true)))
  on('seeking emptied', () => void (d === deckOf(e) && (e.hasSounded = false)))
  on('pause', () => {
    // The system may pause an element by itself: a call, a headset that was pulled.
    if (d === deckOf(e) && element.paused && !element.ended && e.seekTo === null) e.wantsPlay = false
  })
  on('error', () => {
    if (!d.track || !element.getAttribute('src')) return
    if (d === deckOf(e)) e.events.onFault(d.track.key)
    else put(e, d, null)
  })
  on('timeupdate play pause playing waiting seeked durationchange progress', changed)
}

function pause(e: State): void {
  endCross(e)
  const d = deckOf(e)
  if (!canFade(e) || d.element.paused) return pauseNow(e)
  e.wantsPlay = false
  fadeTo(e, d, 0)
  clearTimeout(e.pauseTimer)
  whenFaded(
    e,
    () => void (!e.wantsPlay && d.element.pause()),
    (timer) => (e.pauseTimer = timer),
  )
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
  whenFaded(e, jump, (timer) => (e.seekTimer = timer))
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
  const d = e.decks.find(({ track: own, next }) => own?.key === track.key || next?.key === track.key)
  const isNext = d?.next?.key === track.key
  if ((isNext ? d.next : d?.track)?.url === track.url) return true
  if (!d?.reel || !track.canReel || e.unfit.has(track.url)) return false
  if (isNext) d.next = track
  else d.track = track
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
    riseTimer: undefined,
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
    sounding: () => deckOf(e).reel?.sounding() ?? { url: deckOf(e).track?.url ?? '', bits: null },
    isPlaying: () => e.wantsPlay && !deckOf(e).element.ended,
    isWaiting: () => e.wantsPlay && deckOf(e).element.readyState < HTMLMediaElement.HAVE_FUTURE_DATA,
    analyser: () => e.graph?.analyser ?? null,
  }
}
