import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { request as send } from 'undici'
import { type Contract, routesOf } from '#kernel/contract.ts'
import { unavailable } from '#kernel/errors.ts'
import { admit, BASES } from '#kernel/http/mount.ts'
import { type Identify, INTERNAL_HEADER, refreshCookieOf } from '#kernel/identify.ts'

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

/** Serve the routes of a contract that runs in another process: same gate, bytes passed on as they come. */
export function proxyContract(
  app: FastifyInstance,
  contract: Contract,
  base: string,
  d: { identify: Identify; origins: readonly string[] },
): void {
  for (const [name, o] of Object.entries(contract.operations)) {
    if (o.kind === 'internal') continue
    for (const { method, path } of routesOf(o)) {
      for (const prefix of BASES) {
        app.route({
          method,
          url: prefix + path,
          config: { operation: name, rate: o.rate ?? 'default' },
          handler: async (request, reply) => {
            const who = await d.identify.request(request, { tolerant: o.tolerant })
            admit(who, o.auth)
            if (o.kind === 'public' && o.refreshCookieField) refreshCookieOf(request, d.origins)
            return forward(request, reply, base, await d.identify.internalToken(who))
          },
        })
      }
    }
  }
}

async function forward(
  request: FastifyRequest,
  reply: FastifyReply,
  base: string,
  token: string,
): Promise<FastifyReply> {
  const aborted = new AbortController()
  request.raw.on('close', () => {
    if (!request.raw.complete) aborted.abort()
  })
  reply.raw.on('close', () => {
    if (!reply.raw.writableFinished) aborted.abort()
  })
  const body = request.body === undefined || request.body === null ? null : JSON.stringify(request.body)
  const answer = await send(new URL(request.url, base), {
    method: request.method as 'GET',
    headers: { ...forwardable(request.headers), [INTERNAL_HEADER]: token },
    body,
    signal: aborted.signal,
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: 0,
  }).catch((): never => {
    throw unavailable('service_unavailable', 'The part of Tutti that answers this does not respond right now.', 5)
  })
  reply.code(answer.statusCode)
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined && !NOT_FORWARDED.has(name)) reply.header(name, value)
  if (answer.headers['content-length']) reply.header('content-length', answer.headers['content-length'])
  reply.serializer((payload: unknown) => payload as string)
  return reply.send(answer.body as Readable)
}

const forwardable = (headers: FastifyRequest['headers']): Record<string, string | string[]> =>
  Object.fromEntries(
    Object.entries(headers).filter(
      (h): h is [string, string | string[]] => h[1] !== undefined && !NOT_FORWARDED.has(h[0]),
    ),
  )
