import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { RUN_MEMORY_MAX_BYTES, RUN_TIMEOUT_MS, STDERR_TAIL_CHARS } from './bounds.ts'
import { faultFromStderr, mediaTimeout, mediaToolsMissing, mediaTooLarge } from './faults.ts'
import { openInput } from './input.ts'
import type { FilePath, MediaSettings, RunOptions } from './types.ts'
import { renice, watchMemory } from './watch.ts'

/** A started FFmpeg. `exit` rejects with an `AppError` (or the signal's reason); `stop` kills at once. */
export type Run = { stdout: Readable; exit: Promise<void>; stop(reason?: Error): void }

function keepTail(stream: Readable): () => string {
  let tail = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    tail = (tail + text).slice(-STDERR_TAIL_CHARS)
  })
  return () => tail
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

  const exit = new Promise<void>((resolve, reject) => {
    child.once('error', (fault) => reject(stopped ?? faultFromStderr('', fault.message)))
    child.once('close', (code, signal) => {
      if (stopped) reject(stopped)
      else if (code === 0) resolve()
      else reject(faultFromStderr(tail(), signal ?? `code ${code}`))
    })
  }).finally(() => {
    clearTimeout(timer)
    unwatch()
    o.signal?.removeEventListener('abort', onAbort)
  })
  exit.catch(() => {}) // a caller that only reads the stream hears of the failure there
  return { stdout: child.stdout as Readable, exit, stop }
}

/** Starts FFmpeg on one file. Throws what `openInput` throws, or `media_tools_missing`. */
export async function startFfmpeg(
  settings: MediaSettings,
  file: FilePath,
  args: string[],
  o: RunOptions,
): Promise<Run> {
  if (settings.driver === 'none') throw mediaToolsMissing()
  o.signal?.throwIfAborted()
  const input = await openInput(file)
  try {
    o.signal?.throwIfAborted()
    const child = spawn(settings.command, [...settings.prefixArgs, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', input.fd],
      // No secret of the server may reach a process that reads hostile files.
      env: {},
      windowsHide: true,
    })
    if (child.pid) renice(child.pid, o.nice)
    return supervise(child, o)
  } finally {
    await input.close()
  }
}
