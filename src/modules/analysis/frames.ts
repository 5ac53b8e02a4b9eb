import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Blobs } from '#kernel/blob/index.ts'
import { sendRepresentation } from '#kernel/http/bytes/send.ts'
import { framesKey } from './files.ts'

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
  return sendRepresentation(request, reply, {
    etag: `"${f.contentId.replaceAll(/[^\w.-]/g, '_')}-frames-v${f.version}"`,
    sizeBytes: blob.sizeBytes,
    contentType: 'application/octet-stream',
    cacheControl: f.isPinned ? IMMUTABLE : ASK_EACH_TIME,
    open: (range) => blobs.read(key, range),
  })
}
