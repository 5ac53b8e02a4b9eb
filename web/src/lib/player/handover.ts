import { fadeIn, fadeOut } from './crossfade.ts'
import { type Deck, empty, followWith, leftOf, positionOf, putOn, type Track } from './deck.ts'
import {
  applyGain,
  deckOf,
  FADE_SEC,
  fadeTo,
  forgetEnd,
  spareOf,
  start,
  type State,
  swap,
  whenFaded,
} from './engine-state.ts'
import { follow, type Graph, ramp } from './graph.ts'
import type { ReelEvents } from './reel/reel.ts'

/** From here on the end is awaited with a timer instead of the element's own, late, events. */
const END_WATCH_SEC = 1.5
/** How long an element takes from `play()` to sound, when it is loaded. */
const START_LEAD_SEC = 0.025
/** The timer is believed only this near to the end: a seek may have come between. */
export const END_NEAR_SEC = 0.25
/** Gains of two tracks on one reel change over this long around the border. */
const TURN_SEC = 0.01
const UNFIT_MAX = 200

export function put(e: State, d: Deck, track: Track | null, atSec = 0): void {
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
/** The deck that was left fades, and is let go. */
export function leave(e: State): void {
  fadeTo(e, spareOf(e), 0)
  whenFaded(
    e,
    () => endCross(e),
    (timer) => (e.crossTimer = timer),
  )
}
export function endCross(e: State): void {
  if (e.crossTimer === undefined) return
  clearTimeout(e.crossTimer)
  e.crossTimer = undefined
  const left = spareOf(e)
  left.element.pause()
  put(e, left, null)
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

export function watchEnd(e: State, d: Deck): void {
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

export function onEnded(e: State, d: Deck): void {
  if (d !== deckOf(e)) {
    if (e.crossTimer !== undefined) endCross(e)
    else takeWaiting(e)
    return
  }
  d.reel?.wake()
  advance(e)
}

/** On the same reel where that can be, else on the spare deck: which may still sound for some moments. */
export function preload(e: State, track: Track | null): void {
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
