import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Blobs } from '#kernel/blob/index.ts'
import { AppError } from '#kernel/errors.ts'
import { toProblem } from '#kernel/http/problem.ts'
import { framesKey } from './files.ts'
import { partOf } from './part.ts'

const IMMUTABLE = 'private, max-age=31536000, immutable'
const ASK_EACH_TIME = 'private, no-cache'

export type FramesOf = { readonly contentId: string; readonly version: number; readonly isPinned: boolean }

/** Sends the frame file or a part of it. Resolves undefined when the file is gone. */
export async function sendFrames(
  blobs: Blobs,
  f: FramesOf,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const key = framesKey(f.contentId, f.version)
  const blob = await blobs.stat(key)
  if (!blob) return undefined
  const etag = `"${f.contentId.replaceAll(/[^\w.-]/g, '_')}-frames-v${f.version}"`
  const part = partOf(request.method, request.headers, etag, blob.sizeBytes)
  if (part.status === 416) return sendOutside(request, reply, blob.sizeBytes)
  reply.code(part.status).header('accept-ranges', 'bytes').header('etag', etag)
  reply.header('cache-control', f.isPinned ? IMMUTABLE : ASK_EACH_TIME)
  if (part.status === 304) return reply.send()
  if (part.status === 206) reply.header('content-range', `bytes ${part.start}-${part.end - 1}/${blob.sizeBytes}`)
  reply.type('application/octet-stream').header('content-length', part.end - part.start)
  return reply.send(request.method === 'HEAD' ? Readable.from([]) : blobs.read(key, part))
}

function sendOutside(request: FastifyRequest, reply: FastifyReply, sizeBytes: number): FastifyReply {
  const error = new AppError(
    416,
    'range_not_satisfiable',
    `The range lies outside of the ${sizeBytes} bytes there are.`,
  )
  reply.code(416).header('content-range', `bytes */${sizeBytes}`).type('application/problem+json')
  return reply.send(JSON.stringify(toProblem(error, request)))
}
