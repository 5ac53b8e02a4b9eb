import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { PREPARED_IDLE_MS } from './bounds.ts'
import { PREPARED_FLAG } from './prepared-job.ts'
import type { MediaSettings } from './types.ts'

/**
 * One WebAssembly FFmpeg that is compiled and waits for its job, because making it ready takes longer than a listener
 * likes to wait. Of the native FFmpeg there is none.
 */
export type Prepared = {
  /** Makes one ready, if none is; it ends when nobody wants it for a while. */
  warm(): void
  /** The one that is ready or becomes so; the next is begun. Undefined where nothing is prepared. */
  take(): ChildProcess | undefined
  close(): Promise<void>
}

const NONE: Prepared = { warm() {}, take: () => undefined, close: () => Promise.resolve() }

const start = (settings: MediaSettings): ChildProcess =>
  spawn(settings.command, [...settings.prefixArgs, PREPARED_FLAG], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // No secret of the server may reach a process that reads hostile files.
    env: {},
    windowsHide: true,
  })

/** The first bytes of a job are there by then. */
const AGAIN_AFTER_MS = 300

/** Invariant: at most one process waits here; it is killed by `close` and ends by itself with the server. */
export function createPrepared(settings: MediaSettings, idleMs = PREPARED_IDLE_MS): Prepared {
  if (settings.driver !== 'wasm') return NONE
  let waiting: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function drop(): ChildProcess | undefined {
    const child = waiting
    waiting = undefined
    clearTimeout(timer)
    return child
  }
  function warm(): void {
    if (isClosed) return
    if (!waiting) {
      const child = start(settings)
      waiting = child
      const gone = () => {
        if (waiting === child) drop()
      }
      child.once('exit', gone)
      child.once('error', gone)
      rest(child)
    }
    clearTimeout(timer)
    timer = setTimeout(() => drop()?.kill('SIGKILL'), idleMs)
    timer.unref()
  }
  return {
    warm,
    take() {
      const child = drop()
      if (child) wake(child)
      // Who jumps about in a song finds the next one ready; not at once, because this one has work to do first.
      timer = setTimeout(warm, AGAIN_AFTER_MS)
      timer.unref()
      return child
    },
    async close() {
      isClosed = true
      clearTimeout(timer)
      const child = drop()
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      child.ref()
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

type Holds = { ref?(): void; unref?(): void }
const handlesOf = (child: ChildProcess): Holds[] =>
  [child, child.stdin, child.stdout, child.stderr] as unknown as Holds[]
/** A child that waits does not keep the program alive. */
function rest(child: ChildProcess): void {
  for (const handle of handlesOf(child)) handle.unref?.()
}
function wake(child: ChildProcess): void {
  for (const handle of handlesOf(child)) handle.ref?.()
}
