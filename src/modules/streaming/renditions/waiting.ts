/** What listeners wait for while an encoder works. */
import type { Run } from './work.ts'

/** A whole piece; undefined when this run will not make it. */
export function awaited(run: Run, piece: number): Promise<Buffer | undefined> {
  const there = run.awaited.get(piece)
  if (there) return there.promise
  const waiting = Promise.withResolvers<Buffer | undefined>()
  // Those who have left do not hear it.
  waiting.promise.catch(() => {})
  run.awaited.set(piece, waiting)
  return waiting.promise
}

/**
 * Bytes of a piece from `from` on, as soon as there are any. Should the encoder die, another one makes the rest, which
 * counts as the same only when its beginning is. Where pieces are not kept, all of one at once: who is slow would have
 * to have it made again for every part.
 */
export async function grown(run: Run, piece: number, from: number): Promise<Buffer | undefined> {
  const whole = awaited(run, piece)
  while (!run.isEnding && run.next <= piece) {
    if (run.next === piece && bytesMade(run) > from && !run.work.isTooMuch)
      return Buffer.concat(run.parts).subarray(from)
    await run.grew.promise
  }
  return (await whole)?.subarray(from)
}
const bytesMade = ({ parts }: Run): number => parts.reduce((sum, { length }) => sum + length, 0)

/** There is more of a piece than before. */
export function tellGrown(run: Run): void {
  run.grew.resolve()
  run.grew = Promise.withResolvers()
}

/** Nobody attaches to a run that has settled. */
export function settle(run: Run, fault: unknown): void {
  run.isEnding = true
  for (const { resolve, reject } of run.awaited.values())
    if (fault) reject(fault)
    else resolve(undefined)
  run.awaited.clear()
  run.grew.resolve()
}

/** The same, unless the signal comes first: then its reason is thrown. */
export async function withSignal<T>(waiting: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return waiting
  signal.throwIfAborted()
  const left = Promise.withResolvers<never>()
  const leave = () => left.reject(signal.reason as Error)
  signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([waiting, left.promise])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
