import { takes } from './buffer.ts'
import { openTune } from './open.ts'
import type { Part } from './parts.ts'
import { type Heard, openUrl } from './source.ts'
import type { Tail } from './tail.ts'
import { type ByteSource, type Cursor, type Tune, unfit } from './types.ts'

export type ReelTrack = { readonly key: string; readonly url: string; readonly durationSec: number }

/** One playing of a track on the reel. */
export type Take = {
  track: ReelTrack
  readonly startSec: number
  /** The address that `source` reads. */
  openedUrl: string
  source: ByteSource | null
  tune: Tune | null
  cursor: Cursor | null
  /** Where reading begins, seconds into the music. */
  openAtSec: number
  /** Nothing before this is appended, seconds of the reel: what lies there is another file's. */
  joinSec: number
  appendedSec: number
  /** End of the music on the reel, once its last packet is there. */
  endSec: number | null
  /** What of which file lies in the buffer. */
  parts: readonly Part[]
  /** Of bare frames, what was appended last; null once the end of the music needs no more care. */
  tail: Tail | null
  tries: number
  isFirst: boolean
  stop: AbortController
}

export const takeOf = (track: ReelTrack, startSec: number, atSec: number): Take => ({
  track,
  startSec,
  openedUrl: '',
  source: null,
  tune: null,
  cursor: null,
  openAtSec: atSec,
  joinSec: startSec,
  appendedSec: startSec + atSec,
  endSec: null,
  parts: [],
  tail: null,
  tries: 0,
  isFirst: true,
  stop: new AbortController(),
})

/** Reads a take anew from `atSec` of its music, and from the file that it shall have by now. */
export function restart(take: Take, atSec: number): void {
  take.stop.abort()
  take.stop = new AbortController()
  if (take.openedUrl !== take.track.url) {
    take.source = null
    take.tune = null
  }
  take.cursor = null
  take.openAtSec = atSec
  take.appendedSec = take.startSec + atSec
  take.endSec = null
  take.tail = null
  take.isFirst = true
  take.tries = 0
}

/** Opens the file that the take shall have, and understands it, unless that is done. */
export async function ensureOpen(take: Take, heard: Heard): Promise<{ tune: Tune; cursor: Cursor }> {
  const { signal } = take.stop
  const { url, durationSec } = take.track
  // What comes for a file that was given up meanwhile is no part of the take.
  if (!take.source) {
    const source = await openUrl(url, { signal, heard })
    signal.throwIfAborted()
    take.source = source
    take.openedUrl = url
  }
  if (!take.tune) {
    const tune = await openTune(take.source, { durationSec }, signal)
    if (!takes(tune.type)) throw unfit(`${tune.type} cannot be appended in this browser`)
    signal.throwIfAborted()
    take.tune = tune
  }
  const cursor = take.cursor ?? (await take.tune.open(Math.floor(take.openAtSec * take.tune.rateHz), signal))
  signal.throwIfAborted()
  take.cursor = cursor
  return { tune: take.tune, cursor }
}

/** Of the music, as well as it is known by now. */
export const lengthSec = ({ track, tune, startSec, endSec }: Take): number =>
  endSec !== null ? endSec - startSec : tune?.samples ? tune.samples / tune.rateHz : track.durationSec
