import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '#kernel/errors.ts'
import { toProblem } from '#kernel/http/problem.ts'
import { planAnswer, type Version } from './conditions.ts'
import { type ByteRange, contentRange } from './ranges.ts'

/** Bytes with a known length, and how to get a part of them. */
export type Representation = Version & {
  readonly contentType: string
  readonly cacheControl: string
  readonly headers?: Readonly<Record<string, string>>
  /** Called at most once, and only when a body is sent. */
  open(range: ByteRange): Readable | Promise<Readable>
  /** Called instead of `open` when no body is sent. */
  release?(): void
}

const preconditionFailed = () =>
  new AppError(412, 'precondition_failed', 'The bytes are another version than If-Match or If-Unmodified-Since allows.')
const outside = (sizeBytes: number) =>
  new AppError(416, 'range_not_satisfiable', `The range lies outside of the ${sizeBytes} bytes there are.`)

/** Answered here and not thrown: of all errors only this one carries a `Content-Range`. */
const sendOutside = (request: FastifyRequest, reply: FastifyReply, sizeBytes: number): FastifyReply =>
  reply
    .code(416)
    .headers({ 'content-range': `bytes */${sizeBytes}`, 'accept-ranges': 'bytes', 'cache-control': 'no-store' })
    .type('application/problem+json')
    .send(JSON.stringify(toProblem(outside(sizeBytes), request)))

function setHeaders(reply: FastifyReply, rep: Representation): void {
  reply.header('accept-ranges', 'bytes').header('etag', rep.etag).header('cache-control', rep.cacheControl)
  if (rep.modifiedAt) reply.header('last-modified', rep.modifiedAt.toUTCString())
  for (const [name, value] of Object.entries(rep.headers ?? {})) reply.header(name, value)
}

/**
 * Invariant: what is announced is what is sent. A source that ends early (a file cut while it is read) breaks the
 * connection, because a short body on a kept connection would swallow the head of the next answer.
 */
function guardLength(stream: Readable, reply: FastifyReply, lengthBytes: number): Readable {
  let sentBytes = 0
  stream.on('data', (chunk: Buffer) => {
    sentBytes += chunk.length
  })
  stream.pause()
  stream.once('end', () => {
    if (sentBytes !== lengthBytes) reply.raw.destroy()
  })
  return stream
}

/** Answers GET and HEAD with ranges and conditions. Throws 412. */
export async function sendRepresentation(
  request: FastifyRequest,
  reply: FastifyReply,
  rep: Representation,
): Promise<FastifyReply> {
  const plan = planAnswer(request.method, request.headers, rep)
  const hasBody = request.method === 'GET' && (plan.kind === 'whole' || plan.kind === 'part')
  if (!hasBody) rep.release?.()
  if (plan.kind === 'failed') throw preconditionFailed()
  if (plan.kind === 'outside') return sendOutside(request, reply, rep.sizeBytes)
  setHeaders(reply, rep)
  if (plan.kind === 'not_modified') return reply.code(304).send()
  const range = plan.kind === 'part' ? plan.range : { start: 0, end: rep.sizeBytes }
  if (plan.kind === 'part') reply.code(206).header('content-range', contentRange(range, rep.sizeBytes))
  reply.type(rep.contentType).header('content-length', range.end - range.start)
  if (!hasBody) return sendHead(reply)
  return reply.send(guardLength(await rep.open(range), reply, range.end - range.start))
}

/** Ends a HEAD answer with the headers set so far: an empty stream keeps the announced length. */
export const sendHead = (reply: FastifyReply): FastifyReply => reply.send(Readable.from([]))
