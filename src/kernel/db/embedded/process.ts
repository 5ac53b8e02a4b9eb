import { execFileSync, spawn } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Account, runsAsRoot } from './account.ts'

const OUTPUT_BYTES_MAX = 64 * 1024

/** Nothing of our own environment reaches PostgreSQL: a PGDATA or LC_MESSAGES of the shell must not change it. */
export const childEnvironment = (): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
})

/** Spawn options that drop root to `account` (Node also drops the supplementary groups); nothing for other users. */
export const identityOf = (account: Account): { uid?: number; gid?: number } =>
  runsAsRoot() ? { uid: account.uid, gid: account.gid } : {}

export type ToolResult = { exitCode: number | null; output: string }

/** Runs a short-lived program of PostgreSQL; rejects only when it cannot be executed at all. */
export async function runTool(file: string, args: string[], account: Account, timeoutMs: number): Promise<ToolResult> {
  const first = await runOnce(file, args, account, timeoutMs)
  // A Ctrl-C in the moment before it had a session of its own: it has not begun, and who asked us to end waits for it.
  const neverBegan = first.signal === 'SIGINT' && first.output === ''
  return neverBegan ? runOnce(file, args, account, timeoutMs) : first
}

type Ended = ToolResult & { signal: NodeJS.Signals | null }

function runOnce(file: string, args: string[], account: Account, timeoutMs: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: '/',
      env: childEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      // A Ctrl-C in the terminal is for us: a database half made by it would be told as a fault of PostgreSQL.
      detached: true,
      timeout: timeoutMs,
      ...identityOf(account),
    })
    let output = ''
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_BYTES_MAX)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', reject)
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, output }))
  })
}

/** A zombie counts as dead: in a container whose first process reaps nothing, `kill(pid, 0)` finds it for ever. */
const isZombie = (pid: number): boolean => {
  if (process.platform !== 'linux') return false
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM'
  }
  return !isZombie(pid)
}

/** The command line of a live process, or '' when it cannot be read. */
function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

const workingFolderOf = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

/** Whether a live process is a postmaster of `cluster` (a real path): its working folder is the cluster. */
export function isPostmasterOf(pid: number, cluster: string): boolean {
  if (!isAlive(pid)) return false
  const command = commandOf(pid)
  if (process.platform === 'linux') return command.includes('postgres') && workingFolderOf(pid) === cluster
  return command.includes('postgres') && `${command.trim()} `.includes(` ${cluster} `)
}

const EXIT_POLL_MS = 10

/** Waits until the process is gone; false when it still lives after `timeoutMs`. */
export async function waitForExit(pid: number, timeoutMs: number): Promise<boolean> {
  const endsAt = performance.now() + timeoutMs
  while (isAlive(pid)) {
    if (performance.now() >= endsAt) return false
    await sleep(EXIT_POLL_MS)
  }
  return true
}
