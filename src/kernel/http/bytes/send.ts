import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '#kernel/errors.ts'
import { toProblem } from '#kernel/http/problem.ts'
import { planAnswer, type Version } from './conditions.ts'
import { isFileBody } from './file-body.ts'
import { type ByteRange, contentRange } from './ranges.ts'

/** Another answers in our place: a server in front takes the body from a file, or a link leads to a store. */
export type HandOver = { readonly status: 200 | 302; readonly headers: Readonly<Record<string, string>> }

/** Bytes with a known length, and how to get a part of them. */
export type Representation = Version & {
  readonly contentType: string
  readonly cacheControl: string
  readonly headers?: Readonly<Record<string, string>>
  /** Who sends the body in place of us, asked when one is to be sent; ranges are then theirs, too. */
  handOver?(request: FastifyRequest): HandOver | undefined | Promise<HandOver | undefined>
  /** Called at most once, and only when we send a body. */
  open(range: ByteRange): Readable | Promise<Readable>
  /** Called instead of `open` when we send no body. */
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
  if (isFileBody(stream)) return stream
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

/** Whether there are ranges is for the one to say who sends the bytes. */
const hand = (reply: FastifyReply, rep: Representation, { status, headers }: HandOver): FastifyReply =>
  reply.removeHeader('accept-ranges').code(status).type(rep.contentType).headers(headers).send('')

/** Answers GET and HEAD with ranges and conditions. Throws 412. */
export async function sendRepresentation(
  request: FastifyRequest,
  reply: FastifyReply,
  rep: Representation,
): Promise<FastifyReply> {
  const plan = planAnswer(request.method, request.headers, rep)
  const hasBody = request.method === 'GET' && (plan.kind === 'whole' || plan.kind === 'part')
  // Another server may read a range that does not count here otherwise than we: what is odd we send ourselves.
  const isPlain = plan.kind === 'part' || request.headers.range === undefined
  const handOver = hasBody && isPlain ? await rep.handOver?.(request) : undefined
  if (!hasBody || handOver) rep.release?.()
  if (plan.kind === 'failed') throw preconditionFailed()
  if (plan.kind === 'outside') return sendOutside(request, reply, rep.sizeBytes)
  setHeaders(reply, rep)
  if (plan.kind === 'not_modified') return reply.code(304).send()
  if (handOver) return hand(reply, rep, handOver)
  const range = plan.kind === 'part' ? plan.range : { start: 0, end: rep.sizeBytes }
  if (plan.kind === 'part') reply.code(206).header('content-range', contentRange(range, rep.sizeBytes))
  reply.type(rep.contentType).header('content-length', range.end - range.start)
  if (!hasBody) return sendHead(reply)
  return reply.send(guardLength(await rep.open(range), reply, range.end - range.start))
}

/** Ends a HEAD answer with the headers set so far: an empty stream keeps the announced length. */
export const sendHead = (reply: FastifyReply): FastifyReply => reply.send(Readable.from([]))
