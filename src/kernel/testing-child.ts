import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export type Child = {
  readonly pid: number
  /** Resolves with the first line of standard output that matches. */
  line(pattern: RegExp): Promise<string>
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves when the process is gone: its code, or the signal that ended it. */
  readonly gone: Promise<number | NodeJS.Signals>
  kill(signal: NodeJS.Signals): void
}
type Options = { env?: Record<string, string | undefined>; cwd?: string; timeoutMs?: number }

const TIMEOUT_MS = 60_000

/** For tests: a real Node process of ours, killed with the test at the latest. */
export function startChild(file: string, args: readonly string[] = [], o: Options = {}): Child {
  const env = { ...process.env, ...o.env }
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: o.cwd })
  const timer = setTimeout(() => child.kill('SIGKILL'), o.timeoutMs ?? TIMEOUT_MS)
  const end = () => void child.kill('SIGKILL')
  process.once('exit', end)
  const gone = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      process.off('exit', end)
      resolve(code ?? signal ?? 'SIGKILL')
    })
  })
  const said = collect(child)
  return {
    pid: child.pid ?? 0,
    line: (pattern) => said.line(pattern, gone),
    stdout: said.stdout,
    stderr: said.stderr,
    gone,
    kill: (signal) => void child.kill(signal),
  }
}

function collect(child: ChildProcess) {
  const lines: string[] = []
  let stderr = ''
  const waiting = new Set<() => void>()
  child.stderr?.on('data', (d: Buffer) => {
    stderr += d.toString()
  })
  if (child.stdout)
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line)
      for (const look of waiting) look()
    })
  const line = (pattern: RegExp, gone: Promise<unknown>) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = lines.find((l) => pattern.test(l))
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
      void gone.then(() =>
        reject(new Error(`it ended without saying ${String(pattern)}: ${lines.join('\n')}\n${stderr}`)),
      )
    })
  return { line, stdout: () => lines.join('\n'), stderr: () => stderr }
}
