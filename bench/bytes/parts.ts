/** The processes of a measurement: who serves is bound to one core, who asks to another. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Place, Used } from './server.ts'

const run = promisify(execFile)
const TICKS_PER_SEC = 100
export const SERVER_CORE = '0'
const CLIENT_CORE = '1'
/** Starts a command on the core of servers. */
export const ON_SERVER_CORE = ['taskset', '-c', SERVER_CORE]

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
export type Tutti = Place & { pid: number; used(): Promise<Used>; stop(): Promise<void> }

/** Tutti in a process of its own, with one file for each length. */
export async function startTutti(lengthsSec: readonly number[], wrap = ON_SERVER_CORE): Promise<Tutti> {
  const [command, ...args] = [...wrap, process.execPath, script('./server.ts'), ...lengthsSec.map(String)] as [
    string,
    ...string[],
  ]
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  if (!child.stdout) throw new Error('no output')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => JSON.parse(String((await lines.next()).value)) as unknown
  const place = (await next()) as Place
  const used = async () => {
    child.stdin?.write('\n')
    return (await next()) as Used
  }
  const stop = async () => {
    child.stdin?.end()
    await once(child, 'exit')
  }
  return { ...place, pid: child.pid ?? 0, used, stop }
}

/** CPU seconds of a process, all its threads. */
export const cpuSecOf = (pid: number): number => ownCpuSec(String(pid))
/** Of nginx: a master and its one worker. */
export function cpuSecOfNginx(pid: number): number {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
  return [String(pid), ...children].reduce((sum, each) => sum + ownCpuSec(each), 0)
}
function fieldsOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
const parentOf = (pid: string): number => Number(fieldsOf(pid)[1])
const ownCpuSec = (pid: string): number =>
  (Number(fieldsOf(pid)[11] ?? 0) + Number(fieldsOf(pid)[12] ?? 0)) / TICKS_PER_SEC

export type Rate = { bytesPerSec: number; bytes: number }
export async function ask(url: string, token: string, connections: number, seconds: number): Promise<Rate> {
  const args = ['-c', CLIENT_CORE, process.execPath, script('./client.ts'), url, token, `${connections}`, `${seconds}`]
  const { stdout } = await run('taskset', args)
  const said = JSON.parse(stdout) as { bytes: number; seconds: number }
  return { bytes: said.bytes, bytesPerSec: said.bytes / said.seconds }
}
