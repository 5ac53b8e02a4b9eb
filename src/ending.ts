import { messageOf } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'

/** One Ctrl-C can arrive twice: from the terminal, and again passed on by npm. */
const SAME_SIGNAL_MS = 1000
/** Death by Ctrl-C, as shells count it. */
const FORCED_CODE = 130

export type Ending = {
  /** Resolves with the exit code once the process is to stop. */
  readonly code: Promise<number>
  /** Stop, something is broken. */
  fail(detail: string): void
}

/**
 * A signal asks for an orderly stop; a second one, later, ends the process at once (what the database has confirmed is
 * safe, and its server is adopted or recovered by the next start). An error that nobody caught stops it in order, too.
 */
export function whenToldToEnd(log: Log): Ending {
  const ended = Promise.withResolvers<number>()
  let askedMs: number | undefined
  const onSignal = () => {
    const nowMs = performance.now()
    askedMs ??= nowMs
    ended.resolve(0)
    if (nowMs - askedMs > SAME_SIGNAL_MS) process.exit(FORCED_CODE)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  const fail = (detail: string) => {
    log.error(detail)
    ended.resolve(1)
  }
  process.on('uncaughtException', (err) => {
    log.error({ err }, `An error that nobody caught: ${messageOf(err)}`)
    // Before the server is ready nobody waits for the code below.
    process.exitCode = 1
    ended.resolve(1)
  })
  return { code: ended.promise, fail }
}
