import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** A fault that is explained to the person in one sentence; anything else is a bug and shows its stack. */
export class Fault extends Error {
  /** @param {string} message @param {string | null} signal the signal that stopped the work, if one did */
  constructor(message, signal = null) {
    super(message)
    this.signal = signal
  }
}

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** One Ctrl-C can arrive twice (from the terminal and again from npm); within this time it counts as one. */
const SAME_SIGNAL_MS = 1000

/** Of a failed program's output: where it says what is wrong, and how it ended. */
const FAULT_HEAD_LINES = 20
const FAULT_TAIL_LINES = 20

/** glibc keeps what threads have freed in as many heaps as eight times the cores; two keep idle memory small. */
const MALLOC_HEAPS_MAX = '2'

/** The environment of every child: `node` on its path is the one we chose. */
export function childEnvironment(node) {
  return {
    MALLOC_ARENA_MAX: MALLOC_HEAPS_MAX,
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
  }
}

/**
 * Runs a program to its end. A signal sent to us goes to the child once; `passedOn` is the last such signal.
 * A `detached` child has its own process group: the terminal does not reach it past us, so that "once" holds there too.
 * @returns {Promise<{ code: number | null, signal: string | null, passedOn: string | null }>}
 *   code 127 when the program could not be started at all
 */
export async function runChild(file, argv, { onSpawn, ...options } = {}) {
  const child = spawn(file, argv, { stdio: 'inherit', ...options })
  const forwarding = forwardSignals(child)
  if (child.pid) onSpawn?.(child.pid)
  const end = await new Promise((resolve) => {
    child.on('error', () => resolve({ code: 127, signal: null }))
    child.on('exit', (code, signal) => resolve({ code, signal }))
  })
  forwarding.stop()
  return { ...end, passedOn: forwarding.last() }
}

function forwardSignals(child) {
  const lastMs = new Map()
  let last = null
  const forward = (signal) => {
    const nowMs = performance.now()
    if (nowMs - (lastMs.get(signal) ?? -Infinity) >= SAME_SIGNAL_MS) child.kill(signal)
    lastMs.set(signal, nowMs)
    last = signal
  }
  for (const signal of FORWARDED) process.on(signal, forward)
  return { last: () => last, stop: () => FORWARDED.forEach((signal) => process.off(signal, forward)) }
}

/** Ends this process as the child ended: same code, or death by the same signal. */
export function endLike({ code, signal }) {
  if (signal === null) process.exitCode = code
  else process.kill(process.pid, signal)
}

/**
 * Replaces this process by `node argv` where the running Node can (22.15 and newer), so that no idle parent stays in
 * memory; otherwise stays as a thin parent. Never returns in the first case.
 */
export async function handOver(node, argv, env) {
  if (process.execve) process.execve(node, [node, ...argv], env)
  endLike(await runChild(node, argv, { env, detached: true }))
}

/**
 * Runs a program with its output kept in a temporary log, and resolves when it succeeded.
 * @param {(output: string, end: string) => string} explain makes the sentence for a failure
 * @param {(output: string) => string} tidy leaves out what helps nobody
 * @throws {Fault} with the head and tail of the output and that sentence; or with the signal that stopped it
 */
export async function runQuietly(file, argv, { explain, tidy = (output) => output, ...options }) {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-'))
  const fd = openSync(join(folder, 'output.log'), 'w')
  try {
    const stdio = ['ignore', fd, fd]
    const { code, signal, passedOn } = await runChild(file, argv, { ...options, stdio, detached: true })
    if (passedOn) throw new Fault('Stopped before it was done; the next start begins this step anew.', passedOn)
    if (code === 0) return
    const output = readFileSync(join(folder, 'output.log'), 'utf8')
    throw new Fault(`${headAndTail(tidy(output))}\n${explain(output, signal ?? `code ${code}`)}`)
  } finally {
    closeSync(fd)
    rmSync(folder, { recursive: true, force: true })
  }
}

function headAndTail(text) {
  const lines = text.trimEnd().split('\n')
  if (lines.length <= FAULT_HEAD_LINES + FAULT_TAIL_LINES) return lines.join('\n')
  const hidden = lines.length - FAULT_HEAD_LINES - FAULT_TAIL_LINES
  return [...lines.slice(0, FAULT_HEAD_LINES), `… ${hidden} more lines …`, ...lines.slice(-FAULT_TAIL_LINES)].join('\n')
}
