import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import { newId } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import type { Metrics } from '#kernel/metrics.ts'
import { addLimits } from './limits.ts'
import { sendProblem } from './problem.ts'

const BODY_BYTES_MAX = 1024 * 1024
const HEADER_TIMEOUT_MS = 30_000
const URL_LENGTH_MAX = 8192
const SLOW_BUCKETS_SEC = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The HTTP server with everything that is the same for all routes. */
export async function createServer(d: { config: Config; log: Log; metrics: Metrics }): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    trustProxy: d.config.trustProxy.length > 0 ? [...d.config.trustProxy] : false,
    bodyLimit: BODY_BYTES_MAX,
    genReqId: () => newId(),
    forceCloseConnections: true,
    requestTimeout: HEADER_TIMEOUT_MS,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    http: { maxHeaderSize: 2 * URL_LENGTH_MAX },
  })
  // Only JSON is parsed by default (others per route); validation is ours, from the contracts.
  app.removeContentTypeParser('text/plain')
  app.setValidatorCompiler(() => () => true)
  app.setErrorHandler((err, request, reply) => sendProblem(err, request, reply, d.log))
  await app.register(cookie)
  await app.register(cors, {
    origin: [...d.config.corsOrigins],
    credentials: true,
    exposedHeaders: ['ETag', 'Retry-After', 'RateLimit', 'Content-Range', 'X-Request-Id'],
  })
  await app.register(helmet, securityHeaders(d.config))
  addLimits(app, d.config)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  measure(app, d.metrics)
  return app
}

/** A strict policy: only our own scripts run; styles may be set from script, pictures may be made in the page. */
function securityHeaders(config: Config) {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        mediaSrc: ["'self'", 'blob:'],
        connectSrc: ["'self'", 'ws:', 'wss:'],
        workerSrc: ["'self'", 'blob:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginEmbedderPolicy: false,
    crossOriginResourcePolicy: {
      policy: config.corsOrigins.length > 0 ? ('cross-origin' as const) : ('same-origin' as const),
    },
    strictTransportSecurity: config.publicUrl?.startsWith('https:') ? { maxAge: 31_536_000 } : false,
    referrerPolicy: { policy: 'same-origin' as const },
  } as const
}

function measure(app: FastifyInstance, metrics: Metrics): void {
  const took = metrics.histogram('http_request_seconds', 'Time to answer a request', {
    labels: ['method', 'operation', 'status'],
    buckets: SLOW_BUCKETS_SEC,
  })
  app.addHook('onResponse', async (request, reply) => {
    const { operation = 'other' } = request.routeOptions.config as { operation?: string }
    took({ method: request.method, operation, status: String(reply.statusCode) }, reply.elapsedTime / 1000)
  })
}
