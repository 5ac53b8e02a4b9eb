import { randomBytes } from 'node:crypto'
import {
  type Contract,
  type Method,
  pathNames,
  type PublicOperation,
  type RawOperation,
  routesOf,
} from '#kernel/contract.ts'
import { readsQuery } from '#kernel/http/input.ts'
import { newId } from '#kernel/ids.ts'

/** One public operation by one of its routes. */
export type Route = {
  contract: string
  name: string
  operation: PublicOperation | RawOperation
  method: Method
  path: string
}
export type Request = { method: Method; path: string; body: unknown }

export const routesIn = (contracts: readonly Contract[]): Route[] =>
  contracts.flatMap((c) =>
    Object.entries(c.operations).flatMap(([name, operation]) =>
      operation.kind === 'internal'
        ? []
        : routesOf(operation).map((r) => ({ contract: c.name, name, operation, ...r })),
    ),
  )

type Json = Record<string, unknown>
type AnySchema = {
  type?: string | string[]
  enum?: unknown[]
  anyOf?: AnySchema[]
  format?: string
  pattern?: string
  minLength?: number
  minimum?: number
  items?: AnySchema
  minItems?: number
  properties?: Record<string, AnySchema>
  required?: string[]
  default?: unknown
  const?: unknown
}

/** The smallest value that a schema takes, so far as its text tells; ids are new ones. */
export function smallest(schema: AnySchema): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  if (schema.anyOf) return smallest(schema.anyOf[0] as AnySchema)
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'string') return textFor(schema)
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1
  if (type === 'boolean') return true
  if (type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => smallest(schema.items ?? {}))
  if (type === 'object') return smallestObject(schema)
  return null
}
function textFor(schema: AnySchema): string {
  if (schema.format === 'uuid') return newId()
  if (schema.format === 'email') return `p${randomBytes(6).toString('hex')}@example.org`
  if (schema.format === 'date-time') return new Date().toISOString()
  return 'a'.repeat(Math.max(schema.minLength ?? 1, 1)).padEnd(8, 'b')
}
const smallestObject = (schema: AnySchema): Json =>
  Object.fromEntries((schema.required ?? []).map((k) => [k, smallest(schema.properties?.[k] ?? {})]))

const text = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))

/** A request to a route with this input: path, query and body where each belongs. */
export function requestFor(route: Route, input: Json): Request {
  const names = pathNames(route.path)
  const path = route.path.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(text(input[name]).toWellFormed() || '-'),
  )
  const rest = Object.entries(input).filter(([k]) => !names.includes(k))
  if (!readsQuery(route.operation, route.method)) return { method: route.method, path, body: Object.fromEntries(rest) }
  const query = new URLSearchParams(
    rest.flatMap(([k, v]) =>
      (Array.isArray(v) ? v : [v]).map((one) => [k, typeof one === 'string' ? one : JSON.stringify(one)]),
    ),
  )
  return { method: route.method, path: query.size > 0 ? `${path}?${query.toString()}` : path, body: undefined }
}

export const minimalInput = (route: Route): Json => smallest(route.operation.input) as Json
