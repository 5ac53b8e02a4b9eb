import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import type { FileField } from '#kernel/contract.ts'
import { AppError, badRequest } from '#kernel/errors.ts'
import { newId } from '#kernel/ids.ts'
import { assertRoom, LOOK_EVERY_BYTES } from './room.ts'

const FIELDS_MAX = 60
const PARTS_MAX = 100
const FIELD_BYTES_MAX = 256 * 1024
const FIELD_NAME_BYTES_MAX = 100
const FILE_NAME_MAX_CHARS = 255
/** Boundaries and headers of the parts, and the fields beside the files. */
const FORM_OVERHEAD_BYTES = 2 * 1024 * 1024
/** Who sends nothing for so long has gone. */
const SILENCE_MS_MAX = 60_000
/** Left behind by a process that was killed; no request takes as long. */
const STALE_MS = 24 * 3_600_000

/** A file of a form while the operation runs. Whoever wants to keep it moves or copies it; what stays is removed. */
export type SpooledFile = {
  readonly path: string
  /** As the client calls it; for people, never for paths. */
  readonly fileName: string | null
  readonly sizeBytes: number
  /** SHA-256 of the bytes, hex. */
  readonly sha256: string
}
export type SpooledFiles = Readonly<Record<string, readonly SpooledFile[]>>
type Fields = Readonly<Record<string, FileField>>
export type Form = { fields: Record<string, unknown>; files: SpooledFiles; remove(): Promise<void> }
export type FormConfig = Pick<Config, 'dataDir' | 'uploadMaxBytes' | 'uploadImageMaxBytes'>

const spooled = new WeakMap<object, SpooledFiles>()
const NO_FILES: SpooledFiles = {}
/** The files that came with the input of an operation, by the field's own name. None for calls that carry no form. */
export const filesOf = (input: object): SpooledFiles => spooled.get(input) ?? NO_FILES
/** Only for the one place that reads requests: a caller's JSON can never name a file. */
export const attachFiles = (input: object, files: SpooledFiles): void => void spooled.set(input, files)

/** Routes that `add` puts on the instance it is given read forms besides JSON. */
export function withForms(app: FastifyInstance, add: (inner: FastifyInstance) => void): void {
  void app.register(async (inner) => {
    await inner.register(multipart, {
      throwFileSizeLimit: true,
      limits: { parts: PARTS_MAX, fields: FIELDS_MAX, fieldSize: FIELD_BYTES_MAX, fieldNameSize: FIELD_NAME_BYTES_MAX },
      isPartAFile: (_field, type, name) =>
        name !== undefined || !/^(text\/plain|application\/json)\b/.test(type ?? 'text/plain'),
    })
    add(inner)
  })
}

const roomOf = (config: FormConfig): string => join(config.dataDir, 'temp', 'forms')

/** Removes what killed processes left of their forms. */
export async function sweepForms(config: FormConfig): Promise<void> {
  const room = roomOf(config)
  for (const name of await readdir(room).catch(() => [])) {
    const path = join(room, name)
    const found = await stat(path).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > STALE_MS) await rm(path, { force: true })
  }
}

const limitOf = (field: FileField, config: FormConfig): number =>
  field.of === 'image' ? config.uploadImageMaxBytes : config.uploadMaxBytes

async function assertAnnounced(request: FastifyRequest, fields: Fields, config: FormConfig): Promise<void> {
  const most = Object.values(fields).reduce((sum, f) => sum + limitOf(f, config) * (f.max ?? 1), 0)
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > most + FORM_OVERHEAD_BYTES) throw tooLarge(most)
  await assertRoom(config.dataDir, announced)
}

/** What a form may carry: files, and of its other fields those that may hold more than one value. */
export type FormShape = { readonly files: Fields; readonly structured: ReadonlySet<string> }

/**
 * Reads a form to its end: files into temporary files, fields as they are (text; several of a name become a list; what
 * is JSON in a field that may hold more than one value is read as that). Throws 413 `body_too_large`, 400 `bad_multipart`, `invalid_input` for
 * a file nobody asked for, 507 `storage_full`; then nothing is left behind.
 */
export async function readForm(request: FastifyRequest, shape: FormShape, config: FormConfig): Promise<Form> {
  await assertAnnounced(request, shape.files, config)
  const room = roomOf(config)
  await mkdir(room, { recursive: true, mode: 0o700 })
  const paths: string[] = []
  const remove = async () => void (await Promise.all(paths.map((path) => rm(path, { force: true }))))
  const watch = watchSilence(request)
  try {
    const read = await readParts(request, { ...shape, config, place: () => placeIn(room, paths) })
    return { ...read, remove }
  } catch (thrown) {
    await remove()
    throw asFault(thrown)
  } finally {
    watch.end()
  }
}

function placeIn(room: string, paths: string[]): string {
  const path = join(room, newId())
  paths.push(path)
  return path
}

/** Cuts off a client that has fallen silent in the middle of its body. */
function watchSilence(request: FastifyRequest): { end(): void } {
  let timer = setTimeout(() => request.raw.destroy(), SILENCE_MS_MAX)
  const heard = () => {
    clearTimeout(timer)
    timer = setTimeout(() => request.raw.destroy(), SILENCE_MS_MAX)
  }
  request.raw.on('data', heard)
  return {
    end() {
      clearTimeout(timer)
      request.raw.off('data', heard)
    },
  }
}

type Reading = FormShape & { config: FormConfig; place: () => string }

async function readParts(request: FastifyRequest, r: Reading): Promise<Pick<Form, 'fields' | 'files'>> {
  const values = new Map<string, unknown[]>()
  const files: Record<string, SpooledFile[]> = {}
  const names = new Map(
    Object.entries(r.files).flatMap(([name, f]) => [name, ...(f.aliases ?? [])].map((alias) => [alias, name] as const)),
  )
  // The bound of each file is its field's; the library's own would be one for all.
  for await (const part of request.parts({ limits: { fileSize: r.config.uploadMaxBytes } })) {
    const given = part.fieldname.replace(/\[\]$/, '')
    if (part.type === 'field') {
      if (part.valueTruncated || part.fieldnameTruncated) throw tooLarge(FIELD_BYTES_MAX)
      values.set(given, [...(values.get(given) ?? []), r.structured.has(given) ? valueOf(part.value) : part.value])
      continue
    }
    const name = names.get(given)
    const taken = name === undefined ? undefined : (files[name] ??= [])
    const field = name === undefined ? undefined : r.files[name]
    if (taken === undefined || field === undefined || taken.length >= (field.max ?? 1)) {
      part.file.resume()
      throw unwanted(given, taken?.length ?? 0)
    }
    const sizeMaxBytes = limitOf(field, r.config)
    taken.push(await spool(part, { path: r.place(), sizeMaxBytes, dataDir: r.config.dataDir }))
  }
  const fields = Object.fromEntries([...values].map(([k, all]) => [k, all.length > 1 ? all : all[0]]))
  // A chosen-nothing file input sends an empty part without a name.
  for (const [name, all] of Object.entries(files)) files[name] = all.filter((f) => f.sizeBytes > 0)
  return { fields, files }
}

function valueOf(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

async function spool(
  part: { file: Readable; filename?: string },
  { path, sizeMaxBytes, dataDir }: { path: string; sizeMaxBytes: number; dataDir: string },
): Promise<SpooledFile> {
  const hash = createHash('sha256')
  let [sizeBytes, lookAtBytes] = [0, 0]
  async function* measured(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      sizeBytes += chunk.length
      if (sizeBytes > sizeMaxBytes) throw tooLarge(sizeMaxBytes)
      if (sizeBytes >= lookAtBytes) await assertRoom(dataDir, 0)
      lookAtBytes = Math.max(lookAtBytes, sizeBytes - (sizeBytes % LOOK_EVERY_BYTES) + LOOK_EVERY_BYTES)
      hash.update(chunk)
      yield chunk
    }
  }
  await pipeline(part.file, measured, createWriteStream(path, { flags: 'wx', mode: 0o600 }))
  const fileName = (part.filename ?? '').replaceAll('\0', '').toWellFormed().slice(0, FILE_NAME_MAX_CHARS)
  return { path, fileName: fileName === '' ? null : fileName, sizeBytes, sha256: hash.digest('hex') }
}

const tooLarge = (sizeMaxBytes: number) =>
  new AppError(
    413,
    'body_too_large',
    sizeMaxBytes < 1024 ** 2
      ? `A field is larger than the ${Math.floor(sizeMaxBytes / 1024)} KiB it may have.`
      : `The file is larger than the ${Math.floor(sizeMaxBytes / 1024 ** 2)} MiB it may have.`,
  )
const unwanted = (field: string, taken: number) =>
  new AppError(
    400,
    'invalid_input',
    taken > 0
      ? `${field} may carry ${taken} ${taken === 1 ? 'file' : 'files'}, not more.`
      : `${field} is not a known field.`,
    { errors: [{ path: `/${field}`, message: taken > 0 ? 'carries too many files' : 'is not a known field' }] },
  )

function asFault(thrown: unknown): unknown {
  if (thrown instanceof AppError) return thrown
  const { statusCode, code } = thrown as { statusCode?: number; code?: string }
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new AppError(507, 'storage_full', 'There is no room left for this on the server.')
  if (statusCode === 413)
    return new AppError(413, 'body_too_large', 'The form is larger, or has more parts, than it may.')
  return badRequest(
    'bad_multipart',
    'The form cannot be read: it is cut off, or not the multipart/form-data it says it is.',
  )
}

/** Throws 400 `upload_missing` when a file that must come did not. */
export function assertFiles(fields: Fields, files: SpooledFiles): void {
  for (const [name, field] of Object.entries(fields))
    if (field.required && (files[name]?.length ?? 0) === 0)
      throw badRequest('upload_missing', `Send the file as the field "${name}" of a form (multipart/form-data).`)
}
