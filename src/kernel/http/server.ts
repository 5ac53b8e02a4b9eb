import type { Socket } from 'node:net'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import { newId } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import type { Metrics } from '#kernel/metrics.ts'
import { addHostCheck } from './hosts.ts'
import { sendProblem } from './problem.ts'
import { addSecurityHeaders } from './server-headers.ts'
import { watchMethods, watchOptions } from './server-methods.ts'

const BODY_BYTES_MAX = 1024 * 1024
/** A client that dawdles over its headers. */
const HEADERS_TIMEOUT_MS = 30_000
/** A whole request, uploads over slow lines included. */
const REQUEST_TIMEOUT_MS = 3_600_000
const URL_LENGTH_MAX = 8192
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
/** What scripts of other origins may read of an answer. */
const EXPOSED_HEADERS = [
  'Accept-Ranges',
  'Content-Length',
  'Content-Range',
  'ETag',
  'Idempotency-Replayed',
  'Location',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'Tus-Checksum-Algorithm',
  'Tus-Extension',
  'Tus-Resumable',
  'Tus-Version',
  'Tutti-Rendition',
  'Upload-Defer-Length',
  'Upload-Expires',
  'Upload-Length',
  'Upload-Metadata',
  'Upload-Offset',
  'X-Request-Id',
]
const SLOW_BUCKETS_SEC = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The HTTP server with everything that is the same for all routes. */
export async function createServer(d: { config: Config; log: Log; metrics: Metrics }): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    trustProxy: d.config.trustProxy.length > 0 ? [...d.config.trustProxy] : false,
    bodyLimit: BODY_BYTES_MAX,
    genReqId: () => newId(),
    forceCloseConnections: true,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    http: { maxHeaderSize: 2 * URL_LENGTH_MAX, headersTimeout: HEADERS_TIMEOUT_MS },
    frameworkErrors: (err, request, reply) => void sendProblem(err, request, reply, d.log),
    clientErrorHandler: refuseUnreadable,
  })
  // Only JSON is parsed by default (others per route); validation is ours, from the contracts.
  parseJson(app)
  app.setValidatorCompiler(() => () => true)
  app.setErrorHandler((err, request, reply) => sendProblem(err, request, reply, d.log))
  addHostCheck(app, d.config)
  await app.register(cookie)
  watchOptions(app)
  await app.register(cors, {
    origin: [...d.config.corsOrigins],
    credentials: true,
    // The default names only what needs no asking.
    methods: [...METHODS],
    strictPreflight: false,
    exposedHeaders: [...EXPOSED_HEADERS],
  })
  await addSecurityHeaders(app, d.config)
  watchMethods(app)
  measure(app, d.metrics)
  return app
}

/** JSON alone; no bytes are no body, whatever the header says: older clients name a type without sending anything. */
function parseJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null)
    else void parse(request, body as string, done)
  })
}

/** What is not even HTTP gets the same shape of answer as everything else. */
function refuseUnreadable(err: Error & { code?: string }, socket: Socket): void {
  if (err.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, title, code, detail] =
    err.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Headers too large', 'headers_too_large', 'The headers or the address are longer than this server takes.']
      : err.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Too slow', 'request_timeout', 'The request did not arrive in time.']
        : [400, 'Bad request', 'bad_http', 'This is not a request that can be read as HTTP.']
  const body = JSON.stringify({ type: `/docs/errors#${code}`, title, status, code, detail, requestId: newId() })
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
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
