import { PassThrough, Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '#kernel/caller.ts'
import type { RawHandlers } from '#kernel/contract.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { signedIn } from '#kernel/policy.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { TUS_HEADERS, type uploads } from '#modules/catalog/uploads/contract.ts'
import { toUpload, type UploadRow } from '#modules/catalog/uploads/shapes.ts'
import { uploadById } from '#modules/catalog/uploads/store.ts'
import { readChecksum } from './checksum.ts'
import { readMetadata } from './metadata.ts'
import { type Asked, createTusServer, type TusServer } from './server.ts'

/** What of a refused body is read over, so that the answer is heard by who is still talking. */
const DRAIN_BYTES_MAX = 16 * 1024 ** 2
const DRAIN_MS_MAX = 5000

const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}
const TOLD = [
  'tus-resumable',
  'content-type',
  'content-length',
  'upload-offset',
  'upload-length',
  'upload-defer-length',
  'upload-metadata',
  'upload-concat',
]
const toldTo = (request: FastifyRequest): [string, string][] =>
  TOLD.flatMap((name) => {
    const value = header(request, name)
    return value === undefined ? [] : [[name, value]]
  })

type Body = { stream: ReadableStream; drain: () => void }
/** The bytes of a request, apart from its socket: giving them up does not end the connection. */
function bodyOf({ raw }: FastifyRequest): Body {
  const pass = new PassThrough()
  raw.pipe(pass)
  // A line that breaks is the end of what it brought: all of that counts.
  raw.once('close', () => pass.end()).once('error', () => pass.end())
  pass.on('error', () => {})
  return {
    stream: Readable.toWeb(pass) as ReadableStream,
    drain() {
      raw.unpipe(pass)
      if (raw.complete) return
      let left = DRAIN_BYTES_MAX
      raw.on('data', (chunk: Buffer) => (left -= chunk.length) < 0 && raw.destroy())
      setTimeout(() => raw.complete || raw.destroy(), DRAIN_MS_MAX).unref()
      raw.resume()
    },
  }
}

const CODES: Readonly<Record<number, string>> = {
  400: 'bad_tus_request',
  403: 'bad_tus_request',
  404: 'not_found',
  409: 'offset_mismatch',
  410: 'upload_expired',
  412: 'tus_version',
  413: 'body_too_large',
  501: 'bad_tus_request',
}
/** What the library refused, in the shape of all errors. */
async function faultOf(response: Response, asked: Asked): Promise<AppError> {
  if (asked.fault) return asked.fault
  const { status } = response
  const code = CODES[status]
  if (!code) return new AppError(500, 'internal', 'Something went wrong on our side; the log has the request id.')
  return new AppError(
    code === 'bad_tus_request' ? 400 : status,
    code,
    (await response.text()).trim() || 'The upload was refused.',
  )
}

const SAID = [
  'tus-resumable',
  'location',
  'upload-offset',
  'upload-length',
  'upload-defer-length',
  'upload-metadata',
  'upload-expires',
]

async function pass(tus: TusServer, request: FastifyRequest, reply: FastifyReply, asked: Asked & { method: string }) {
  reply.headers({ ...TUS_HEADERS, 'cache-control': 'no-store' })
  if (header(request, 'tus-resumable') !== TUS_HEADERS['tus-version'])
    throw new AppError(412, 'tus_version', 'Send the header "Tus-Resumable: 1.0.0".')
  if (asked.method === 'POST' && asked.id !== '')
    throw new AppError(405, 'method_not_allowed', 'Send PATCH, or POST with X-HTTP-Method-Override: PATCH.')
  const hasBody = asked.method === 'POST' || asked.method === 'PATCH'
  const body = hasBody && request.body ? bodyOf(request) : undefined
  // The address is nothing but a shape: which upload it is stands in `asked`.
  const response = await tus.answer(
    new Request(`http://tus/upload/files/${asked.id}`, {
      method: asked.method,
      headers: toldTo(request),
      ...(body ? { body: body.stream, duplex: 'half' as const } : {}),
    }),
    asked,
  )
  if (body && !request.raw.complete) body.drain()
  if (response.status >= 400) throw await faultOf(response, asked)
  for (const name of SAID) {
    const value = response.headers.get(name)
    if (value !== null) reply.header(name, value)
  }
  return reply.code(response.status).send('')
}

const expired = () => new AppError(410, 'upload_expired', 'This upload was left alone for too long: begin it anew.')

/** The routes of resumable uploads. They show an upload to its owner and to nobody else. */
export function tusRoutes(ctx: CatalogCtx): RawHandlers<typeof uploads> {
  const tus = createTusServer(ctx)
  const prefix = ctx.config.publicUrl ? new URL(ctx.config.publicUrl).pathname.replace(/\/$/, '') : ''
  const placeOf = (request: FastifyRequest): string =>
    `${prefix}${request.url.startsWith('/api/v1/') ? '/api/v1' : '/api'}/upload/files`

  async function own(who: Caller, id: string): Promise<UploadRow> {
    const row = await uploadById(ctx.db, id)
    if (!row || row.ownerId !== who.userId) throw notFound('upload')
    const isOpen = row.state === 'pending' || row.state === 'uploading'
    if (isOpen && row.expiresAt !== null && row.expiresAt < ctx.now()) throw expired()
    return row
  }
  async function onUpload(who: Caller, named: string, request: FastifyRequest, reply: FastifyReply, method: string) {
    signedIn(who)
    // As it is stored: another spelling of an id would name another file and another lock.
    const { id, kind } = await own(who, named)
    const checksum = readChecksum(header(request, 'upload-checksum'))
    const asked = { who, id, kind, place: placeOf(request), described: undefined, checksum, fault: undefined }
    return pass(tus, request, reply, { ...asked, method })
  }
  return {
    async createTusUpload(who, _input, request, reply) {
      signedIn(who)
      const described = readMetadata(header(request, 'upload-metadata'))
      const checksum = readChecksum(header(request, 'upload-checksum'))
      const asked = {
        who,
        id: '',
        kind: described.kind,
        place: placeOf(request),
        described,
        checksum,
        fault: undefined,
      }
      return pass(tus, request, reply, { ...asked, method: 'POST' })
    },
    getTusUpload: async (who, { id }, request, reply) =>
      request.method === 'HEAD' ? onUpload(who, id, request, reply, 'HEAD') : reply.send(toUpload(await own(who, id))),
    patchTusUpload: (who, { id }, request, reply) => {
      const isPatch = request.method === 'PATCH' || header(request, 'x-http-method-override')?.toUpperCase() === 'PATCH'
      return onUpload(who, id, request, reply, isPatch ? 'PATCH' : 'POST')
    },
    deleteTusUpload: (who, { id }, request, reply) => onUpload(who, id, request, reply, 'DELETE'),
  }
}
