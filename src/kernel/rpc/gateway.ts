import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { getGlobalDispatcher } from 'undici'
import type { Config } from '#kernel/config/index.ts'
import { type Contract, type PublicOperation, type RawOperation, routesOf } from '#kernel/contract.ts'
import { unavailable } from '#kernel/errors.ts'
import type { Gate } from '#kernel/http/gate.ts'
import { BASES } from '#kernel/http/mount.ts'
import { type Identify, INTERNAL_HEADER, isSecure, refreshCookieOf } from '#kernel/identify.ts'

/** Headers of one connection, and what we say ourselves. */
const NOT_FORWARDED = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'expect',
  INTERNAL_HEADER,
])
const HEADERS_TIMEOUT_MS = 60_000

type Deps = { gate: Gate; identify: Identify; config: Pick<Config, 'publicUrl' | 'corsOrigins'> }

/** Serve the routes of a contract that runs in another process: same gate, bytes passed on as they come. */
export function proxyContract(app: FastifyInstance, contract: Contract, base: string, d: Deps): void {
  void app.register(async (inner) => {
    // The other process reads the body; JSON is kept whole for that, within the same bound, uploads are not.
    inner.removeAllContentTypeParsers()
    inner.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    inner.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    for (const [name, o] of Object.entries(contract.operations))
      if (o.kind !== 'internal') proxy(inner, name, o, base, d)
  })
}

function proxy(app: FastifyInstance, name: string, o: PublicOperation | RawOperation, base: string, d: Deps): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    if (o.kind === 'public' && o.refreshCookieField) refreshCookieOf(request, d.config)
    return forward(request, reply, base, {
      [INTERNAL_HEADER]: await d.identify.forwardedToken(d.gate.callerOf(request)),
      'x-forwarded-proto': isSecure(request, d.config) ? 'https' : 'http',
    })
  }
  for (const { method, path } of routesOf(o))
    for (const prefix of BASES) {
      if (o.kind === 'raw' && o.announces) app.announce(prefix + path, o.announces)
      app.route({ method, url: prefix + path, config: { operation: name }, onRequest: d.gate.guard(o), handler })
    }
}

async function forward(
  request: FastifyRequest,
  reply: FastifyReply,
  base: string,
  own: Record<string, string>,
): Promise<FastifyReply> {
  const aborted = new AbortController()
  request.raw.on('close', () => {
    if (!request.raw.complete) aborted.abort()
  })
  reply.raw.on('close', () => {
    if (!reply.raw.writableFinished) aborted.abort()
  })
  const answer = await getGlobalDispatcher()
    .request({
      origin: new URL(base).origin,
      path: pathAsked(request.url),
      method: request.method,
      headers: { ...forwardable(request.headers), ...own },
      body: (request.body as Buffer | Readable | undefined) ?? null,
      signal: aborted.signal,
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: 0,
    })
    .catch((): never => {
      throw unavailable('service_unavailable', 'The part of Tutti that answers this does not respond right now.', 5)
    })
  reply.code(answer.statusCode)
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined && !NOT_FORWARDED.has(name)) reply.header(name, value)
  if (answer.headers['content-length']) reply.header('content-length', answer.headers['content-length'])
  reply.serializer((payload: unknown) => payload as string)
  return reply.send(answer.body)
}

/** As the router reads a request line that names a whole address (`GET http://elsewhere/…`). */
const WHOLE_ADDRESS = /^https?:\/\/[^/?#]*/i

/**
 * Path and query of the request to the letter: the other process has the same router, so it comes to the operation that
 * was let in here. Whoever puts an address right (`URL` takes `\\` for `/`, and `..` away) makes another of it.
 */
const pathAsked = (url: string): string => url.replace(WHOLE_ADDRESS, '')

const forwardable = (headers: FastifyRequest['headers']): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(headers).filter(
      (h): h is [string, string | string[]] => h[1] !== undefined && !NOT_FORWARDED.has(h[0]),
    ),
  )
