import { initSegment, mediaSegment } from './mux.ts'
import { join } from './boxes.ts'
import { runTimes } from './plan.ts'
import type { Bytes, Run, Tune } from './types.ts'

type Source = typeof MediaSource
/** Phones of Apple have a sparing kind of media source alone. */
const sourceClass = (): Source | null =>
  (globalThis as { ManagedMediaSource?: Source }).ManagedMediaSource ??
  (typeof MediaSource === 'undefined' ? null : MediaSource)

/** Whether this browser takes such sound packet by packet. */
export const takes = (type: string): boolean => sourceClass()?.isTypeSupported(type) ?? false
export const hasSource = (): boolean => sourceClass() !== null

/** A media source on an element, with one source buffer. Every function waits until what it began is done. */
export type ReelBuffer = {
  /** Puts a run where it belongs; nothing before `fromSec` or after the music's end is heard. */
  append(tune: Tune, startSec: number, fromSec: number, run: Run): Promise<void>
  remove(fromSec: number, toSec: number): Promise<void>
  /** The reel is at least this long: a seek must not be cut short. */
  extend(toSec: number): void
  finish(): void
  isEnded(): boolean
  close(): void
}

const once = (target: EventTarget, name: string): Promise<unknown> =>
  new Promise((resolve) => target.addEventListener(name, resolve, { once: true }))

type State = {
  media: MediaSource
  sb: SourceBuffer | null
  isClosed: boolean
  type: string
  entry: Tune['entry']
  count: number
}

/** The window cuts to the sample: what an encoder put before and after the music never sounds. */
function setWindow(sb: SourceBuffer, offsetSec: number, fromSec: number, endSec: number | null): void {
  sb.timestampOffset = offsetSec
  sb.appendWindowStart = 0
  sb.appendWindowEnd = endSec ?? Infinity
  sb.appendWindowStart = fromSec
}

function bufferFor(s: State, { type, entry }: Tune): SourceBuffer {
  if (!s.sb) s.sb = s.media.addSourceBuffer(type)
  else if (s.type !== type) s.sb.changeType(type)
  if (s.type === type) return s.sb
  s.entry = null
  // Bare frames have no times of their own: browsers take those in sequence only, and stay so.
  if (entry) s.sb.mode = 'segments'
  s.type = type
  return s.sb
}

/** The bytes of a run. Fragments say when they begin; bare frames are put where the source buffer is told to. */
function bytesOf(s: State, tune: Tune, run: Run): Bytes {
  if (!tune.entry) return join(run.packets.map((p) => p.data))
  const head = s.entry === tune.entry ? [] : [initSegment(tune.entry, tune.rateHz)]
  s.entry = tune.entry
  s.count += 1
  return join([...head, mediaSegment(run, s.count)])
}

async function append(s: State, tune: Tune, startSec: number, fromSec: number, run: Run): Promise<void> {
  if (s.media.readyState === 'closed') await once(s.media, 'sourceopen')
  if (s.isClosed) return
  const samples = run.packets.reduce((sum, p) => sum + p.samples, 0)
  const { offsetSec, endSec } = runTimes({ startSec, ...tune }, { ...run, samples })
  if (endSec !== null && endSec <= fromSec) return
  const sb = bufferFor(s, tune)
  setWindow(sb, offsetSec + (tune.entry ? 0 : run.firstSample / tune.rateHz), fromSec, endSec)
  const done = once(sb, 'updateend')
  sb.appendBuffer(bytesOf(s, tune, run))
  await done
}

/** Opens a media source on `element`; what it had before is let go. */
export function openBuffer(element: HTMLAudioElement): ReelBuffer {
  const Source = sourceClass()
  if (!Source) throw new Error('This browser has no media sources.')
  const s: State = { media: new Source(), sb: null, isClosed: false, type: '', entry: null, count: 0 }
  const url = URL.createObjectURL(s.media)
  if ('ManagedMediaSource' in globalThis) element.disableRemotePlayback = true
  element.src = url
  void once(s.media, 'sourceopen').then(() => URL.revokeObjectURL(url))
  return {
    append: (tune, startSec, fromSec, run) => append(s, tune, startSec, fromSec, run),
    async remove(fromSec, toSec) {
      if (!s.sb || s.isClosed || !(toSec > fromSec)) return
      const done = once(s.sb, 'updateend')
      s.sb.remove(fromSec, toSec)
      await done
    },
    extend(toSec) {
      if (s.media.readyState !== 'open' || !s.sb || s.sb.updating) return
      const { duration } = s.media
      // Fragments are of no length of their own, and in what is endless one may only jump to what is there.
      if (duration >= toSec && duration !== Infinity) return
      const { buffered } = s.sb
      s.media.duration = Math.max(toSec, buffered.length > 0 ? buffered.end(buffered.length - 1) : 0)
    },
    finish() {
      if (s.media.readyState === 'open' && s.sb && !s.sb.updating) s.media.endOfStream()
    },
    isEnded: () => s.media.readyState !== 'open',
    close() {
      s.isClosed = true
    },
  }
}
