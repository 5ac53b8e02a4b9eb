import type { TObject, TSchema } from 'typebox'
import {
  type Contract,
  type FileField,
  type Method,
  pathNames,
  type PublicOperation,
  type RawOperation,
  routesOf,
  scopesOf,
} from '#kernel/contract.ts'
import { cookieNames } from '#kernel/credentials/names.ts'
import { readsQuery } from './input.ts'

type Json = Record<string, unknown>
type Routed = PublicOperation | RawOperation

/** The OpenAPI 3.1 document of contracts; schemas with an `$id` become components. */
export function openApi(contracts: readonly Contract[], o: { version: string; baseUrl: string }): Json {
  const components: Record<string, unknown> = { Problem: PROBLEM }
  const paths: Record<string, Json> = {}
  for (const c of contracts) {
    for (const [name, operation] of Object.entries(c.operations)) {
      if (operation.kind === 'internal') continue
      for (const [i, route] of routesOf(operation).entries()) {
        const path = route.path.replace(/:(\w+)/g, '{$1}')
        paths[path] = {
          ...paths[path],
          [route.method.toLowerCase()]: describe(c, i === 0 ? name : `${name}Alias${i}`, operation, route, components),
        }
      }
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tutti',
      version: o.version,
      description: 'The complete backend for music apps.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: o.baseUrl }],
    tags: contracts.map((c) => ({ name: c.name, description: c.title })),
    paths,
    components: {
      schemas: components,
      securitySchemes: SECURITY_SCHEMES,
    },
  }
}

const SECURITY_SCHEMES: Json = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An access token, or an API key' },
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'The scopes of the key bound what it may do',
  },
  cookie: {
    type: 'apiKey',
    in: 'cookie',
    name: cookieNames(false).access,
    description: `Of the web app; over TLS its name is ${cookieNames(true).access}`,
  },
}

/** With a key the scopes it must have; a key is no way where a session is needed. */
function security(o: Routed): Json[] {
  const ways: Json[] = [
    { bearer: [] },
    ...(o.credential === 'session' ? [] : [{ apiKey: scopesOf(o) }]),
    { cookie: [] },
  ]
  return o.auth === 'anyone' ? [{}, ...ways] : ways
}

/** Who may call, in words. */
function needs(o: Routed): string {
  const who = o.auth === 'anyone' ? [] : [`Needs: ${o.auth === 'user' ? 'a signed-in user' : `role ${o.auth}`}.`]
  const how =
    o.credential === 'session'
      ? ['By a session only: an API key or a token of an outside issuer is not enough.']
      : [`API keys need the ${scopesOf(o).length > 1 ? 'scopes' : 'scope'} ${scopesOf(o).join(' and ')}.`]
  return [...who, ...how].join(' ')
}

const PROBLEM: Json = {
  type: 'object',
  description: 'RFC 9457',
  required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' } } },
    },
  },
}

function describe(
  c: Contract,
  operationId: string,
  o: Routed,
  route: { method: Method; path: string },
  components: Record<string, unknown>,
): Json {
  const names = new Set(pathNames(route.path))
  const inQuery = readsQuery(o, route.method)
  // What a cookie or a header alone carries is no field that a caller may send.
  const carried = new Set(o.kind === 'public' ? Object.keys(o.requestFields ?? {}) : [])
  const fields = Object.entries(o.input.properties as Record<string, TSchema>).filter(([k]) => !carried.has(k))
  const parameters = fields
    .filter(([k]) => names.has(k) || inQuery)
    .map(([k, schema]) => parameter(k, schema, names.has(k), o.input, components))
  const body = inQuery
    ? rawBody(o)
    : requestBody(
        fields.filter(([k]) => !names.has(k)),
        o,
        components,
      )
  const description = [o.description, needs(o)].filter(Boolean).join(' ')
  return {
    operationId,
    tags: [c.name],
    summary: o.summary,
    description,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...body,
    security: security(o),
    responses: {
      ...success(o, components),
      '4XX': {
        description: 'Refused',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
}

const parameter = (
  name: string,
  schema: TSchema,
  inPath: boolean,
  input: TObject,
  components: Record<string, unknown>,
): Json => ({
  name,
  in: inPath ? 'path' : 'query',
  required: inPath || (input.required ?? []).includes(name),
  schema: toSchema(schema, components),
})

function requestBody(fields: [string, TSchema][], o: Routed, components: Record<string, unknown>): Json {
  const files = Object.entries((o.kind === 'public' ? o.files : undefined) ?? {})
  if (fields.length === 0 && files.length === 0) return {}
  const required = fields.map(([k]) => k).filter((k) => (o.input.required ?? []).includes(k))
  const properties = Object.fromEntries(fields.map(([k, s]) => [k, toSchema(s, components)]))
  const needed = files.filter(([, f]) => f.required).map(([k]) => k)
  const json = objectOf(properties, required)
  const form = objectOf({ ...properties, ...Object.fromEntries(files.map(([k, f]) => [k, fileSchema(f)])) }, [
    ...required,
    ...needed,
  ])
  const content = {
    ...(needed.length > 0 ? {} : { 'application/json': { schema: json } }),
    ...(files.length > 0 ? { 'multipart/form-data': { schema: form } } : {}),
  }
  return { requestBody: { required: required.length + needed.length > 0, content } }
}

const objectOf = (properties: Json, required: string[]): Json => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...(required.length > 0 ? { required } : {}),
})

function fileSchema({ max = 1 }: FileField): Json {
  const file = { type: 'string', format: 'binary' }
  return max > 1 ? { type: 'array', items: file, maxItems: max } : file
}

const BINARY: Json = { schema: { type: 'string', format: 'binary' } }
const rawBody = (o: Routed): Json =>
  o.kind === 'raw' && o.consumes
    ? { requestBody: { required: true, content: Object.fromEntries(o.consumes.map((type) => [type, BINARY])) } }
    : {}

function success(o: Routed, components: Record<string, unknown>): Json {
  if (o.kind === 'raw') {
    const content = Object.fromEntries(
      o.produces.map((type) => [type, { schema: { type: 'string', format: 'binary' } }]),
    )
    return { 200: { description: 'The bytes', content }, 206: { description: 'A range of them', content } }
  }
  if (o.status === 204) return { 204: { description: 'Done' } }
  return {
    [o.status ?? 200]: {
      description: 'OK',
      content: { 'application/json': { schema: toSchema(o.output, components) } },
    },
  }
}

/** A copy of the schema in which named schemas are references, each stored once in `components`. */
function toSchema(schema: unknown, components: Record<string, unknown>): unknown {
  if (Array.isArray(schema)) return schema.map((s) => toSchema(s, components))
  if (typeof schema !== 'object' || schema === null) return schema
  const { $id, ...rest } = schema as { $id?: unknown }
  const plain = () => Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, toSchema(v, components)]))
  if (typeof $id !== 'string') return plain()
  if (!($id in components)) {
    components[$id] = {}
    components[$id] = plain()
  }
  return { $ref: `#/components/schemas/${$id}` }
}
