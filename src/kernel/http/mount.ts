import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TObject, TProperties, TSchema } from 'typebox'
import { Type } from 'typebox'
import type { Caller } from '#kernel/caller.ts'
import {
  type Auth,
  type Contract,
  pathNames,
  type PublicOperation,
  type RawOperation,
  routesOf,
} from '#kernel/contract.ts'
import { type Identify, refreshCookieOf } from '#kernel/identify.ts'
import { requireRole } from '#kernel/policy.ts'
import { compile, invalidInput, withoutIds } from '#kernel/validate.ts'
import type { Idempotency } from './idempotency.ts'

export const BASES = ['/api/v1', '/api'] as const

type Callable = (who: Caller, input: unknown) => Promise<unknown>
type RawHandler = (who: Caller, input: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
export type Mounted = {
  contract: Contract
  api: Record<string, Callable>
  routes: Record<string, RawHandler>
  answers: Record<string, ((output: unknown, request: FastifyRequest, reply: FastifyReply) => unknown) | undefined>
}
type Deps = { identify: Identify; idempotency: Idempotency; origins: readonly string[] }
type Routed = PublicOperation | RawOperation

/** Serve a contract under both bases: validation, who may call, the operation, the answer. */
export function mount(app: FastifyInstance, m: Mounted, d: Deps): void {
  for (const [name, o] of Object.entries(m.contract.operations)) {
    if (o.kind === 'internal') continue
    const handler = o.kind === 'raw' ? rawHandler(o, m.routes[name], name) : jsonHandler(o, name, m, d)
    for (const { method, path } of routesOf(o))
      for (const base of BASES) addRoute(app, { method, url: base + path, o, name, handler, identify: d.identify })
  }
}

type Handler = (who: Caller, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
type Route = { method: string; url: string; o: Routed; name: string; handler: Handler; identify: Identify }

function addRoute(app: FastifyInstance, r: Route): void {
  app.route({
    method: r.method,
    url: r.url,
    config: { operation: r.name, rate: r.o.rate ?? 'default' },
    ...(r.o.kind === 'public' && r.o.status !== 204
      ? { schema: { response: { [r.o.status ?? 200]: withoutIds(r.o.output) } } }
      : {}),
    handler: async (request, reply) => {
      const who = await r.identify.request(request, { tolerant: r.o.tolerant })
      admit(who, r.o.auth)
      return r.handler(who, request, reply)
    },
  })
}

/** The first gate: who may call the operation at all. */
export function admit(who: Caller, auth: Auth): void {
  if (auth !== 'anyone') requireRole(who, auth)
}

const isQuery = (o: Routed) => o.method === 'GET' || o.method === 'DELETE'
const subset = (input: TObject, names: (name: string) => boolean): TObject =>
  Type.Object(
    Object.fromEntries(
      Object.entries(input.properties as Record<string, TSchema>).filter(([k]) => names(k)),
    ) as TProperties,
    { additionalProperties: false },
  )

/** Reads and checks the input of a request: names of the path, and the rest from the query or the body. */
function inputReader(o: Routed): (request: FastifyRequest) => Record<string, unknown> {
  const inPath = new Set([{ path: o.path }, ...routesOf(o)].flatMap((r) => pathNames(r.path)))
  const params = subset(o.input, (k) => inPath.has(k))
  const rest = subset(o.input, (k) => !inPath.has(k))
  const known = Object.keys(rest.properties)
  const checkParams = compile(params, 'text')
  const checkRest = compile(rest, isQuery(o) || o.kind === 'raw' ? 'text' : 'json')
  const aliases = o.kind === 'public' ? Object.entries(o.inputAliases ?? {}) : []
  return (request) => {
    const path = { ...(request.params as object) }
    if (!checkParams(path)) throw invalidInput(checkParams.errors)
    const given = isQuery(o) || o.kind === 'raw' ? pick(request.query, known) : withFields(request.body, aliases)
    if (!checkRest(given)) throw invalidInput(checkRest.errors)
    return { ...(given as object), ...path }
  }
}

/** Unknown query names are other people's (cache busters, trackers); unknown body fields are refused by the schema. */
const pick = (query: unknown, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(query as object).filter(([k, v]) => names.includes(k) && v !== ''))

/** The body, no body being an empty one, with older spellings of fields put right. */
function withFields(body: unknown, aliases: readonly (readonly [string, string])[]): unknown {
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body)) return body
  const fields: Record<string, unknown> = { ...body }
  for (const [alias, field] of aliases) {
    if (!(alias in fields)) continue
    if (!(field in fields)) fields[field] = fields[alias]
    delete fields[alias]
  }
  return fields
}

function jsonHandler(o: PublicOperation, name: string, m: Mounted, d: Deps): Handler {
  const read = inputReader(o)
  const call = m.api[name]
  if (!call) throw new Error(`${m.contract.name}.${name} has no implementation`)
  const creates = o.method === 'POST' && o.status === 201 && o.idempotent !== false
  const answer = m.answers[name]
  return async (who, request, reply) => {
    const input = read(request)
    if (o.refreshCookieField) input[o.refreshCookieField] ??= refreshCookieOf(request, d.origins)
    reply.code(o.status ?? 200)
    const work = async () => {
      const output = await call(who, input)
      return answer ? answer(output, request, reply) : output
    }
    const result = creates
      ? await d.idempotency.once({ who, operation: name, request, reply, input }, work)
      : await work()
    return o.status === 204 ? reply.send() : result
  }
}

function rawHandler(o: RawOperation, handle: RawHandler | undefined, name: string): Handler {
  if (!handle) throw new Error(`the raw operation ${name} has no handler`)
  const read = inputReader(o)
  return async (who, request, reply) => handle(who, read(request), request, reply)
}
