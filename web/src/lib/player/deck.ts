import { elementVolume } from './gain.ts'
import type { Graph, Strip } from './graph.ts'
import { hasSource } from './reel/buffer.ts'
import { openReel, type Reel, type ReelEvents } from './reel/reel.ts'

/** What is to sound: `key` is its own for every turn in the queue, `gain` a factor. */
export type Track = {
  readonly key: string
  readonly url: string
  gain: number
  readonly durationSec: number
  /** Its packets may be put on a reel; else an audio element plays the file as a whole. */
  readonly canReel: boolean
  /** Seconds that it sounds together with the track before it; 0 for one right after the other. */
  readonly fadeSec: number
}
/** An audio element with the track that it plays: from a reel, which goes on with the next one, or from its address. */
export type Deck = {
  readonly element: HTMLAudioElement
  strip: Strip | null
  track: Track | null
  /** What follows on the same reel. */
  next: Track | null
  reel: Reel | null
}

export const makeDeck = (): Deck => {
  const element = new Audio()
  element.preload = 'auto'
  return { element, strip: null, track: null, next: null, reel: null }
}

export function empty(d: Deck): void {
  d.reel?.close()
  d.reel = null
  d.track = null
  d.next = null
  if (!d.element.getAttribute('src')) return
  d.element.removeAttribute('src')
  d.element.load()
}

/** Puts a track on, from `atSec`. */
export function putOn(d: Deck, track: Track, atSec: number, events: ReelEvents): void {
  d.reel?.close()
  d.reel = null
  d.track = track
  d.next = null
  if (track.canReel && hasSource()) {
    d.reel = openReel(d.element, events, track, atSec)
    return
  }
  d.element.src = track.url
  if (atSec > 0) d.element.currentTime = atSec
}

/** Goes on with the next track on the same reel, without a gap. */
export function followWith(d: Deck, track: Track | null): void {
  d.next = track
  d.reel?.setNext(track)
}

export const positionOf = (d: Deck): number => (d.reel ? d.reel.positionSec() : d.element.currentTime)
export const durationOf = (d: Deck): number => (d.reel ? d.reel.durationSec() : d.element.duration)
export const leftOf = (d: Deck): number => durationOf(d) - positionOf(d)
export function seekOn(d: Deck, sec: number): void {
  if (d.reel) d.reel.seek(sec)
  else d.element.currentTime = sec
}

export function bufferedOf(d: Deck): number {
  if (d.reel) return d.reel.bufferedSec()
  const { buffered, currentTime } = d.element
  for (let i = 0; i < buffered.length; i++)
    if (buffered.start(i) <= currentTime + 0.5 && buffered.end(i) >= currentTime) return buffered.end(i)
  return 0
}

/** How loud the deck is, where only the element itself can be turned. */
export function turnElement(d: Deck, graph: Graph | null | undefined, volume: number): void {
  d.element.volume = graph ? 1 : elementVolume(d.track?.gain ?? 1, volume)
}
