import { Metadata } from '@tus/server'
import { badRequest } from '#kernel/errors.ts'
import { OneOf, Strict, Text, Type } from '#kernel/schema.ts'
import { compile, invalidInput } from '#kernel/validate.ts'
import { UPLOAD_KINDS, uploadFields } from '#modules/catalog/uploads/contract.ts'
import type { Fields, Kind } from '#modules/catalog/uploads/shapes.ts'

/** Of the whole header. */
const METADATA_MAX_CHARS = 4096

const check = compile(
  Strict({ ...uploadFields, kind: Type.Optional(OneOf(UPLOAD_KINDS)), filename: Type.Optional(Text(1024)) }),
  'text',
)
const KNOWN = new Set([...Object.keys(uploadFields), 'kind', 'filename'])

export type Described = { kind: Kind; fileName: string | null; fields: Fields }

const bad = () =>
  badRequest(
    'bad_upload_metadata',
    `Upload-Metadata is no list of "key base64" pairs of at most ${METADATA_MAX_CHARS} characters.`,
  )

function parse(header: string): Record<string, string | null> {
  try {
    return Metadata.parse(header)
  } catch {
    throw bad()
  }
}

/**
 * What the header `Upload-Metadata` says. Keys that mean nothing here are told back and otherwise left alone. Throws 400
 * `bad_upload_metadata` and `invalid_input`.
 */
export function readMetadata(header: string | undefined): Described {
  if (header === undefined || header === '') return { kind: 'audio', fileName: null, fields: {} }
  if (header.length > METADATA_MAX_CHARS) throw bad()
  const metadata = parse(header)
  const given = Object.entries(metadata).filter(([k, v]) => KNOWN.has(k) && v !== null && v !== '')
  const said: Record<string, unknown> = Object.fromEntries(given)
  if (!check(said)) throw invalidInput(check.errors)
  const { kind = 'audio', filename = null, ...fields } = said as Fields & { kind?: Kind; filename?: string }
  return { kind, fileName: filename, fields: { ...fields, metadata: header } }
}
