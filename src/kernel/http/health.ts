import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { messageOf, unauthorized } from '#kernel/errors.ts'
import type { Metrics } from '#kernel/metrics.ts'
import type { HealthCheck } from '#kernel/module.ts'
import { BASES } from './mount.ts'

const CHECK_TIMEOUT_MS = 2000
const REMOTE_TIMEOUT_MS = 3000

/** A service of the aggregate view: a part of this process, or one at a URL. */
export type Service = { name: string; url: string | undefined }
type Deps = {
  version: string
  service: string
  checks: () => Readonly<Record<string, HealthCheck>>
  /** False until start-up is over, and again while stopping. */
  isReady: () => boolean
  services: readonly Service[]
  metrics: Metrics
  /** Who reads the metrics must send it; without one anybody may. */
  metricsToken?: string | undefined
}
type Health = {
  status: 'ok' | 'degraded'
  service: string
  version: string
  uptimeSec: number
  checks: Record<string, { status: string; detail?: string }>
}

export function addHealth(app: FastifyInstance, d: Deps): void {
  for (const base of ['', ...BASES]) {
    app.get(`${base}/health`, async () => health(d))
    app.get(`${base}/health/live`, async () => ({ status: 'ok' }))
    app.get(`${base}/health/ready`, async (_request, reply) => {
      const { status, checks } = await health(d)
      const ready = d.isReady() && checks.database?.status !== 'failing'
      return reply.code(ready ? 200 : 503).send({ status: ready ? status : 'starting', checks })
    })
    app.get(`${base}/health/services`, async () => ({
      gateway: await health(d),
      services: await Promise.all(d.services.map((s) => serviceHealth(d, s))),
    }))
    app.get(`${base}/metrics`, async (request, reply) => {
      requireToken(request.headers.authorization, d.metricsToken)
      return reply.type(d.metrics.contentType).send(await d.metrics.text())
    })
  }
}

const hashOf = (text: string) => createHash('sha256').update(text).digest()

/** Compared in constant time, whatever the lengths. */
function requireToken(given: string | undefined, token: string | undefined): void {
  if (token === undefined) return
  if (timingSafeEqual(hashOf(given ?? ''), hashOf(`Bearer ${token}`))) return
  throw unauthorized('token_invalid', 'The metrics of this server need the METRICS_TOKEN as bearer token.')
}

async function health(d: Deps): Promise<Health> {
  const entries = await Promise.all(
    Object.entries(d.checks()).map(async ([name, check]) => [name, await runCheck(check)] as const),
  )
  const failing = entries.some(([, c]) => c.status === 'failing')
  return {
    status: failing ? 'degraded' : 'ok',
    service: d.service,
    version: d.version,
    uptimeSec: Math.round(process.uptime()),
    checks: Object.fromEntries(entries),
  }
}

async function runCheck(check: HealthCheck): Promise<{ status: 'ok' | 'failing'; detail?: string }> {
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error('no answer in time')), CHECK_TIMEOUT_MS).unref(),
  )
  try {
    const { ok, detail } = await Promise.race([check(), late])
    return { status: ok ? 'ok' : 'failing', ...(detail ? { detail } : {}) }
  } catch (thrown) {
    return { status: 'failing', detail: messageOf(thrown) }
  }
}

async function serviceHealth(d: Deps, s: Service): Promise<Record<string, unknown>> {
  if (!s.url) {
    const data = await health(d)
    return { name: s.name, status: data.status === 'ok' ? 'healthy' : 'unhealthy', data }
  }
  try {
    const answer = await fetch(new URL('/health', s.url), { signal: AbortSignal.timeout(REMOTE_TIMEOUT_MS) })
    return { name: s.name, status: answer.ok ? 'healthy' : 'unhealthy', data: await answer.json() }
  } catch (thrown) {
    return { name: s.name, status: 'unhealthy', error: messageOf(thrown) }
  }
}
