import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Caller } from '#kernel/caller.ts'
import type { Config } from '#kernel/config/index.ts'
import type { Contract } from '#kernel/contract.ts'
import { messageOf } from '#kernel/errors.ts'
import { createRelay, pruneEvents } from '#kernel/events/relay.ts'
import { createWrite } from '#kernel/events/write.ts'
import { addHealth, type Service } from '#kernel/http/health.ts'
import { createIdempotency } from '#kernel/http/idempotency.ts'
import { mount } from '#kernel/http/mount.ts'
import { openApi } from '#kernel/http/openapi.ts'
import { addDocs, addWebApp } from '#kernel/http/pages.ts'
import { createServer } from '#kernel/http/server.ts'
import { type CheckSession, createIdentify, type Identify } from '#kernel/identify.ts'
import { newId } from '#kernel/ids.ts'
import { cpuPlacesFor, createJobs, pruneJobs } from '#kernel/jobs/index.ts'
import type { Log } from '#kernel/log.ts'
import type { Ctx, Duty, HealthCheck } from '#kernel/module.ts'
import { proxyContract } from '#kernel/rpc/gateway.ts'
import { serveInternal } from '#kernel/rpc/serve.ts'
import { createRealtime, createSockets } from '#kernel/sockets/index.ts'
import type { Realtime } from '#kernel/sockets/realtime.ts'
import { system } from '#kernel/caller.ts'
import { StartError } from '#kernel/db/embedded/errors.ts'
import { createClosers, type Closers } from './closers.ts'
import { startCron } from './cron.ts'
import { openPorts, type Ports } from './ports.ts'
import { type AnyModule, apiOf, findApi, inOrder, type Offer, wire, type Wired } from './wire.ts'

const EVENTS_CHANNEL = 'kernel.events'
const HOUR_MS = 3_600_000

export type AppOptions = {
  config: Config
  log: Log
  version: string
  /** Shown in `/health`: the target. */
  service: string
  modules: readonly AnyModule[]
  duties: ReadonlySet<Duty>
  /** Every contract of the program, so that what runs elsewhere can be called and, by a gateway, served. */
  offers: readonly Offer[]
  /** Contracts this process serves to the public; default all of its modules'. */
  mounts?: (contract: Contract) => boolean
  /** A gateway also serves the contracts of modules that run elsewhere, the web app and the docs. */
  gateway: boolean
  services: readonly Service[]
  /** The contract with an `authenticate` operation. */
  sessions: Contract
  webDir?: string
  /** The database is gone for good: the process cannot go on. */
  onFatal: (detail: string) => void
}
export type App = {
  readonly url: string
  readonly http: FastifyInstance
  readonly ports: Ports
  readonly wired: readonly Wired[]
  readonly identify: Identify
  stop(): Promise<void>
}

/** Start everything in order; when a step fails, what had started is stopped again. */
export async function startApp(o: AppOptions): Promise<App> {
  const closers = createClosers(o.log)
  try {
    return await startAll(o, closers)
  } catch (thrown) {
    await closers.closeAll()
    throw thrown
  }
}

async function startAll(o: AppOptions, closers: Closers): Promise<App> {
  const { config, log } = o
  const modules = inOrder(o.modules, o.offers)
  const migrations = modules.flatMap((m) => (m.migrations ? [{ module: m.name, dir: m.migrations }] : []))
  const ports = await openPorts({ config, log, closers, migrations, onDatabaseLost: o.onFatal, split: !o.gateway })
  const wired: Wired[] = []
  const identify = createIdentify({
    keys: ports.keys,
    pubsub: ports.pubsub,
    checkSession: (id) => checkSession(o, wired, identify, id),
    allowedOrigins: config.corsOrigins,
  })
  const realtime = createRealtime(ports.pubsub, log)
  const events = eventFlow(ports, log)
  for (const m of modules)
    wired.push(
      await wire(m, contextFor(m.name, o, ports, realtime, events.wake), {
        wired,
        offers: o.offers,
        urls: config.urls,
        token: identify.internalToken,
      }),
    )
  const state = { ready: false }
  const http = await buildHttp(o, ports, wired, identify, state)
  await startDuties(o, ports, wired, events, closers)
  for (const { module, running } of wired) {
    if (running.stop) closers.add(`module ${module.name}`, running.stop)
    await running.start?.()
  }
  const url = await listen(http, o, { identify, ports, closers })
  state.ready = true
  closers.add('readiness', () => {
    state.ready = false
  })
  return { url, http, ports, wired, identify, stop: () => closers.closeAll() }
}

/** Commits wake the readers of events here and, through pubsub, in the other processes. */
function eventFlow(ports: Ports, log: Log): { wake: () => void; onWake: (f: () => void) => void } {
  const readers: (() => void)[] = []
  ports.pubsub.subscribe(EVENTS_CHANNEL, () => {
    for (const read of readers) read()
  })
  return {
    wake: () =>
      void ports.pubsub
        .publish(EVENTS_CHANNEL, null)
        .catch((err: unknown) => log.warn({ err }, 'waking the readers of events failed')),
    onWake: (f) => readers.push(f),
  }
}

function contextFor(module: string, o: AppOptions, p: Ports, realtime: Realtime, wake: () => void): Ctx<unknown> {
  return {
    config: o.config,
    log: o.log.child({ module }),
    db: p.db.kysely,
    write: createWrite(p.db.kysely, wake),
    cache: p.cache,
    pubsub: p.pubsub,
    blobs: p.blobs,
    media: p.media,
    realtime,
    keys: p.keys,
    metrics: p.metrics,
    duties: o.duties,
    now: () => new Date(),
    newId,
  }
}

async function checkSession(
  o: AppOptions,
  wired: Wired[],
  identify: Identify,
  sessionId: string,
): ReturnType<CheckSession> {
  const api = findApi(o.sessions, { wired, offers: o.offers, urls: o.config.urls, token: identify.internalToken })
  const authenticate = api.authenticate as (who: Caller, input: { sessionId: string }) => ReturnType<CheckSession>
  return authenticate(system('session-check'), { sessionId })
}

async function buildHttp(
  o: AppOptions,
  ports: Ports,
  wired: readonly Wired[],
  identify: Identify,
  state: { ready: boolean },
): Promise<FastifyInstance> {
  const app = await createServer({ config: o.config, log: o.log, metrics: ports.metrics })
  const checks = () => healthChecks(o, ports, wired)
  addHealth(app, {
    version: o.version,
    service: o.service,
    checks,
    isReady: () => state.ready,
    services: o.services,
    metrics: ports.metrics,
  })
  if (o.duties.has('http')) mountContracts(app, o, ports, wired, identify)
  const shown = o.gateway ? o.offers.map((x) => x.contract) : wired.flatMap((w) => Object.values(w.module.contracts))
  await addDocs(app, () => openApi(shown, { version: o.version, baseUrl: '/api/v1' }))
  await addWebApp(app, o.gateway && o.webDir ? o.webDir : '/nonexistent', o.log)
  return app
}

function mountContracts(
  app: FastifyInstance,
  o: AppOptions,
  ports: Ports,
  wired: readonly Wired[],
  identify: Identify,
): void {
  const idempotency = createIdempotency(ports.db.pool)
  for (const w of wired) {
    for (const [key, contract] of Object.entries(w.module.contracts)) {
      const api = apiOf(w, contract)
      serveInternal(app, { contract, api }, identify)
      if (o.mounts && !o.mounts(contract)) continue
      const routes = (w.running.routes?.[key] ?? {}) as Parameters<typeof mount>[1]['routes']
      mount(
        app,
        { contract, api, routes, answers: w.running.answers?.[key] ?? {} },
        { identify, idempotency, origins: o.config.corsOrigins },
      )
    }
  }
  if (!o.gateway) return
  const here = new Set(wired.map((w) => w.module.name))
  for (const { module, contract } of o.offers) {
    const url = o.config.urls[module]
    if (!here.has(module) && url) proxyContract(app, contract, url, { identify, origins: o.config.corsOrigins })
  }
}

function healthChecks(o: AppOptions, p: Ports, wired: readonly Wired[]): Record<string, HealthCheck> {
  const own = Object.assign({}, ...wired.map((w) => w.running.checks ?? {})) as Record<string, HealthCheck>
  return {
    database: async () => {
      await p.db.pool.query('select 1')
      return { ok: true, detail: o.config.databaseUrl ? 'outside' : 'embedded' }
    },
    cache: () => p.cache.check(),
    pubsub: () => p.pubsub.check(),
    blobs: () => p.blobs.check(),
    media: async () => ({ ok: true, detail: p.media.driver }),
    ...own,
  }
}

async function startDuties(
  o: AppOptions,
  p: Ports,
  wired: readonly Wired[],
  events: ReturnType<typeof eventFlow>,
  closers: Closers,
): Promise<void> {
  if (o.duties.has('jobs')) {
    const handlers = wired.flatMap((w) => w.running.jobs ?? [])
    const jobs = await createJobs({
      pool: p.db.pool,
      directUrl: p.directUrl,
      log: o.log,
      pubsub: p.pubsub,
      handlers,
      cpuPlaces: cpuPlacesFor(o.config.analysisWorkers),
    })
    closers.add('jobs', () => jobs.stop())
    const relay = createRelay({
      db: p.db.kysely,
      log: o.log,
      subscribers: wired.map((w) => ({ module: w.module.name, on: w.running.on ?? [] })),
    })
    events.onWake(() => relay.wake())
    closers.add('events', () => relay.stop())
  }
  if (o.duties.has('cron')) {
    const own = [
      { name: 'kernel.prune-events', everyMs: HOUR_MS, run: () => pruneEvents(p.db.kysely) },
      { name: 'kernel.prune-jobs', everyMs: HOUR_MS, run: () => pruneJobs(p.db.pool) },
      { name: 'kernel.prune-idempotency', everyMs: HOUR_MS, run: () => createIdempotency(p.db.pool).prune() },
    ]
    const cron = startCron([...own, ...wired.flatMap((w) => w.running.cron ?? [])], p.db.pool, o.log)
    closers.add('periodic tasks', () => cron.stop())
  }
}

async function listen(
  http: FastifyInstance,
  o: AppOptions,
  d: { identify: Identify; ports: Ports; closers: Closers },
): Promise<string> {
  const { host, port } = o.config
  d.closers.add('http', () => http.close())
  if (o.config.enableRealTime && o.gateway && o.duties.has('http')) {
    const origins = o.config.corsOrigins
    const sockets = createSockets({
      http: http.server,
      identify: d.identify,
      pubsub: d.ports.pubsub,
      log: o.log,
      origins,
    })
    d.ports.metrics.gauge('sockets', 'Connected sockets', () => sockets.count())
    d.closers.add('sockets', () => sockets.close())
  }
  try {
    await http.listen({ host, port })
  } catch (thrown) {
    throw portTaken(thrown, host, port)
  }
  const { port: taken } = http.server.address() as AddressInfo
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${taken}`
}

function portTaken(thrown: unknown, host: string, port: number): Error {
  const { code } = thrown as { code?: string }
  if (code === 'EADDRINUSE')
    return new StartError(
      'port_in_use',
      `Port ${port} is taken by another program: stop it, or choose another with --port.`,
    )
  if (code === 'EACCES')
    return new StartError(
      'port_not_allowed',
      `This user may not listen on port ${port}: choose one above 1023 with --port.`,
    )
  return new StartError('cannot_listen', `Cannot listen on ${host}:${port}: ${messageOf(thrown)}.`)
}
