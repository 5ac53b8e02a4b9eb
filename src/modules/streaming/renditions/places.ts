import { type AppError, tooMany } from '#kernel/errors.ts'

/** When to come back after 429: an encoder holds its place for some seconds only. */
const RETRY_AFTER_SEC = 2
/** How long somebody in the middle of listening waits for a place before the answer breaks off. */
const PLACE_WAIT_MS_MAX = 20_000
const WAITING_MAX = 1000

/** What holds a place: an encoder, from before it starts until its process is gone. */
export type Holder = {
  /** Whom it counts for. */
  readonly owner: () => string
  /** Nobody listens to it: it may be ended when its place is wanted. */
  readonly isIdle: () => boolean
  /** It was told to end. */
  readonly isEnding: () => boolean
  readonly end: () => void
  readonly gone: Promise<void>
}
type Bounds = { readonly transcodesMax: number; readonly perListenerMax: number }

const taken = (sentence: string) => tooMany(sentence, RETRY_AFTER_SEC, 'too_many_transcodes')
const allTaken = ({ transcodesMax }: Bounds) =>
  taken(`This server makes at most ${transcodesMax} transcodes at once: try again shortly, or ask for the original.`)
const ownTaken = ({ perListenerMax }: Bounds) =>
  taken(`One listener gets at most ${perListenerMax} transcodes at once: stop another one, or try again shortly.`)

/**
 * INVARIANTS: at most `transcodesMax` encoders have a process, and at most `perListenerMax` work for one listener.
 * One that nobody listens to gives way at once, so that who jumps about in a song meets no bound. Who is in the middle
 * of listening waits in a line, first come first served, and nobody new goes before the line.
 */
export function createPlaces(bounds: Bounds) {
  const holders = new Set<Holder>()
  const line: (() => void)[] = []
  const staying = (): Holder[] => [...holders].filter((holder) => !holder.isEnding())
  /** All look again, in their order; who finds nothing stands behind those who came with him. */
  const wake = () => {
    for (const look of line.splice(0)) look()
  }

  /** Why there is no place for this listener; makes one by ending what nobody listens to. */
  function obstacle(listener: string): AppError | undefined {
    const own = staying().filter((holder) => holder.owner() === listener)
    if (own.length >= bounds.perListenerMax) {
      const idle = own.find((holder) => holder.isIdle())
      if (!idle) return ownTaken(bounds)
      idle.end()
    }
    if (staying().length >= bounds.transcodesMax) {
      const idle = staying().find((holder) => holder.isIdle())
      if (!idle) return allTaken(bounds)
      idle.end()
    }
    return undefined
  }
  async function leaveWhenGone(holder: Holder): Promise<void> {
    await holder.gone
    holders.delete(holder)
    wake()
  }
  return {
    held: () => holders.size,
    /** Throws 429 `too_many_transcodes`; may end what nobody listens to. */
    check(listener: string, standing: 'new' | 'listening'): void {
      const fault = standing === 'new' && line.length > 0 ? allTaken(bounds) : obstacle(listener)
      if (fault) throw fault
    },
    /** Resolves when it may start its process: those that were told to end have gone. To be called right after `check`. */
    async take(holder: Holder): Promise<void> {
      const leaving = [...holders].filter((each) => each.isEnding()).map((each) => each.gone)
      holders.add(holder)
      void leaveWhenGone(holder)
      if (holders.size > bounds.transcodesMax) await Promise.all(leaving)
    },
    /** Resolves when a place may have come free. Throws 429 when that takes too long, and the signal's reason. */
    async wait(signal?: AbortSignal): Promise<void> {
      if (line.length >= WAITING_MAX) throw allTaken(bounds)
      const late = AbortSignal.timeout(PLACE_WAIT_MS_MAX)
      const either = signal ? AbortSignal.any([signal, late]) : late
      either.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const leave = () => reject(late.aborted ? allTaken(bounds) : (signal?.reason as Error))
      line.push(resolve)
      either.addEventListener('abort', leave, { once: true })
      try {
        await promise
      } finally {
        either.removeEventListener('abort', leave)
        const at = line.indexOf(resolve)
        if (at >= 0) line.splice(at, 1)
      }
    },
  }
}
export type Places = ReturnType<typeof createPlaces>
