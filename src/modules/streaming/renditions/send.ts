import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Blobs } from '#kernel/blob/index.ts'
import { unavailable, unprocessable } from '#kernel/errors.ts'
import { type Representation, sendHead, sendRepresentation } from '#kernel/http/bytes/send.ts'
import { PRIVATE, safeTag } from '../original.ts'
import { orMissing } from '../visible.ts'
import type { Encoders, Encoding, Wanted } from './encoders.ts'
import { exactMp3Bytes } from './exact.ts'
import type { KeptRenditions } from './kept.ts'

/** How long an answer waits for the encoder to come to the place that is asked for. */
const PLACE_WAIT_MS_MAX = 30_000
const CONTENT_TYPES = {
  mp3: 'audio/mpeg',
  aac: 'audio/aac',
  opus: 'audio/ogg; codecs=opus',
  flac: 'audio/flac',
  wav: 'audio/wav',
} as const

export type RenditionDeps = { readonly kept: KeptRenditions; readonly encoders: Encoders; readonly blobs: Blobs }
type Exchange = { readonly request: FastifyRequest; readonly reply: FastifyReply }

const notYetThere = () =>
  unavailable('still_encoding', 'The server has not come to this place of the song yet: try again shortly.', 2)
const noMusic = () =>
  unprocessable('media_unreadable', 'Nothing in this file could be decoded, so there is nothing to send.')

/**
 * Sends a transcode. A kept one is a file like any other. One that is still to be made answers the same way at once
 * when its length is known beforehand; otherwise it comes without length and ranges until it is kept.
 */
export async function sendRendition(
  d: RenditionDeps,
  { request, reply }: Exchange,
  wanted: Wanted,
): Promise<FastifyReply> {
  const kept = await d.kept.find(wanted.id)
  const { codec, kbps, name } = wanted.profile
  const promisedBytes = codec === 'mp3' && kbps ? exactMp3Bytes(wanted.durationMs, kbps) : undefined
  const sizeBytes = kept?.sizeBytes ?? promisedBytes
  if (sizeBytes === undefined) return sendUnmeasured(d, { request, reply }, wanted)
  const rep: Representation = {
    sizeBytes,
    etag: `"${safeTag(wanted.id.contentId)}-${name}-${sizeBytes.toString(36)}"`,
    contentType: CONTENT_TYPES[codec],
    cacheControl: PRIVATE,
    headers: { 'tutti-rendition': name },
    open: async (range) => {
      if (kept) return d.blobs.read(kept.blobKey, range)
      const { file } = await joinAt(d, reply, wanted, range.start)
      return file.reader(range.start, range.end)
    },
  }
  return sendRepresentation(request, reply, rep)
}

async function sendUnmeasured(d: RenditionDeps, { request, reply }: Exchange, wanted: Wanted): Promise<FastifyReply> {
  const { codec, name } = wanted.profile
  reply.type(CONTENT_TYPES[codec]).header('cache-control', PRIVATE)
  reply.header('accept-ranges', 'none').header('tutti-rendition', name)
  if (request.method === 'HEAD') return sendHead(reply)
  const { file } = await joinAt(d, reply, wanted, 0)
  return reply.send(file.reader(0))
}

/** Follows the encoder from the moment it has made byte `start`; the end of the answer, however it comes, lets go. */
async function joinAt(d: RenditionDeps, reply: FastifyReply, wanted: Wanted, start: number): Promise<Encoding> {
  const encoding = await d.encoders.join(wanted)
  const gone = new AbortController()
  const leave = encoding.listen()
  const onClose = () => {
    leave()
    gone.abort(new Error('the client left'))
  }
  if (reply.raw.destroyed) onClose()
  else reply.raw.once('close', onClose)
  const late = AbortSignal.timeout(PLACE_WAIT_MS_MAX)
  const isThere = await encoding.file.reached(start, AbortSignal.any([gone.signal, late])).catch((thrown: unknown) => {
    if (late.aborted) throw notYetThere()
    return orMissing(thrown)
  })
  if (!isThere) throw noMusic()
  return encoding
}
