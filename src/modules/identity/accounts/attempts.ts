import { tooMany } from '#kernel/errors.ts'

const WINDOW_MS = 60_000
/** Wrong passwords a minute for one e-mail or username, from wherever they come. */
const FAILURES_MAX = 20
/** Names remembered; when there are more within a minute, the oldest are forgotten first. */
const NAMES_MAX = 50_000

type Window = { startedAt: number; failures: number }
/**
 * Counts wrong passwords by the name that was given, whether it has an account or not, so that an answer tells nothing:
 * not even which e-mail and which username belong together. The limit by address does not stop someone with many addresses.
 */
export type Attempts = {
  /** Throws 429 with `Retry-After` when there were too many. */
  check(name: string): void
  failed(name: string): void
}

export function createAttempts(now: () => number = Date.now): Attempts {
  const windows = new Map<string, Window>()
  const living = (name: string): Window | undefined => {
    const w = windows.get(name.toLowerCase())
    return w && now() - w.startedAt < WINDOW_MS ? w : undefined
  }
  return {
    check(name) {
      const w = living(name)
      if (!w || w.failures < FAILURES_MAX) return
      const waitSec = Math.ceil((w.startedAt + WINDOW_MS - now()) / 1000)
      throw tooMany('Too many wrong passwords for this account: wait as long as Retry-After says.', waitSec)
    },
    failed(name) {
      const w = living(name)
      if (w) {
        w.failures += 1
        return
      }
      windows.delete(name.toLowerCase())
      if (windows.size >= NAMES_MAX) windows.delete(windows.keys().next().value as string)
      windows.set(name.toLowerCase(), { startedAt: now(), failures: 1 })
    },
  }
}
