import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { databaseFault } from '#kernel/db/faults.ts'
import { AppError } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import { createFailures, createRefusals, type Failures, type Refusals } from './refusals.ts'

/** An address is told back, but not a whole one of many kB. */
const INSTANCE_LENGTH_MAX = 300
const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Too slow',
  409: 'Conflict',
  412: 'Changed meanwhile',
  413: 'Too large',
  414: 'Address too long',
  415: 'Unsupported media type',
  416: 'Range not satisfiable',
  421: 'Wrong host',
  422: 'Not possible',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Not available',
  507: 'Storage full',
}
const DISK_FULL: [number, string, string] = [
  507,
  'disk_full',
  'The disk of the server is full, so nothing can be stored: free some space on it and try again.',
]
/** Errors of Fastify, PostgreSQL and the system that a caller can make something of, with our codes. */
const OURS: Record<string, [number, string, string]> = {
  '53100': DISK_FULL,
  ENOSPC: DISK_FULL,
  EDQUOT: DISK_FULL,
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'invalid_json', 'The body is not valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'invalid_json', 'The body is empty, but the request says it is JSON.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'unsupported_media_type', 'Send the body as application/json.'],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body_too_large', 'The body is larger than this operation takes.'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'address_too_long', 'A part of the address is longer than any id or name.'],
  FST_ERR_BAD_URL: [400, 'bad_url', 'The address is not a valid URL.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'bad_length', 'The Content-Length does not fit the body.'],
}

/** Anything thrown becomes an {@link AppError}; what we did not foresee is opaque to the caller and logged. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const e = thrown as FastifyError
  const known = OURS[e.code ?? '']
  if (known) return new AppError(...known)
  const busy = databaseFault(thrown)
  if (busy) return busy
  if (e.statusCode === 429) return new AppError(429, 'rate_limited', e.message)
  // What lies outside of the folder of a page is no page; nobody is told that something may be there.
  if (e.statusCode === 403) return new AppError(404, 'no_such_route', 'There is nothing at this address.')
  if (e.statusCode && e.statusCode >= 400 && e.statusCode < 500)
    return new AppError(e.statusCode, 'bad_request', e.message)
  return new AppError(500, 'internal', 'Something went wrong on our side; the log has the request id.')
}

/** The address that was asked for as it may be told back: without the query, and not endless. */
export const pathOf = (request: { url: string }): string =>
  (request.url.split('?')[0] ?? '').slice(0, INSTANCE_LENGTH_MAX)

export const toProblem = (e: AppError, request: { id: string; url: string }) => ({
  type: `/docs/errors#${e.code}`,
  title: TITLES[e.status] ?? 'Error',
  status: e.status,
  code: e.code,
  detail: e.message,
  instance: pathOf(request),
  requestId: request.id,
  ...(e.errors ? { errors: e.errors } : {}),
})

/** One per log: its bounds hold for the whole process. */
const tellers = new WeakMap<Log, { refused: Refusals; failed: Failures }>()
function tellerOf(log: Log): { refused: Refusals; failed: Failures } {
  const known = tellers.get(log) ?? { refused: createRefusals(log), failed: createFailures(log) }
  tellers.set(log, known)
  return known
}

export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  const error = toAppError(thrown)
  const teller = tellerOf(log)
  if (error.status >= 500) teller.failed(thrown, request)
  else teller.refused(error, request)
  if (error.retryAfterSec !== undefined) reply.header('retry-after', String(Math.ceil(error.retryAfterSec)))
  if (error.status === 401) reply.header('www-authenticate', 'Bearer')
  for (const name of [
    'content-length',
    'content-range',
    'content-encoding',
    'etag',
    'cache-control',
    'last-modified',
    'accept-ranges',
  ])
    reply.removeHeader(name)
  reply.serializer((payload: unknown) => (typeof payload === 'string' ? payload : JSON.stringify(payload)))
  return reply
    .code(error.status)
    .header('cache-control', 'no-store')
    .header('x-request-id', request.id)
    .type('application/problem+json')
    .send(toProblem(error, request))
}
