import type { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError, badRequest } from '#kernel/errors.ts'

/** Other parts of a form than the file that is wanted: read over, and bounded. */
const PARTS_MAX = 20
const FIELD_BYTES_MAX = 64 * 1024
const FIELD_NAME_BYTES_MAX = 200
/** Boundaries and headers of the parts. */
const FORM_OVERHEAD_BYTES = 64 * 1024

/**
 * Routes that `add` puts on the instance it is given take bodies of any type, unread: `readUpload` reads them. The
 * parsers are of these routes alone; everywhere else nothing but JSON is parsed.
 */
export function withUploads(app: FastifyInstance, add: (inner: FastifyInstance) => void): void {
  void app.register(async (inner) => {
    inner.removeAllContentTypeParsers()
    await inner.register(multipart, {
      throwFileSizeLimit: true,
      limits: { parts: PARTS_MAX, fieldSize: FIELD_BYTES_MAX, fieldNameSize: FIELD_NAME_BYTES_MAX },
      // Scripts may send a blob without a file name.
      isPartAFile: (_field, type, name) =>
        name !== undefined || !/^(text\/plain|application\/json)\b/.test(type ?? 'text/plain'),
    })
    inner.addContentTypeParser('*', (_request, body, done) => done(null, body))
    add(inner)
  })
}

export type UploadOptions = {
  /** Names under which a form may carry the file. */
  readonly fields: readonly [string, ...string[]]
  readonly sizeMaxBytes: number
  /** Who takes longer is cut off: what has arrived stands in memory. */
  readonly timeoutMs: number
}

/**
 * The bytes of the one file of a request: its body, or a part of its form. What the headers say of its kind is not
 * looked at. Throws 413 `body_too_large`, 400 `bad_multipart` and `upload_missing`.
 */
export async function readUpload(request: FastifyRequest, o: UploadOptions): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > o.sizeMaxBytes + (request.isMultipart() ? FORM_OVERHEAD_BYTES : 0)) throw tooLarge(o)
  const timer = setTimeout(() => request.raw.destroy(), o.timeoutMs)
  const bytes = await (request.isMultipart()
    ? fileOfForm(request, o)
    : collect(request.body as Readable | undefined, o)
  ).finally(() => clearTimeout(timer))
  if (!bytes || bytes.length === 0)
    throw badRequest('upload_missing', `Send the file as the body, or as the field "${o.fields[0]}" of a form.`)
  return bytes
}

/** Every part is read to its end, so that an answer finds a client that has finished talking. */
async function fileOfForm(request: FastifyRequest, o: UploadOptions): Promise<Buffer | undefined> {
  let found: Buffer | undefined
  try {
    for await (const part of request.files({ limits: { fileSize: o.sizeMaxBytes } })) {
      if (!found && o.fields.includes(part.fieldname)) found = await part.toBuffer()
      else part.file.resume()
    }
    return found
  } catch (thrown) {
    const { statusCode } = thrown as { statusCode?: number }
    throw statusCode === 413
      ? tooLarge(o)
      : badRequest(
          'bad_multipart',
          'The form cannot be read: it is cut off, or not the multipart/form-data it says it is.',
        )
  }
}

/** What comes after too much is let pass, so that the client hears why instead of a closed line. */
function collect(body: Readable | undefined, o: UploadOptions): Promise<Buffer | undefined> {
  if (!body) return Promise.resolve(undefined)
  const chunks: Buffer[] = []
  let sizeBytes = 0
  return new Promise((resolve, reject) => {
    body.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length
      if (sizeBytes <= o.sizeMaxBytes) return chunks.push(chunk)
      chunks.length = 0
      return reject(tooLarge(o))
    })
    body.once('end', () => resolve(Buffer.concat(chunks)))
    body.once('error', reject)
    body.once('close', () => reject(badRequest('bad_length', 'The body ended before its end.')))
  })
}

const tooLarge = (o: UploadOptions) =>
  new AppError(
    413,
    'body_too_large',
    `The file is larger than the ${Math.floor(o.sizeMaxBytes / 1024 ** 2)} MiB it may have.`,
  )
