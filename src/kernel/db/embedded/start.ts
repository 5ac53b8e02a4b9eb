import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Binaries, findBinaries } from './binaries.ts'
import { checkVersion, createCluster, hasCluster, writeSettings } from './cluster.ts'
import { ensureDatabase, urlOf } from './connection.ts'
import { asStartError, StartError, type StartLog } from './errors.ts'
import { lockFolder } from './lock.ts'
import { FALLBACK_ROOT, findPlace, openDataFolder, type Place } from './place.ts'
import { findLive, type Postmaster, type StartRequest, startPostmaster } from './postmaster.ts'
import { DATABASE, PORT, SUPERUSER } from './settings.ts'
import { makeSocketDir } from './socket.ts'
import { stopPostmaster, watchPostmaster } from './supervise.ts'

/** A running embedded PostgreSQL. `stop` is idempotent and may be awaited by several callers. */
export type EmbeddedPostgres = {
  socketDir: string
  url: string
  /** The socket's folder: what `pg` wants as `host`. */
  host: string
  port: number
  user: string
  database: string
  pid: number
  /** True when an earlier, killed Tutti had left it running. */
  adopted: boolean
  /** True when the database was created by this start. */
  firstStart: boolean
  stop(): Promise<void>
}

export type StartOptions = {
  /** TUTTI_DATA. */
  dataDir: string
  /** PG_BIN: the folder of another PostgreSQL's programs. */
  pgBin?: string | undefined
  log: StartLog
  /** Called once when the database stops without having been asked to. */
  onExit?: ((detail: string) => void) | undefined
  /** How long it may take to accept connections; recovery after a crash included. Default 120 000. */
  startTimeoutMs?: number | undefined
}

/** What only tests and the test helper choose. */
export type Internals = {
  extraSettings?: Record<string, string>
  /** The `native` folder of the binaries' package. */
  native?: string
  /** Where clusters go that cannot live in their data folder; default `/var/lib/tutti`. */
  fallbackRoot?: string
}

const START_TIMEOUT_MS = 120_000
const LEFTOVERS_TIMEOUT_MS = 30_000
const LEFTOVERS_RETRY_MS = 200

/** The parts of a start that is under way. */
type Context = { place: Place; logFile: string; timeoutMs: number; options: StartOptions; internals: Internals }

/** After a `kill -9` of the postmaster its backends need a moment to notice; PostgreSQL refuses to start until then. */
const isHeldByLeftovers = (thrown: unknown): boolean =>
  thrown instanceof StartError && /pre-existing shared memory block/.test(thrown.message)

async function startPatiently(request: StartRequest): Promise<Postmaster> {
  const endsAt = performance.now() + LEFTOVERS_TIMEOUT_MS
  for (;;) {
    try {
      return await startPostmaster(request)
    } catch (thrown) {
      if (!isHeldByLeftovers(thrown) || performance.now() > endsAt) throw thrown
      await sleep(LEFTOVERS_RETRY_MS)
    }
  }
}

async function startFresh({ place, logFile, timeoutMs, options, internals }: Context, binaries: Binaries) {
  const { cluster, account, home } = place
  writeSettings(cluster, binaries.major, account, internals.extraSettings ?? {})
  const socketDir = makeSocketDir(cluster, home, account)
  const { postgres } = binaries
  try {
    return await startPatiently({ postgres, cluster, socketDir, account, logFile, timeoutMs, log: options.log })
  } catch (thrown) {
    rmSync(socketDir, { recursive: true, force: true })
    throw thrown
  }
}

type Running = { postmaster: Postmaster; adopted: boolean; firstStart: boolean }

async function run(context: Context): Promise<Running> {
  const { place, options, internals, timeoutMs } = context
  const { cluster, account, binariesHome } = place
  const { log, pgBin } = options
  const live = await findLive(cluster, timeoutMs)
  if (live) return { postmaster: live, adopted: true, firstStart: false }
  const binaries = await findBinaries({ pgBin, native: internals.native, account, home: binariesHome, log })
  const firstStart = !hasCluster(cluster)
  if (firstStart) await createCluster(cluster, binaries, account, log)
  checkVersion(cluster, binaries.major)
  return { postmaster: await startFresh(context, binaries), adopted: false, firstStart }
}

/** The handle of a running postmaster; `release` gives the data folder free after a stop. */
function handleOf(
  { postmaster, adopted, firstStart }: Running,
  context: Context,
  release: () => void,
): EmbeddedPostgres {
  const { log, onExit } = context.options
  const watch = watchPostmaster(postmaster, context.logFile, (detail) => {
    log('error', detail)
    onExit?.(detail)
  })
  const stopNow = async () => {
    watch.end()
    await stopPostmaster(postmaster, log)
    release()
  }
  let stopping: Promise<void> | undefined
  return {
    socketDir: postmaster.socketDir,
    url: urlOf(postmaster.socketDir, DATABASE),
    host: postmaster.socketDir,
    port: PORT,
    user: SUPERUSER,
    database: DATABASE,
    pid: postmaster.pid,
    adopted,
    firstStart,
    stop: () => (stopping ??= stopNow()),
  }
}

/** A database that is there and answers; one that we started but that does not is stopped again. */
async function runWithDatabase(context: Context): Promise<Running> {
  const running = await run(context)
  try {
    await ensureDatabase(running.postmaster.socketDir)
    return running
  } catch (thrown) {
    if (!running.adopted) await stopPostmaster(running.postmaster, context.options.log)
    throw asStartError(thrown, context.place.cluster)
  }
}

/** `startEmbedded` with what tests may also choose. */
export async function startWith(options: StartOptions, internals: Internals): Promise<EmbeddedPostgres> {
  const dataDir = openDataFolder(resolve(options.dataDir))
  const locks = [lockFolder(dataDir)]
  const release = () => locks.forEach((lock) => lock.release())
  try {
    const place = findPlace(dataDir, internals.fallbackRoot ?? FALLBACK_ROOT, options.log)
    // A copy of a data folder still points to the database of the original: they must not run at the same time.
    if (place.home !== dataDir) locks.push(lockFolder(place.home))
    const logFile = join(dataDir, 'logs', 'postgres.log')
    const timeoutMs = options.startTimeoutMs ?? START_TIMEOUT_MS
    const context = { place, logFile, timeoutMs, options, internals }
    return handleOf(await runWithDatabase(context), context, release)
  } catch (thrown) {
    release()
    throw thrown
  }
}
