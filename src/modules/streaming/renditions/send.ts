import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, unavailable } from '#kernel/errors.ts'
import { sendRepresentation } from '#kernel/http/bytes/send.ts'
import type { Offload } from '../offload/offload.ts'
import { PRIVATE } from '../original.ts'
import { orMissing } from '../visible.ts'
import type { Rendition, Renditions, Wanted } from './types.ts'

/** How long an answer waits for its first byte. */
const FIRST_BYTE_MS_MAX = 30_000

export type RenditionDeps = { readonly renditions: Renditions; readonly offload: Offload }
type Exchange = { readonly request: FastifyRequest; readonly reply: FastifyReply }

const notYetThere = () =>
  unavailable('still_encoding', 'The server has not come to this place of the song yet: try again shortly.', 2)

/** Nobody hears it; the log tells it from a fault. */
export const clientLeft = () => new AppError(499, 'client_left', 'Nobody waits for the answer any more.')

/** Sends a rendition whose length is known: at first play the same as when all of it is there. */
export async function sendRendition(
  d: RenditionDeps,
  { request, reply }: Exchange,
  wanted: Wanted,
): Promise<FastifyReply> {
  const rendition = await d.renditions.open(wanted)
  const gone = leaveAtEnd(reply, rendition)
  const { contentType, etag, blobKey, layout } = rendition
  const handOver = blobKey === undefined ? undefined : d.offload.blob(blobKey, { contentType })
  return sendRepresentation(request, reply, {
    sizeBytes: rendition.sizeBytes as number,
    etag,
    contentType,
    cacheControl: PRIVATE,
    headers: { 'tutti-rendition': layout.profile.name },
    ...(handOver && { handOver }),
    open: (range) => fromFirst(rendition, range, gone),
  })
}

/** Aborted when the answer is over, however it ends; then the rendition is left. */
function leaveAtEnd(reply: FastifyReply, rendition: Rendition): AbortSignal {
  const gone = new AbortController()
  const onClose = () => {
    gone.abort(clientLeft())
    rendition.leave()
  }
  if (reply.raw.destroyed) onClose()
  else reply.raw.once('close', onClose)
  return gone.signal
}

/** The deadline is for the beginning alone: a song may play for hours. */
async function fromFirst(rendition: Rendition, range: { start: number; end: number }, gone: AbortSignal) {
  const either = new AbortController()
  const onGone = () => either.abort(gone.reason)
  const timer = setTimeout(() => either.abort(notYetThere()), FIRST_BYTE_MS_MAX)
  if (gone.aborted) onGone()
  else gone.addEventListener('abort', onGone, { once: true })
  try {
    return await rendition.read(range, either.signal)
  } catch (thrown) {
    return orMissing(thrown)
  } finally {
    clearTimeout(timer)
  }
}
