import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { StartError } from '#kernel/db/embedded/errors.ts'
import { messageOf } from '#kernel/errors.ts'
import { addJwks } from '#kernel/http/jwks.ts'
import { sweepForms } from '#kernel/http/forms.ts'
import { addHealth } from '#kernel/http/health.ts'
import { createIdempotency } from '#kernel/http/idempotency.ts'
import { createGate, type Gate } from '#kernel/http/gate.ts'
import { createLimits } from '#kernel/http/limits.ts'
import { mount } from '#kernel/http/mount.ts'
import { openApi } from '#kernel/http/openapi.ts'
import { addDocs, addWebApp } from '#kernel/http/pages.ts'
import { createServer } from '#kernel/http/server.ts'
import type { Identify } from '#kernel/identify.ts'
import type { HealthCheck } from '#kernel/module.ts'
import { serveInternal } from '#kernel/rpc/serve.ts'
import { createSockets } from '#kernel/sockets/index.ts'
import { addNoSockets } from '#kernel/sockets/off.ts'
import type { Closers } from './closers.ts'
import type { Ports } from './ports.ts'
import type { AppOptions } from './types.ts'
import { apiOf, urlOf, type Wired } from './wire.ts'

/** The server with all its routes, not listening yet. */
export async function buildHttp(
  o: AppOptions,
  ports: Ports,
  wired: readonly Wired[],
  identify: Identify,
  state: { ready: boolean },
): Promise<FastifyInstance> {
  const app = await createServer({ config: o.config, log: o.log, metrics: ports.metrics })
  addHealth(app, {
    version: o.version,
    service: o.service,
    checks: () => healthChecks(o, ports, wired),
    isReady: () => state.ready,
    services: o.services,
    metrics: ports.metrics,
    metricsToken: o.config.metricsToken,
  })
  addJwks(app, ports.keys)
  if (o.duties.has('http')) {
    const gate = createGate(identify, createLimits(o.config, ports.counters))
    mountOwn(app, o, ports, wired, identify, gate)
    if (o.gateway && !o.config.enableRealTime) addNoSockets(app)
    if (o.gateway) await proxyOthers(app, o, wired, identify, gate)
  }
  const shown = o.gateway ? o.offers.map((x) => x.contract) : wired.flatMap((w) => Object.values(w.module.contracts))
  await addDocs(app, () => openApi(shown, { version: o.version, baseUrl: '/api/v1' }))
  await addWebApp(app, o.gateway && o.webDir ? o.webDir : '/nonexistent', o.log)
  return app
}

function mountOwn(
  app: FastifyInstance,
  o: AppOptions,
  ports: Ports,
  wired: readonly Wired[],
  identify: Identify,
  gate: Gate,
): void {
  const idempotency = createIdempotency(ports.db.pool)
  sweepForms(o.config).catch((err: unknown) => o.log.warn({ err }, 'files of former forms could not be removed'))
  for (const w of wired) {
    for (const [key, contract] of Object.entries(w.module.contracts)) {
      const api = apiOf(w, contract)
      serveInternal(app, { contract, api }, identify)
      if (o.mounts && !o.mounts(contract)) continue
      const routes = (w.running.routes?.[key] ?? {}) as Parameters<typeof mount>[1]['routes']
      const mounted = { contract, api, routes, answers: w.running.answers?.[key] ?? {} }
      mount(app, mounted, { gate, idempotency, config: o.config })
    }
  }
}

/** What this gateway does not serve itself, another process must. */
async function proxyOthers(
  app: FastifyInstance,
  o: AppOptions,
  wired: readonly Wired[],
  identify: Identify,
  gate: Gate,
): Promise<void> {
  const here = new Set(wired.map((w) => w.module.name))
  const others = o.offers.filter((x) => !here.has(x.module) || !(o.mounts?.(x.contract) ?? true))
  if (others.length === 0) return
  const { proxyContract } = await import('#kernel/rpc/gateway.ts')
  for (const offer of others) {
    proxyContract(app, offer.contract, urlOf(offer, o.config.urls), {
      gate,
      identify,
      config: o.config,
    })
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

/** Listen, sockets included. Answers the address people open. Throws a {@link StartError} when the port is not to be had. */
export async function listen(
  http: FastifyInstance,
  o: AppOptions,
  d: { identify: Identify; ports: Ports; closers: Closers },
): Promise<string> {
  const { host, port } = o.config
  d.closers.add('http', () => http.close())
  if (o.config.enableRealTime && o.gateway && o.duties.has('http')) openSockets(http, o, d)
  try {
    await http.listen({ host, port })
  } catch (thrown) {
    throw portTaken(thrown, host, port)
  }
  const { port: taken } = http.server.address() as AddressInfo
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${taken}`
}

function openSockets(
  http: FastifyInstance,
  o: AppOptions,
  d: { identify: Identify; ports: Ports; closers: Closers },
): void {
  const { pubsub, metrics } = d.ports
  const sockets = createSockets({
    http: http.server,
    identify: d.identify,
    pubsub,
    counters: d.ports.counters,
    log: o.log,
    config: o.config,
  })
  metrics.gauge('sockets', 'Connected sockets', () => sockets.count())
  d.closers.add('sockets', () => sockets.close())
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
