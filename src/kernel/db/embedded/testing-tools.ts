/** What the tests of this folder share. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chownSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { accountUnderRoot, blockingPart, runsAsRoot } from './account.ts'
import { askOnce } from './connection.ts'
import { isAlive } from './process.ts'
import type { EmbeddedPostgres, Internals, StartOptions } from './start.ts'

const CHILD = fileURLToPath(new URL('testing-child.ts', import.meta.url))

export type Event = {
  event: string
  code?: string
  message?: string
  detail?: string
} & Partial<Omit<EmbeddedPostgres, 'stop'>>

export type Child = {
  process: ChildProcess
  pid: number
  /** The next event that is one of `kinds`; rejects when the process ends without it. */
  next(...kinds: string[]): Promise<Event>
  logged: string[]
}

export type ChildOptions = Omit<Partial<StartOptions>, 'log' | 'onExit'> & { dataDir: string }

/** Runs `startWith` in a Node process of its own that ends with the test; `as` drops root to that user. */
export function startChild(
  t: TestContext,
  options: ChildOptions,
  internals: Internals = {},
  as?: { uid: number; gid: number },
): Child {
  const child = spawn(process.execPath, [CHILD, JSON.stringify({ options, internals })], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
    ...as,
  })
  t.after(() => child.kill('SIGKILL'))
  const events: Event[] = []
  const logged: string[] = []
  const lines = createInterface(child.stdout)
  let ended = false
  lines.on('line', (line) => {
    const event: Event = JSON.parse(line)
    if (event.event === 'log') logged.push(event.message ?? '')
    events.push(event)
  })
  lines.on('close', () => (ended = true))
  const take = (kinds: string[]): Event | undefined => {
    const at = events.findIndex(({ event }) => kinds.includes(event))
    return at === -1 ? undefined : events.splice(0, at + 1).at(-1)
  }
  const next = async (...kinds: string[]): Promise<Event> => {
    for (;;) {
      const event = take(kinds)
      if (event) return event
      if (ended) throw new Error(`the child ended without ${kinds.join(' or ')}; it logged: ${logged.join('; ')}`)
      await Promise.race([once(lines, 'line'), once(lines, 'close')])
    }
  }
  return { process: child, pid: child.pid ?? 0, next, logged }
}

/** Sends the signal and waits for the end; resolves to the exit code (null: killed). */
export async function end(child: Child, signal: NodeJS.Signals): Promise<number | null> {
  if (child.process.exitCode === null && child.process.signalCode === null) {
    const gone = once(child.process, 'exit')
    child.process.kill(signal)
    await gone
  }
  return child.process.exitCode
}

/** Every postmaster and backend that works in this cluster. */
const processesIn = (cluster: string): number[] =>
  execFileSync('ps', ['-A', '-o', 'pid='], { encoding: 'utf8' })
    .split('\n')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && readlinkSync(`/proc/${pid}/cwd`).startsWith(cluster)
      } catch {
        return false
      }
    })

function killBelow(folder: string): void {
  for (const pid of processesIn(folder)) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
}

/** A passable temporary folder; afterwards every PostgreSQL that works below it is ended and it is removed. */
export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-emb-'))
  chmodSync(folder, 0o711)
  t.after(() => {
    killBelow(folder)
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  })
  return folder
}

/**
 * The reason to skip the tests in which another user runs our code: root's clone may lie where nobody else may pass.
 * None under `TUTTI_TEST_FULL=1`, where they must run.
 */
export function unreachableForUser(): string | false {
  if (!runsAsRoot() || process.env['TUTTI_TEST_FULL'] === '1') return false
  const account = accountUnderRoot(undefined)
  const closed = [CHILD, realpathSync(process.execPath)].map((path) => blockingPart(path, account)).find((part) => part)
  return closed ? `the user ${account.name} may not pass ${closed}, in which this checkout lies` : false
}

/** An ordinary user's own folder, and the identity to run as: another user's when the tests run as root. */
export function makeUserFolder(t: TestContext): { folder: string; as: { uid: number; gid: number } | undefined } {
  const folder = makeFolder(t)
  if (!runsAsRoot()) return { folder, as: undefined }
  const { uid, gid } = accountUnderRoot(undefined)
  chownSync(folder, uid, gid)
  return { folder, as: { uid, gid } }
}

export const ask = (socketDir: string | undefined, sql: string) => askOnce(socketDir ?? '', 'tutti', sql)

export const pidInFile = (cluster: string): number =>
  existsSync(join(cluster, 'postmaster.pid'))
    ? Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0])
    : 0

/** A folder on a memory disk of its own; undefined when this system does not let us mount one. */
export function makeSmallDisk(t: TestContext, sizeMiB: number): string | undefined {
  const disk = mkdtempSync(join(tmpdir(), 'tutti-disk-'))
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m,mode=0755`, 'tmpfs', disk])
  t.after(() => {
    killBelow(disk)
    if (mount.status === 0) spawnSync('umount', ['-l', disk])
    rmSync(disk, { recursive: true, force: true })
  })
  return mount.status === 0 ? disk : undefined
}

/** A PostgreSQL of the system, for tests of outside servers and of PG_BIN. */
export const systemPostgres = (): string | undefined =>
  ['17', '16', '15'].map((major) => `/usr/lib/postgresql/${major}/bin`).find((bin) => existsSync(join(bin, 'initdb')))
