import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import type { TSchema } from 'typebox'
import { AppError, type FieldFault } from '#kernel/errors.ts'

const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => void
const FAULTS_MAX = 20
/** As PostgreSQL reads one: `urn:uuid:` before it, which the library lets pass, would be a fault of ours there. */
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

const make = (coerce: boolean): Ajv2020 => {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    useDefaults: true,
    removeAdditional: false,
    // Ours are tried by a test; to try them at every start costs more than all checks that are made.
    meta: false,
    validateSchema: false,
    coerceTypes: coerce ? 'array' : false,
  })
  addFormats(ajv)
  ajv.addFormat('uuid', UUID)
  return ajv
}
/** For JSON: what the schema says and nothing else. */
const exact = make(false)
/** For paths and queries: text becomes numbers and booleans. */
const coercing = make(true)

/** `$id`s name a schema in the documentation; here the same one may be compiled many times. */
export function withoutIds<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(withoutIds) as T
  if (typeof schema !== 'object' || schema === null) return schema
  const entries = Object.entries(schema).filter(([k, v]) => !(k === '$id' && typeof v === 'string'))
  return Object.fromEntries(entries.map(([k, v]) => [k, withoutIds(v)])) as T
}

/** Whether a value is what the schema says; `errors` tells why the last one was not. */
export type Check = { (value: unknown): boolean; errors?: ErrorObject[] | null | undefined }

/**
 * The code of a check is made when the first value comes: all of them together would take half of the time that the
 * program needs to start, and most processes meet few of them.
 */
export function compile(schema: TSchema, kind: 'json' | 'text'): Check {
  let made: ValidateFunction | undefined
  const check: Check = (value) => {
    made ??= (kind === 'json' ? exact : coercing).compile(withoutIds(schema))
    const isFine = made(value)
    check.errors = made.errors
    return isFine
  }
  return check
}

const toFault = (e: ErrorObject): FieldFault => {
  const extra =
    e.keyword === 'additionalProperties' ? `/${(e.params as { additionalProperty: string }).additionalProperty}` : ''
  const missing = e.keyword === 'required' ? `/${(e.params as { missingProperty: string }).missingProperty}` : ''
  const message = extra
    ? 'is not a known field'
    : missing
      ? 'is needed'
      : e.keyword === 'pattern'
        ? 'has characters or a form that is not allowed'
        : (e.message ?? 'is not valid')
  return { path: `${e.instancePath}${extra}${missing}`, message }
}
export const faultsOf = (errors: ErrorObject[] | null | undefined): FieldFault[] =>
  (errors ?? []).slice(0, FAULTS_MAX).map(toFault)

/** 400 `invalid_input` that names every field at fault. */
export function invalidInput(errors: ErrorObject[] | null | undefined): AppError {
  const faults = faultsOf(errors)
  const first = faults[0]
  const detail = first
    ? `${first.path.replace(/^\//, '').replaceAll('/', '.') || 'The input'} ${first.message}.`
    : 'The input is not valid.'
  return new AppError(400, 'invalid_input', detail, { errors: faults })
}

const compiled = new WeakMap<object, Check>()
/** Throws when a value that we made ourselves is not what its schema says: a fault of ours, not of a caller. */
export function assertShape(schema: TSchema, value: unknown, what: string): void {
  const validate = compiled.get(schema) ?? compile(schema, 'json')
  compiled.set(schema, validate)
  if (validate(value)) return
  const { path, message } = faultsOf(validate.errors)[0] ?? { path: '', message: 'is not valid' }
  throw new Error(`${what}: ${path} ${message}`)
}
