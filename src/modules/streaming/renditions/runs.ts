import { AppError, unavailable } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import type { Media } from '#kernel/media/index.ts'
import { isOtherThanCut, noteCut } from './cut-short.ts'
import { encodePieces } from './encoder.ts'
import type { Places } from './places.ts'
import { createRecent } from './recent.ts'
import { awaited, grown, settle, tellGrown, withSignal } from './waiting.ts'
import { aheadPieces, type Handle, missingIn, readyPiecesMin, type Run, type Work } from './work.ts'

/** An encoder nobody listens to any more is stopped after this: long enough for a player to ask again nearby. */
const ABANDONED_MS = 500
/** Who wants a piece that an encoder will have made after so many others waits for it; else another one starts there. */
const REACH_PIECES = 3
/** What died in the middle (killed, out of memory) is started again so often; then it is the file's fault. */
const RESTARTS_MAX = 1

type Deps = {
  readonly media: Media
  readonly places: Places
  readonly log: Log
  /** Keeps a piece; false where there is no room. */
  readonly store: (run: Run, piece: number, bytes: Buffer) => Promise<boolean>
  readonly onOver: (work: Work) => void
}

/** All of a piece at once, or what is made of it from a byte on. */
export type Wish = 'whole' | number

const stopping = () => unavailable('media_closed', 'The server is stopping: try again shortly.', 5)
const nobodyListens = () => new Error('nobody listens any more')

/**
 * INVARIANTS: a piece that nobody has yet is made by one encoder, however many want it: whoever comes later waits for
 * that one. An encoder ends where the next piece is there or another one is at it, `aheadPieces` ahead of its furthest
 * listener, and `ABANDONED_MS` after the last one left; none ever waits.
 */
export function createRuns(d: Deps) {
  const all = new Set<Run>()
  const listening = createRecent()

  function begin(handle: Handle, from: number): Run {
    endLeft(handle)
    const run = newRun(handle, from)
    all.add(run)
    run.work.runs.add(run)
    attach(handle, run)
    void untilGone(run)
    return run
  }
  async function untilGone(run: Run): Promise<void> {
    await drive(d, run)
    all.delete(run)
    run.work.runs.delete(run)
    clearTimeout(run.idleTimer)
    run.gone.resolve()
    d.onOver(run.work)
  }
  /** Undefined when there is no place and the listener may wait for one. */
  function tryBegin(handle: Handle, from: number): Run | undefined {
    const isListening = listening.has(handle)
    try {
      d.places.check(handle.wanted.listener, isListening ? 'listening' : 'new')
    } catch (thrown) {
      if (isListening) return undefined
      throw thrown
    }
    return begin(handle, from)
  }
  /** Sees to it that what the listener will want next is made in time. */
  function lookAhead(handle: Handle): void {
    const { work, at, wanted } = handle
    const gap = work.kept
      ? undefined
      : missingIn(work.shelf, at + 1, Math.min(work.layout.pieces, at + 1 + aheadPieces(work)))
    if (gap === undefined) return detach(handle)
    const run = reaching(work, gap)
    if (run) return attach(handle, run)
    if (gap - at > readyPiecesMin(work) || work.isGone) return detach(handle)
    try {
      d.places.check(wanted.listener, 'new')
      begin(handle, gap)
    } catch {
      // No place now: looked at again with the next piece, and waited for when there is none left.
      detach(handle)
    }
  }
  return {
    /** A piece has been sent to this listener, or is about to be. */
    reached(handle: Handle, piece: number): void {
      if (!handle.isOpen) return
      handle.at = piece
      listening.note(handle)
      lookAhead(handle)
    },
    /**
     * Bytes of a piece that is not there from its byte `from` on, from the encoder that makes it: what is made of them.
     * Undefined: look again whether it is there now. Throws 429 `too_many_transcodes`, what the media port throws,
     * and the signal's reason.
     */
    async make(handle: Handle, piece: number, from: Wish, signal?: AbortSignal): Promise<Buffer | undefined> {
      handle.at = piece
      const run = reaching(handle.work, piece) ?? tryBegin(handle, piece)
      if (run) attach(handle, run)
      else await d.places.wait(signal)
      return run && withSignal(from === 'whole' ? awaited(run, piece) : grown(run, piece, from), signal)
    },
    leave: detach,
    /** Ends what is being made of a rendition; whoever waits for it hears why. */
    end(work: Work, why: Error): void {
      for (const run of work.runs) end(run, why)
    },
    async stop(): Promise<void> {
      for (const run of all) end(run, stopping())
      await Promise.all([...all].map((run) => run.gone.promise))
    },
  }
}
export type Runs = ReturnType<typeof createRuns>

/** Whether asking again may help: a process that was killed says nothing else than one that met a damaged file. */
export const mayRetry = (thrown: unknown, restarts: number): boolean =>
  restarts < RESTARTS_MAX && thrown instanceof AppError && ['media_unreadable', 'media_crashed'].includes(thrown.code)

function newRun(handle: Handle, from: number): Run {
  return {
    work: handle.work,
    wanted: handle.wanted,
    owner: handle.wanted.listener,
    next: from,
    parts: [],
    grew: Promise.withResolvers(),
    handles: new Set(),
    awaited: new Map(),
    abort: new AbortController(),
    gone: Promise.withResolvers(),
    isEnding: false,
    idleTimer: undefined,
  }
}

async function drive(d: Deps, run: Run): Promise<void> {
  let fault: unknown
  try {
    await d.places.take({
      owner: () => run.owner,
      isIdle: () => run.handles.size === 0,
      isEnding: () => run.isEnding,
      end: () => end(run, nobodyListens()),
      gone: run.gone.promise,
    })
    run.abort.signal.throwIfAborted()
    const stretch = { from: run.next, until: endOfGap(run) }
    for await (const { bytes, isLast } of encodePieces(d.media, run.wanted, stretch, run.abort.signal)) {
      run.parts.push(bytes)
      const isKept = !isLast || (await finish(d, run))
      tellGrown(run)
      if (isKept && (!isLast || !isEnough(run))) continue
      settle(run, undefined)
      break
    }
  } catch (thrown) {
    fault = thrown
    if (!run.isEnding) d.log.warn({ err: thrown, ...run.work.id, piece: run.next }, 'an encoder failed')
  }
  noteCut(run.work.cutShort, run.next, run.parts)
  settle(run, run.isEnding ? undefined : fault)
}

/** The piece is whole: it is kept if there is room, whoever waits for it has it, and the next one begins. */
async function finish(d: Deps, run: Run): Promise<boolean> {
  const piece = run.next
  const bytes = Buffer.concat(run.parts)
  const promised = run.work.container.pieceBytes(run.work.layout, piece) ?? bytes.length
  if (bytes.length !== promised) throw new RangeError(`piece ${piece} has ${bytes.length} bytes, not ${promised}`)
  if (isOtherThanCut(run.work.cutShort, piece, bytes)) run.work.shelf.making.renew(piece)
  const isKept = await d.store(run, piece, bytes)
  run.work.latest = { piece, bytes }
  run.parts = []
  run.next++
  run.awaited.get(piece)?.resolve(bytes)
  run.awaited.delete(piece)
  return isKept
}
function end(run: Run, why: Error): void {
  if (run.isEnding) return
  settle(run, run.handles.size > 0 ? why : undefined)
  run.abort.abort(why)
}

/** Where this listener was before nobody comes back to: the new place gets all there is to work with. */
function endLeft({ work, wanted }: Handle): void {
  for (const left of work.runs)
    if (left.handles.size === 0 && left.owner === wanted.listener) end(left, nobodyListens())
}

/** Up to where nothing is there: more than that no encoder needs to be given. */
function endOfGap({ work, next }: Run): number {
  let piece = next + 1
  while (piece < work.layout.pieces && !work.shelf.has(piece)) piece++
  return piece
}

function isEnough(run: Run): boolean {
  const { work, next, handles } = run
  if (next >= work.layout.pieces || work.shelf.has(next) || work.isGone || othersAt(run, next)) return true
  const furthest = Math.max(...[...handles].map(({ at }) => at))
  return handles.size > 0 && next > furthest + aheadPieces(work)
}
const othersAt = (run: Run, piece: number): boolean =>
  [...run.work.runs].some((other) => other !== run && !other.isEnding && other.next === piece)

const makerOf = (work: Work, piece: number): Run | undefined =>
  [...work.runs].find((run) => !run.isEnding && run.next === piece)

/** The run that will have made this piece soon, with nothing there in between at which it would end. */
function reaching(work: Work, piece: number): Run | undefined {
  for (let back = 0; back <= REACH_PIECES && !work.shelf.has(piece - back); back++) {
    const run = makerOf(work, piece - back)
    if (run) return run
  }
  return undefined
}

function attach(handle: Handle, run: Run): void {
  if (handle.run === run) return
  detach(handle)
  handle.run = run
  run.handles.add(handle)
  clearTimeout(run.idleTimer)
}

function detach(handle: Handle): void {
  const { run } = handle
  handle.run = undefined
  if (!run) return
  run.handles.delete(handle)
  const [heir] = run.handles
  if (heir) {
    if (![...run.handles].some(({ wanted }) => wanted.listener === run.owner)) run.owner = heir.wanted.listener
    return
  }
  run.idleTimer = setTimeout(() => end(run, nobodyListens()), ABANDONED_MS)
  run.idleTimer.unref()
}
