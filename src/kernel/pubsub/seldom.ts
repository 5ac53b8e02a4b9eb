import type { Log } from '#kernel/log.ts'

/** One line of each kind per this time, however often the fault repeats. */
export const SELDOM_MS = 60_000

/** A warning that repeats at most once per `SELDOM_MS`, with the count of those that were left out. */
export function seldomWarn(log: Log, everyMs = SELDOM_MS): (detail: object, message: string) => void {
  let nextAtMs = 0
  let leftOut = 0
  return (detail, message) => {
    const nowMs = performance.now()
    if (nowMs < nextAtMs) {
      leftOut++
      return
    }
    log.warn(leftOut === 0 ? detail : { ...detail, leftOut }, message)
    nextAtMs = nowMs + everyMs
    leftOut = 0
  }
}
