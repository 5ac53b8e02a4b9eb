import { existsSync, linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 200
const HEARTBEAT_MS = 2000
const WAIT_NOTICE_MS = 3000

/** A lock of another machine (a shared folder) whose heartbeat we saw stand still for this long has no owner any more. */
const ABANDONED_MS = 60_000

/**
 * Runs `work` while this process holds the lock file: at most one process at a time, across processes and, on a shared
 * folder, across machines. A killed owner leaves the file; it is taken over when every process named in it is dead.
 * `work` gets `alsoHeldBy(pid)`: a child that may outlive us and must end before anybody else enters.
 */
export async function withLock(file, work, { onWait = () => {}, abandonedMs = ABANDONED_MS } = {}) {
  const owners = [identityOf(process.pid)]
  await take(file, { onWait, abandonedMs })
  const heartbeat = setInterval(() => touch(file), HEARTBEAT_MS)
  try {
    return await work({
      alsoHeldBy: (pid) => {
        owners.push(identityOf(pid))
        writeWhole(file, describe(owners), renameSync)
      },
    })
  } finally {
    clearInterval(heartbeat)
    if (read(file) === describe(owners)) rmSync(file, { force: true })
  }
}

const describe = (owners) => JSON.stringify({ host: hostname(), owners })

async function take(file, { onWait, abandonedMs }) {
  const startedMs = performance.now()
  let seen = { heartbeat: NaN, sinceMs: startedMs }
  let told = false
  while (!create(file)) {
    const nowMs = performance.now()
    const heartbeat = modified(file)
    if (heartbeat !== seen.heartbeat) seen = { heartbeat, sinceMs: nowMs }
    const content = read(file)
    if (content !== null && isAbandoned(content, nowMs - seen.sinceMs, abandonedMs)) discard(file, content)
    else await sleep(POLL_MS)
    if (!told && nowMs - startedMs >= WAIT_NOTICE_MS) onWait((told = true))
  }
}

const create = (file) => {
  try {
    writeWhole(file, describe([identityOf(process.pid)]), linkSync)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** Invariant: whoever reads the lock file sees a whole description, never a half-written one. */
function writeWhole(file, content, publish) {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, content)
  try {
    publish(draft, file)
  } finally {
    rmSync(draft, { force: true })
  }
}

function isAbandoned(content, stillForMs, abandonedMs) {
  const { host, owners } = JSON.parse(content)
  if (host !== hostname()) return stillForMs >= abandonedMs
  return !owners.some((owner) => identityOf(Number.parseInt(owner, 10)) === owner)
}

/**
 * Who a process is, beyond its number, which may come again after a restart: on Linux with the time it was started.
 * Null when it is dead, or a zombie that nobody collects.
 */
function identityOf(pid) {
  if (!existsSync('/proc/self/stat')) return isAlive(pid) ? String(pid) : null
  const stat = orNull(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  const [state, ...rest] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? ['X']
  return 'ZX'.includes(state) ? null : `${pid}:${rest[STARTED_AT]}`
}

/** The place of `starttime` in /proc/PID/stat, counted from the field after the state. */
const STARTED_AT = 18

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Two waiters may find the same dead lock: only the one whose rename took *that* content has removed it. */
function discard(file, content) {
  const aside = `${file}.stale.${process.pid}`
  try {
    renameSync(file, aside)
    if (read(aside) !== content) linkSync(aside, file)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

const read = (file) => orNull(() => readFileSync(file, 'utf8'))
const modified = (file) => orNull(() => statSync(file).mtimeMs)
const touch = (file) => orNull(() => utimesSync(file, new Date(), new Date()))

/** The lock may vanish between any two looks at it; that is an answer, not a fault. */
function orNull(look) {
  try {
    return look()
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null
    throw error
  }
}
