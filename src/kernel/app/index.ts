import type { Caller } from '#kernel/caller.ts'
import { system } from '#kernel/caller.ts'
import { createWrite } from '#kernel/events/write.ts'
import { type Authenticate, createIdentify } from '#kernel/identify.ts'
import { newId } from '#kernel/ids.ts'
import type { Ctx } from '#kernel/module.ts'
import { createRealtime } from '#kernel/sockets/index.ts'
import { type Closers, createClosers } from './closers.ts'
import { eventFlow, startDuties } from './duties.ts'
import { buildHttp, listen } from './http.ts'
import { openPorts, type Ports } from './ports.ts'
import type { App, AppOptions } from './types.ts'
import { type AnyModule, askAllOf, assertReachable, findApi, type Finder, inOrder, wire, type Wired } from './wire.ts'

export type { App, AppOptions } from './types.ts'

/** Start everything in order; when a step fails, what had started is stopped again. */
export function startApp(o: AppOptions): Promise<App> {
  return closingOnFailure(o, (closers) => startAll(o, closers))
}

/** Bring the database up to date for these modules, and end. */
export async function migrateOnly(o: Pick<AppOptions, 'config' | 'log' | 'modules' | 'onFatal'>): Promise<void> {
  await closingOnFailure(o, async (closers) => {
    await openPorts(portsFor(o, o.modules, closers))
    await closers.closeAll()
  })
}

async function closingOnFailure<T>({ log }: Pick<AppOptions, 'log'>, start: (c: Closers) => Promise<T>): Promise<T> {
  const closers = createClosers(log)
  try {
    return await start(closers)
  } catch (thrown) {
    await closers.closeAll()
    throw thrown
  }
}

function portsFor(o: Pick<AppOptions, 'config' | 'log' | 'onFatal'>, modules: readonly AnyModule[], closers: Closers) {
  const migrations = modules.flatMap((m) => (m.migrations ? [{ module: m.name, dir: m.migrations }] : []))
  return { config: o.config, log: o.log, closers, migrations, onDatabaseLost: o.onFatal }
}

async function startAll(o: AppOptions, closers: Closers): Promise<App> {
  const { config, log } = o
  const modules = inOrder(o.modules, o.offers)
  const besides = [o.sessions, ...(o.gateway ? o.offers.map((x) => x.contract) : [])]
  assertReachable({ modules, besides, offers: o.offers, urls: config.urls })
  const ports = await openPorts(portsFor(o, modules, closers))
  const wired: Wired[] = []
  const identify = createIdentify({
    keys: ports.keys,
    pubsub: ports.pubsub,
    authenticate: (question) => authenticate(question),
    config,
  })
  const finder: Finder = { wired, offers: o.offers, urls: config.urls, token: identify.internalToken }
  const realtime = createRealtime(ports.pubsub, log)
  const events = eventFlow(ports, log)
  let listensAt = `http://${config.host}:${config.port}`
  const origin = () => config.publicUrl ?? listensAt
  for (const m of modules)
    wired.push(
      await wire(
        m,
        contextFor(m.name, o, ports, { realtime, wake: events.wake, origin, askAll: askAllOf(finder) }),
        finder,
      ),
    )
  const authenticate = authenticateBy(o, finder)
  const state = { ready: false }
  const http = await buildHttp(o, ports, wired, identify, state)
  await startModules(wired, closers)
  await startDuties(o, ports, wired, events, closers)
  const url = await listen(http, o, { identify, ports, closers })
  listensAt = url
  state.ready = true
  closers.add('readiness', () => {
    state.ready = false
  })
  return { url, http, ports, wired, identify, realtime, stop: onlyOnce(() => closers.closeAll()) }
}

/** Modules start before the duties that run their jobs, and so stop after them. */
async function startModules(wired: readonly Wired[], closers: Closers): Promise<void> {
  for (const { module, running } of wired) {
    if (running.stop) closers.add(`module ${module.name}`, running.stop)
    await running.start?.()
  }
}

/** Who stops twice waits for the first. */
function onlyOnce(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => (done ??= work())
}

type Made = Pick<Ctx<unknown>, 'realtime' | 'origin' | 'askAll'> & { wake: () => void }

function contextFor(module: string, o: AppOptions, p: Ports, made: Made): Ctx<unknown> {
  return {
    config: o.config,
    log: o.log.child({ module }),
    db: p.db.kysely,
    write: createWrite(p.db.kysely, made.wake),
    cache: p.cache,
    counters: p.counters,
    pubsub: p.pubsub,
    blobs: p.blobs,
    media: p.media,
    mail: p.mail,
    realtime: made.realtime,
    origin: made.origin,
    askAll: made.askAll,
    keys: p.keys,
    vault: p.vault,
    metrics: p.metrics,
    duties: o.duties,
    now: () => new Date(),
    newId,
  }
}

/** Found at start, so that a missing URL is told then and not to the first person who signs in. */
function authenticateBy(o: AppOptions, finder: Finder): Authenticate {
  const operation = findApi(o.sessions, finder).authenticate as (
    who: Caller,
    question: unknown,
  ) => ReturnType<Authenticate>
  return (question) => operation(system('authenticate'), question)
}
