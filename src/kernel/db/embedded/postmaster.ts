import { spawn } from 'node:child_process'
import { closeSync, existsSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from './account.ts'
import { NO_SPACE } from './cluster.ts'
import { askOnce } from './connection.ts'
import { diskFull, StartError, type StartLog } from './errors.ts'
import { openLog, type PostgresLog } from './logfile.ts'
import { childEnvironment, identityOf, isAlive, isPostmasterOf } from './process.ts'
import { fixedArguments } from './settings.ts'
import { stopPostmaster } from './supervise.ts'

/** A live postmaster: the process, and the folder of its socket. */
export type Postmaster = { pid: number; socketDir: string }

const POLL_MS = 10
const SLOW_START_MS = 3000
/** Less than this free, and a start that failed without a word failed for want of space. */
const FREE_BYTES_MIN = 1024 * 1024

/** The lines of postmaster.pid: https://www.postgresql.org/docs/18/storage-file-layout.html */
const LINE = { pid: 0, socketDir: 4, status: 7 } as const

const pidFileOf = (cluster: string): string => join(cluster, 'postmaster.pid')

const readPidFile = (cluster: string): { pid: number; socketDir: string; isReady: boolean } | undefined => {
  if (!existsSync(pidFileOf(cluster))) return undefined
  const lines = readFileSync(pidFileOf(cluster), 'utf8').split('\n')
  const pid = Number(lines[LINE.pid])
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { pid, socketDir: lines[LINE.socketDir] ?? '', isReady: lines[LINE.status]?.trim() === 'ready' }
}

const answersFor = async (socketDir: string, cluster: string): Promise<boolean> => {
  const rows = await askOnce(socketDir, 'postgres', 'SHOW data_directory').catch(() => [])
  return rows[0]?.['data_directory'] === cluster
}

/**
 * A process id is reused sooner or later, in containers at once, and PostgreSQL then takes a stranger for its live
 * postmaster and refuses to start. It never takes its own parent for one, so the stale file gets our id. The file is
 * kept because its other lines let PostgreSQL find surviving backends of the dead postmaster.
 */
function disarmStalePid(cluster: string, pid: number): void {
  if (!isAlive(pid) && !existsSync(`/proc/${pid}`)) return
  const file = pidFileOf(cluster)
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(process.pid)))
}

/**
 * The postmaster that an earlier, killed Tutti left behind on this cluster, once it answers; undefined when there is
 * none. One that is stopping is awaited. @throws StartError `database_not_answering`
 */
export async function findLive(cluster: string, timeoutMs: number): Promise<Postmaster | undefined> {
  const endsAt = performance.now() + timeoutMs
  for (;;) {
    const found = readPidFile(cluster)
    if (!found) return undefined
    if (!isPostmasterOf(found.pid, cluster)) {
      disarmStalePid(cluster, found.pid)
      return undefined
    }
    if (found.isReady && (await answersFor(found.socketDir, cluster))) return found
    if (performance.now() > endsAt) throw notAnswering(found.pid, cluster, timeoutMs)
    await sleep(POLL_MS)
  }
}

const notAnswering = (pid: number, cluster: string, timeoutMs: number) =>
  new StartError(
    'database_not_answering',
    `PostgreSQL (process ${pid}) runs on ${cluster} but did not answer within ${Math.round(timeoutMs / 1000)} seconds: stop it with "kill -INT ${pid}", then start again.`,
  )

export type StartRequest = {
  postgres: string
  cluster: string
  socketDir: string
  account: Account
  logFile: string
  timeoutMs: number
  log: StartLog
}

type Child = { pid: number; output: PostgresLog; ended: () => string | undefined }

/** In a session of its own, so that Ctrl-C in the terminal reaches it through us and not before us. */
function launch({ postgres, cluster, socketDir, account, logFile }: StartRequest): Child {
  const output = openLog(logFile)
  try {
    let ended: string | undefined
    const child = spawn(postgres, fixedArguments(cluster, socketDir), {
      cwd: '/',
      detached: true,
      env: childEnvironment(),
      stdio: ['ignore', output.handle, output.handle],
      ...identityOf(account),
    })
    child.once('error', (thrown) => (ended = thrown.message))
    child.once('exit', (exitCode, signal) => (ended = signal ? `signal ${signal}` : `exit code ${exitCode}`))
    child.unref()
    return { pid: child.pid ?? 0, output, ended: () => ended }
  } finally {
    closeSync(output.handle)
  }
}

const freeBytes = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** On a full disk the log may be empty for the same reason, so the disk itself is asked too. */
function deathOf(child: Child, { cluster, logFile }: StartRequest): StartError {
  const tail = child.output.tail()
  if (NO_SPACE.test(tail) || freeBytes(cluster) < FREE_BYTES_MIN) return diskFull(cluster, tail)
  return new StartError(
    'database_died_at_start',
    `PostgreSQL stopped while starting (${child.ended()}); see ${logFile}, which ends with: ${tail || '(nothing)'}`,
  )
}

const tooSlow = ({ cluster, timeoutMs, logFile }: StartRequest) =>
  new StartError(
    'database_start_timeout',
    `PostgreSQL did not become ready on ${cluster} within ${Math.round(timeoutMs / 1000)} seconds; see ${logFile}.`,
  )

const isReady = (child: Child, cluster: string): boolean => {
  const found = readPidFile(cluster)
  return found !== undefined && found.pid === child.pid && found.isReady
}

/**
 * Starts a postmaster and waits until it accepts connections; a recovery after a crash may take its time.
 * @throws StartError `disk_full`, `database_died_at_start`, `database_start_timeout`
 */
export async function startPostmaster(request: StartRequest): Promise<Postmaster> {
  const child = launch(request)
  const beganAt = performance.now()
  let isSlowSaid = false
  while (!isReady(child, request.cluster)) {
    // The spawn error comes as an event, so wait first: then `ended` is known.
    await sleep(POLL_MS)
    if (child.ended() !== undefined) throw deathOf(child, request)
    const elapsedMs = performance.now() - beganAt
    if (elapsedMs > request.timeoutMs) {
      await stopPostmaster({ pid: child.pid, socketDir: request.socketDir }, request.log)
      throw tooSlow(request)
    }
    if (elapsedMs > SLOW_START_MS && !isSlowSaid) {
      isSlowSaid = true
      request.log('info', 'PostgreSQL is still starting; after a crash it repairs itself first.')
    }
  }
  return { pid: child.pid, socketDir: request.socketDir }
}
