import { rmSync } from 'node:fs'
import type { StartLog } from './errors.ts'
import { boundLog, tailOf } from './logfile.ts'
import type { Postmaster } from './postmaster.ts'
import { isAlive, waitForExit } from './process.ts'

const WATCH_MS = 1000
const LOG_CHECK_EVERY = 60
const FAST_STOP_MS = 30_000
const QUIT_STOP_MS = 5000

/** `end` looks a last time: what breaks without its database may end us sooner than the clock finds out why. */
export type Watch = { end(): void }

/**
 * Looks every second whether the postmaster lives (an adopted one is no child of ours, so there is no event), and
 * every minute whether its log has outgrown its bound. Calls `onGone` once, with the last lines of the log.
 */
export function watchPostmaster({ pid }: Postmaster, logFile: string, onGone: (detail: string) => void): Watch {
  let ticks = 0
  let isGone = false
  const look = () => {
    if (isGone || isAlive(pid)) return
    isGone = true
    clearInterval(timer)
    onGone(`PostgreSQL (process ${pid}) stopped unexpectedly; ${logFile} ends with: ${tailOf(logFile, 0)}`)
  }
  const timer = setInterval(() => {
    look()
    if (!isGone && ++ticks % LOG_CHECK_EVERY === 0) boundLog(logFile)
  }, WATCH_MS)
  timer.unref()
  const end = () => {
    clearInterval(timer)
    look()
  }
  return { end }
}

/** Its socket folder goes too: nothing of a stopped database stays in the temporary folder. */
export async function stopPostmaster({ pid, socketDir }: Postmaster, log: StartLog): Promise<void> {
  // SIGINT: fast shutdown, ends sessions and writes a checkpoint. SIGQUIT: at once, the next start recovers.
  const stages = [
    { signal: 'SIGINT', waitMs: FAST_STOP_MS },
    { signal: 'SIGQUIT', waitMs: QUIT_STOP_MS },
    { signal: 'SIGKILL', waitMs: QUIT_STOP_MS },
  ] as const
  for (const { signal, waitMs } of stages) {
    if (!isAlive(pid)) break
    process.kill(pid, signal)
    if (await waitForExit(pid, waitMs)) break
    log('warn', `PostgreSQL (process ${pid}) did not stop within ${waitMs / 1000} seconds of ${signal}.`)
  }
  rmSync(socketDir, { recursive: true, force: true })
}
