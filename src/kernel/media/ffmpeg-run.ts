import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { RUN_MEMORY_MAX_BYTES, RUN_TIMEOUT_MS, STDERR_TAIL_CHARS } from './bounds.ts'
import { faultFromStderr, mediaTimeout, mediaToolsMissing, mediaTooLarge } from './faults.ts'
import { openInput } from './input.ts'
import type { Prepared } from './prepared.ts'
import type { PreparedJob } from './prepared-job.ts'
import type { FilePath, MediaSettings, RunOptions } from './types.ts'
import { renice, watchMemory } from './watch.ts'

/** A started FFmpeg. `exit` rejects with an `AppError` (or the signal's reason); `stop` kills at once. */
export type Run = {
  stdout: Readable
  exit: Promise<void>
  stop(reason?: Error): void
  /** Settles true when FFmpeg has said these words on stderr, false when it has ended without. */
  said(words: string): Promise<boolean>
}

type Tail = { text(): string; said(words: string): Promise<boolean> }

/** The last words of a process. */
function keepTail(stream: Readable): Tail {
  let tail = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    tail = (tail + text).slice(-STDERR_TAIL_CHARS)
  })
  const said = (words: string) =>
    new Promise<boolean>((resolve) => {
      const look = () => {
        if (tail.includes(words)) resolve(true)
      }
      look()
      stream.on('data', look)
      stream.once('close', () => resolve(tail.includes(words)))
    })
  return { text: () => tail, said }
}

/**
 * Why a run was stopped is kept beside the process: the exit code of a killed child tells nothing.
 * Invariant: after `stop` the child is dead or dying, by SIGKILL, whatever it was doing.
 */
function supervise(child: ChildProcess, o: RunOptions): Run {
  let stopped: Error | undefined
  const stop = (reason: Error = new Error('stopped')) => {
    stopped ??= reason
    child.kill('SIGKILL')
    // What is still on its way is of no use any more; without this, an unread pipe would keep the run open.
    child.stdout?.destroy(stopped)
  }
  const timeoutMs = Math.min(o.timeoutMs ?? RUN_TIMEOUT_MS, RUN_TIMEOUT_MS)
  const timer = setTimeout(() => stop(mediaTimeout(timeoutMs)), timeoutMs)
  const tooLarge = () => stop(mediaTooLarge('Decoding the file took more memory than is allowed.'))
  const unwatch = child.pid ? watchMemory(child.pid, RUN_MEMORY_MAX_BYTES, tooLarge) : () => {}
  const onAbort = () => stop(o.signal?.reason as Error)
  o.signal?.addEventListener('abort', onAbort, { once: true })
  const tail = keepTail(child.stderr as Readable)
  // Stopped before anybody reads: `exit` tells.
  child.stdout?.on('error', () => {})

  const exit = new Promise<void>((resolve, reject) => {
    child.once('error', (fault) => reject(stopped ?? faultFromStderr('', fault.message)))
    child.once('close', (code, signal) => {
      if (stopped) reject(stopped)
      else if (code === 0) resolve()
      else reject(faultFromStderr(tail.text(), signal ?? `code ${code}`))
    })
  }).finally(() => {
    clearTimeout(timer)
    unwatch()
    o.signal?.removeEventListener('abort', onAbort)
  })
  exit.catch(() => {}) // a caller that only reads the stream hears of the failure there
  return { stdout: child.stdout as Readable, exit, stop, said: tail.said }
}

/** A process that runs on what is open as `fd`. */
const spawnOn = (settings: MediaSettings, args: readonly string[], fd: number): ChildProcess =>
  spawn(settings.command, [...settings.prefixArgs, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', fd],
    // No secret of the server may reach a process that reads hostile files.
    env: {},
    windowsHide: true,
  })

/** Hands the job to a process that waits for one; it opens the file itself. */
function handOver(child: ChildProcess, job: PreparedJob): ChildProcess {
  child.stdin?.on('error', () => {}) // it has ended: its exit tells
  child.stdin?.end(JSON.stringify(job))
  return child
}

/** Starts FFmpeg on one file. Throws what `openInput` throws, or `media_tools_missing`. */
export async function startFfmpeg(
  { settings, prepared }: { settings: MediaSettings; prepared?: Prepared | undefined },
  file: FilePath,
  args: string[],
  o: RunOptions,
): Promise<Run> {
  if (settings.driver === 'none') throw mediaToolsMissing()
  o.signal?.throwIfAborted()
  const input = await openInput(file)
  try {
    o.signal?.throwIfAborted()
    const waiting = prepared?.take()
    const child = waiting
      ? handOver(waiting, { args, pathHex: Buffer.from(file).toString('hex') })
      : spawnOn(settings, args, input.fd)
    if (child.pid) renice(child.pid, o.nice)
    return supervise(child, o)
  } finally {
    // Not waited for: a short job may be over by then, and what nobody has begun to read is lost at its end.
    input.close().catch(() => {})
  }
}
