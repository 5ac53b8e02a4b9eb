import type { Deck, Track } from './deck.ts'
import {
  applyGain,
  canFade,
  deckOf,
  fadeTo,
  forgetEnd,
  spareOf,
  start,
  type State,
  swap,
  whenFaded,
} from './engine-state.ts'
import { endCross, leave, put } from './handover.ts'

/** The next track on the same reel begins now. */
function skipTo(e: State, d: Deck, track: Track, jump: () => void): void {
  d.track = track
  d.next = null
  applyGain(e, d)
  if (!canFade(e) || d.element.paused) return jump()
  e.seekTo = 0
  fadeTo(e, d, 0)
  whenFaded(
    e,
    () => {
      // Silent until it is there: then the track begins as sharply as it is.
      d.element.pause()
      jump()
    },
    (timer) => (e.seekTimer = timer),
  )
}

/** The spare deck takes the track, so that what sounds still can fade. */
function takeOver(e: State, track: Track, atSec: number): void {
  const leaving = deckOf(e)
  const isReady = spareOf(e).track?.key === track.key && atSec === 0
  const sounds = canFade(e) && !leaving.element.paused
  if (!sounds) for (const d of e.decks) d.element.pause()
  if (!isReady) put(e, sounds ? spareOf(e) : leaving, track, atSec)
  if (!isReady && !sounds) return put(e, spareOf(e), null)
  swap(e)
  if (sounds) leave(e)
  else put(e, leaving, null)
}

/** Plays a track in place of what sounds, from `atSec` on. */
export function load(e: State, track: Track, atSec: number, o: { play: boolean }): void {
  forgetEnd(e)
  endCross(e)
  clearTimeout(e.seekTimer)
  e.seekTo = null
  e.waiting = undefined
  e.hasSounded = false
  const d = deckOf(e)
  const jump = atSec === 0 && d.next?.key === track.key ? d.reel?.skip() : null
  if (jump) skipTo(e, d, track, jump)
  else takeOver(e, track, atSec)
  if (!o.play) pauseNow(e)
  else if (e.seekTo === null) start(e, deckOf(e))
  else e.wantsPlay = true
  e.events.onChange()
}

export function pauseNow(e: State): void {
  e.wantsPlay = false
  deckOf(e).element.pause()
}
