import { openBuffer, type ReelBuffer } from './buffer.ts'
import { type Part, partAt, withPart } from './parts.ts'
import { backOffMs, nextAct, readBytes, runTimes, trimTo } from './plan.ts'
import { type Heard, isPassing } from './source.ts'
import { endOf, goesOn, tailAfter } from './tail.ts'
import { ensureOpen, lengthSec, type ReelTrack, restart, type Take, takeOf } from './take.ts'
import { isUnfit, type Run, type Tune } from './types.ts'

export type ReelEvents = {
  /** The next take has begun to sound. */
  onAdvance(key: string): void
  /** What cannot be fetched or read, after trying. */
  onFault(key: string, thrown: unknown): void
  /** A file of a kind that only an audio element may play. */
  onUnfit(key: string): void
  heard: Heard
}
/**
 * One audio element that plays takes one after the other without a gap: their packets lie on one line of time (the reel),
 * cut to the sample where a take begins and ends.
 */
export type Reel = {
  readonly key: string
  readonly nextKey: string | null
  /** What follows the last take; null for nothing. */
  setNext(track: ReelTrack | null): void
  /** Goes on with another file of the music that sounds or follows, after what of it lies ready. */
  change(track: ReelTrack): void
  seek(sec: number): void
  /** Makes the next take the one that sounds when its beginning lies ready, and answers how to jump there; else null. */
  skip(): (() => void) | null
  positionSec(): number
  durationSec(): number
  bufferedSec(): number
  /** Which file sounds; null before there is anything. */
  sounding(): Part | null
  /** Seconds until the next take sounds; null when none is ready. */
  untilNextSec(): number | null
  /** To be called whenever the element moves on. */
  wake(): void
  close(): void
}

type State = {
  readonly element: HTMLAudioElement
  readonly buffer: ReelBuffer
  readonly events: ReelEvents
  /** The one that sounds, and perhaps the one that follows. */
  takes: [Take, ...Take[]]
  next: ReelTrack | null
  /** What has to be taken out of the buffer before anything is appended. */
  toRemove: { fromSec: number; toSec: number } | null
  isPumping: boolean
  isWoken: boolean
  isFilling: boolean
  isClosed: boolean
}

/** Tries of the take that sounds before its fault is told; while sound lies ready it is tried for longer. */
const TRIES_MAX = 4
const TRIES_READY_MAX = 12
/** Ready enough to jump to, seconds. */
const SKIP_READY_SEC = 1
const NEAR_SEC = 0.05

const lastOf = (r: State): Take => r.takes.at(-1) ?? r.takes[0]

/** Nearer than this, what is appended comes too late for the decoder. */
const MEND_AHEAD_SEC = 1
/** Before another kind of sound is appended after MP3: the last moments of the MP3 are put there as they sound. */
async function mendEnd(r: State, take: Take | undefined, next: Tune, run: Run): Promise<void> {
  if (!take?.tail || !take.tune || (!next.entry && goesOn(take.tail, run))) return
  const { tail, tune, startSec } = take
  const { signal } = take.stop
  take.tail = null
  const end = await endOf(tail, tune.rateHz, signal).catch(() => null)
  if (!end || signal.aborted) return
  const fromSec = startSec + (end.from - tune.delay) / tune.rateHz
  if (fromSec > r.element.currentTime + MEND_AHEAD_SEC) await r.buffer.append(end.tune, fromSec, fromSec, end.run)
}

/** Reads on. What was given up meanwhile, for a jump or another file, is no fault. */
async function readOn(r: State, take: Take): Promise<void> {
  const { signal } = take.stop
  try {
    await read(r, take, signal)
  } catch (thrown) {
    if (!signal.aborted) await failed(r, take, thrown)
  }
}

async function read(r: State, take: Take, signal: AbortSignal): Promise<void> {
  const { tune, cursor } = await ensureOpen(take, r.events.heard)
  const run = await cursor.next(readBytes(tune.bytesPerSec, take.isFirst), signal)
  signal.throwIfAborted()
  take.tries = 0
  if (take.isFirst && run) {
    if (take.joinSec === take.startSec) await mendEnd(r, r.takes[r.takes.indexOf(take) - 1], tune, run)
    signal.throwIfAborted()
    take.parts = withPart(take.parts, { fromSec: take.joinSec, url: take.openedUrl, bits: tune.bits ?? null })
  }
  take.isFirst = false
  if (!run) return void (take.endSec = Math.max(take.appendedSec, take.startSec))
  await r.buffer.append(tune, take.startSec, take.joinSec, run)
  if (signal.aborted) return
  r.buffer.extend(take.startSec + lengthSec(take))
  const samples = run.packets.reduce((sum, p) => sum + p.samples, 0)
  const { toSec, endSec } = runTimes({ startSec: take.startSec, ...tune }, { ...run, samples })
  take.appendedSec = Math.max(take.appendedSec, toSec)
  take.endSec = endSec
  if (!tune.entry) take.tail = tailAfter(take.tail, run)
}

const bufferedFrom = ({ buffered }: HTMLAudioElement): number | null => (buffered.length > 0 ? buffered.start(0) : null)

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })

/** Lets go of the takes after `take`, and of what of them is buffered. */
function dropAfter(r: State, take: Take): void {
  const later = r.takes.slice(r.takes.indexOf(take) + 1)
  if (later.length === 0) return
  for (const gone of later) gone.stop.abort()
  r.takes = [r.takes[0], ...r.takes.slice(1, r.takes.indexOf(take) + 1)]
  r.toRemove = { fromSec: take.endSec ?? take.appendedSec, toSec: Infinity }
}

async function failed(r: State, take: Take, thrown: unknown): Promise<void> {
  if (r.isClosed) return
  const isFirst = take === r.takes[0]
  const drop = () => {
    if (isFirst) r.isClosed = true
    else {
      dropAfter(r, r.takes[0])
      r.next = null
    }
  }
  if (isUnfit(thrown)) {
    drop()
    return r.events.onUnfit(take.track.key)
  }
  take.tries += 1
  const isReady = r.takes[0].appendedSec - r.element.currentTime > 1
  if (!isPassing(thrown) || take.tries > (isReady ? TRIES_READY_MAX : TRIES_MAX)) {
    drop()
    return r.events.onFault(take.track.key, thrown)
  }
  await pause(backOffMs(take.tries), take.stop.signal)
}

const viewOf = (r: State, take: Take) => ({
  nowSec: r.element.currentTime,
  bufferedFromSec: bufferedFrom(r.element),
  reading: {
    appendedSec: take.appendedSec,
    isDone: take.endSec !== null,
    bytesPerSec: take.tune?.bytesPerSec ?? 1,
  },
  hasNext: r.next !== null && r.takes.length < 2,
  isEnded: r.buffer.isEnded(),
  isFilling: r.isFilling,
  isStandby: r.element.paused,
})

/** One thing at a time: whatever touches the source buffer goes through here. Answers whether there may be more to do. */
async function step(r: State): Promise<boolean> {
  if (r.isClosed) return false
  if (r.toRemove) {
    const { fromSec, toSec } = r.toRemove
    r.toRemove = null
    await r.buffer.remove(fromSec, toSec)
    return true
  }
  const take = lastOf(r)
  const act = nextAct(viewOf(r, take))
  r.isFilling = act === 'read' || act === 'begin'
  if (act === 'trim') await r.buffer.remove(0, trimTo(r.element.currentTime))
  else if (act === 'read') await readOn(r, take)
  else if (act === 'begin' && r.next && take.endSec !== null) r.takes.push(takeOf(r.next, take.endSec, 0))
  else if (act === 'finish') r.buffer.finish()
  return act !== 'rest' && act !== 'finish'
}

async function pump(r: State): Promise<void> {
  r.isWoken = true
  if (r.isPumping) return
  r.isPumping = true
  try {
    while (r.isWoken && !r.isClosed) {
      r.isWoken = false
      while (await step(r));
    }
  } catch (thrown) {
    if (!r.isClosed) {
      r.isClosed = true
      r.events.onFault(r.takes[0].track.key, thrown)
    }
  } finally {
    r.isPumping = false
  }
}

/** Takes note that the ear has come into the next take. */
function settle(r: State): void {
  const [, next, ...rest] = r.takes
  if (!next || r.element.currentTime < next.startSec || next.appendedSec <= next.startSec) return
  r.takes = [next, ...rest]
  if (r.next?.key === next.track.key) r.next = null
  r.events.onAdvance(next.track.key)
}

function isBuffered({ buffered }: HTMLAudioElement, sec: number): boolean {
  for (let i = 0; i < buffered.length; i++)
    if (buffered.start(i) <= sec && buffered.end(i) > sec + NEAR_SEC) return true
  return false
}

function seek(r: State, sec: number): void {
  const [take] = r.takes
  const target = take.startSec + Math.max(0, sec)
  if (!isBuffered(r.element, target)) {
    dropAfter(r, take)
    restart(take, Math.max(0, sec))
    take.joinSec = take.startSec
    take.parts = []
    r.toRemove = { fromSec: 0, toSec: Infinity }
    r.buffer.extend(take.startSec + lengthSec(take))
  }
  r.element.currentTime = target
  void pump(r)
}

function change(r: State, track: ReelTrack): void {
  if (r.next?.key === track.key) r.next = track
  const take = r.takes.find((t) => t.track.key === track.key)
  if (!take) return
  take.track = track
  // What lies ready whole stays as it is: to fetch it again would cost more.
  if (take.endSec !== null) return
  restart(take, take.appendedSec - take.startSec)
  take.joinSec = Math.max(take.startSec, take.appendedSec)
  void pump(r)
}

function setNext(r: State, track: ReelTrack | null): void {
  const [take, next] = r.takes
  const has = next?.track ?? r.next
  if (has?.key === track?.key && has?.url === track?.url) return
  dropAfter(r, take)
  r.next = track
  void pump(r)
}

function skip(r: State): (() => void) | null {
  const next = r.takes[1]
  if (!next || !isBuffered(r.element, next.startSec) || next.appendedSec - next.startSec < SKIP_READY_SEC) return null
  r.takes[0].stop.abort()
  r.takes = [next]
  r.next = null
  return () => {
    if (r.takes[0] === next && !r.isClosed) r.element.currentTime = next.startSec
  }
}

function bufferedSec({ element: { buffered, currentTime }, takes: [take] }: State): number {
  for (let i = 0; i < buffered.length; i++)
    if (buffered.start(i) <= currentTime + 0.5 && buffered.end(i) >= currentTime)
      return Math.min(buffered.end(i), take.endSec ?? Infinity) - take.startSec
  return 0
}

/** Opens a reel on `element` with its first take, from `atSec` of it. */
export function openReel(element: HTMLAudioElement, events: ReelEvents, track: ReelTrack, atSec: number): Reel {
  const r: State = {
    element,
    buffer: openBuffer(element),
    events,
    takes: [takeOf(track, 0, atSec)],
    next: null,
    toRemove: null,
    isPumping: false,
    isWoken: false,
    isFilling: true,
    isClosed: false,
  }
  if (atSec > 0) element.currentTime = atSec
  void pump(r)
  const positionSec = () => Math.min(Math.max(0, element.currentTime - r.takes[0].startSec), lengthSec(r.takes[0]))
  return {
    get key() {
      return r.takes[0].track.key
    },
    get nextKey() {
      return r.takes[1]?.track.key ?? r.next?.key ?? null
    },
    setNext: (next) => setNext(r, next),
    change: (to) => change(r, to),
    seek: (sec) => seek(r, sec),
    skip: () => skip(r),
    positionSec,
    durationSec: () => lengthSec(r.takes[0]),
    bufferedSec: () => bufferedSec(r),
    sounding: () => partAt(r.takes[0].parts, element.currentTime),
    untilNextSec: () =>
      r.takes[1] && r.takes[1].appendedSec > r.takes[1].startSec ? r.takes[1].startSec - element.currentTime : null,
    wake() {
      settle(r)
      void pump(r)
    },
    close() {
      r.isClosed = true
      for (const take of r.takes) take.stop.abort()
      r.buffer.close()
    },
  }
}
