import type { FastifyRequest } from 'fastify'
import type { TObject, TSchema } from 'typebox'
import { Type } from 'typebox'
import { type Method, pathNames, type PublicOperation, type RawOperation } from '#kernel/contract.ts'
import { compile, invalidInput } from '#kernel/validate.ts'

type Routed = PublicOperation | RawOperation

/** Whether the fields that are not in the path come from the query. The body of a raw operation is its own business. */
export const readsQuery = (o: Routed, method: Method): boolean =>
  o.kind === 'raw' || method === 'GET' || (method === 'DELETE' && o.fieldsFrom !== 'body')

const subset = (input: TObject, names: (name: string) => boolean): TObject =>
  Type.Object(Object.fromEntries<TSchema>(Object.entries(input.properties).filter(([k]) => names(k))), {
    additionalProperties: false,
  })

type Shape = { type?: string | readonly string[]; anyOf?: readonly Shape[] }
const holdsMore = ({ type = [], anyOf = [] }: Shape): boolean =>
  ['array', 'object'].some((kind) => [type].flat().includes(kind)) || anyOf.some(holdsMore)

/** Fields, older spellings included, that may hold more than one value. All others of a form are text, whatever it is. */
export function structuredFields(o: Pick<PublicOperation, 'input' | 'inputAliases'>): ReadonlySet<string> {
  const fields = Object.entries(o.input.properties).filter(([, schema]) => holdsMore(schema as Shape))
  const names = new Set(fields.map(([name]) => name))
  for (const [alias, field] of Object.entries(o.inputAliases ?? {})) if (names.has(field)) names.add(alias)
  return names
}

/**
 * Reads and checks the input of a request to one route of an operation: names of the path, and the rest from the query
 * or the body; `form` stands in for the body. The reader throws 400 `invalid_input`.
 */
export function inputReader(
  o: Routed,
  route: { method: Method; path: string },
): (request: FastifyRequest, form?: Record<string, unknown>) => Record<string, unknown> {
  const inPath = new Set(pathNames(route.path))
  const inQuery = readsQuery(o, route.method)
  const params = subset(o.input, (k) => inPath.has(k))
  const rest = subset(o.input, (k) => !inPath.has(k))
  const known = Object.keys(rest.properties)
  const checkParams = compile(params, 'text')
  const checkRest = compile(rest, inQuery ? 'text' : 'json')
  // Fields of a form are text, as those of a query.
  const checkForm = compile(rest, 'text')
  const aliases = o.kind === 'public' ? Object.entries(o.inputAliases ?? {}) : []
  return (request, form) => {
    const path = { ...(request.params as object) }
    if (!checkParams(path)) throw invalidInput(checkParams.errors)
    const check = form ? checkForm : checkRest
    const given = inQuery
      ? pick(withFields(request.query, aliases), known)
      : withFields(form ? filled(form) : request.body, aliases)
    if (!check(given)) throw invalidInput(check.errors)
    return { ...(given as object), ...path }
  }
}

/** Unknown query names are other people's (cache busters, trackers); unknown body fields are refused by the schema. */
const pick = (query: unknown, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(query as object).filter(([k, v]) => names.includes(k) && v !== ''))

/** A form sends every input of the page, also those left empty. */
const filled = (form: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(form).filter(([, v]) => v !== ''))

/** The fields, none being an empty object, with older spellings put right. */
function withFields(given: unknown, aliases: readonly (readonly [string, string])[]): unknown {
  if (given === undefined || given === null) return {}
  if (typeof given !== 'object' || Array.isArray(given)) return given
  const fields: Record<string, unknown> = { ...given }
  for (const [alias, field] of aliases) {
    if (!Object.hasOwn(fields, alias)) continue
    if (!Object.hasOwn(fields, field)) fields[field] = fields[alias]
    delete fields[alias]
  }
  return fields
}
