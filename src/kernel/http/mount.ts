import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '#kernel/caller.ts'
import type { Config } from '#kernel/config/index.ts'
import { type Contract, type Method, type PublicOperation, type RawOperation, routesOf } from '#kernel/contract.ts'
import { isSecure, refreshCookieOf } from '#kernel/identify.ts'
import type { Gate } from './gate.ts'
import type { Idempotency } from './idempotency.ts'
import { assertFiles, attachFiles, type Form, type FormConfig, readForm, withForms } from './forms.ts'
import { inputReader, structuredFields } from './input.ts'
import { withUploads } from './multipart.ts'
import { preparing } from './prepared.ts'
import { revisionAsked } from './revision.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Name of the operation, for the metrics. */
    operation?: string
  }
}

export const BASES = ['/api/v1', '/api'] as const

type Callable = (who: Caller, input: unknown) => Promise<unknown>
type RawHandler = (who: Caller, input: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
export type Mounted = {
  contract: Contract
  api: Record<string, Callable>
  routes: Record<string, RawHandler>
  answers: Record<string, ((output: unknown, request: FastifyRequest, reply: FastifyReply) => unknown) | undefined>
}
type Deps = { gate: Gate; idempotency: Idempotency; config: Pick<Config, 'publicUrl' | 'corsOrigins'> & FormConfig }
type Routed = PublicOperation | RawOperation
type Route = { method: Method; path: string }
type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** Serve a contract under both bases: who may call, validation, the operation, the answer. */
export function mount(app: FastifyInstance, m: Mounted, d: Deps): void {
  for (const [name, o] of Object.entries(m.contract.operations)) {
    if (o.kind === 'internal') continue
    for (const route of routesOf(o)) {
      const handler = o.kind === 'raw' ? rawHandler(o, name, m, d, route) : jsonHandler(o, name, m, d, route)
      const add = (to: FastifyInstance) => {
        for (const base of BASES) if (o.kind === 'raw' && o.announces) app.announce(base + route.path, o.announces)
        for (const base of BASES) addRoute(to, { ...route, url: base + route.path, o, name, handler, gate: d.gate })
      }
      if (o.kind === 'raw' && o.consumes) withUploads(app, add)
      else if (o.kind === 'public' && o.files) withForms(app, add)
      else add(app)
    }
  }
}

type Added = { method: Method; url: string; o: Routed; name: string; handler: Handler; gate: Gate }

function addRoute(app: FastifyInstance, r: Added): void {
  app.route({
    method: r.method,
    url: r.url,
    config: { operation: r.name },
    onRequest: r.gate.guard(r.o),
    handler: r.handler,
  })
}

function jsonHandler(o: PublicOperation, name: string, m: Mounted, d: Deps, route: Route): Handler {
  const read = inputReader(o, route)
  const call = m.api[name]
  if (!call) throw new Error(`${m.contract.name}.${name} has no implementation`)
  const creates = route.method === 'POST' && o.status === 201 && o.idempotent !== false
  const answer = m.answers[name]
  const prepare = preparing(o.output, o.status ?? 200)
  const shape = o.files && { files: o.files, structured: structuredFields(o) }
  const run = async (request: FastifyRequest, reply: FastifyReply, form: Form | undefined) => {
    const who = d.gate.callerOf(request)
    const input = read(request, form?.fields)
    if (o.files) assertFiles(o.files, form?.files ?? {})
    if (form) attachFiles(input, form.files)
    if (o.refreshCookieField) input[o.refreshCookieField] ??= refreshCookieOf(request, d.config)
    for (const [field, from] of Object.entries(o.requestFields ?? {})) input[field] = carriedBy(request, from, d.config)
    if (o.ifMatchField) input[o.ifMatchField] ??= revisionAsked(request)
    reply.code(o.status ?? 200)
    const work = async () => {
      const output = await call(who, input)
      return answer ? answer(output, request, reply) : output
    }
    const result = creates
      ? await d.idempotency.once({ who, operation: name, request, reply, input: withHashes(input, form) }, work)
      : await work()
    return o.status === 204 ? reply.send() : prepare(result, reply)
  }
  return async (request, reply) => {
    const form = shape && request.isMultipart() ? await readForm(request, shape, d.config) : undefined
    try {
      return await run(request, reply, form)
    } finally {
      await form?.remove()
    }
  }
}

/** What makes two requests with files the same: names of temporary files differ each time. */
const withHashes = (input: Record<string, unknown>, form: Form | undefined): unknown =>
  form ? { input, files: Object.entries(form.files).map(([k, all]) => [k, all.map((f) => f.sha256)]) } : input

/**
 * What the request carries beside its body; undefined when it does not. Over TLS a cookie without the prefix may have
 * been set by a neighbour under the same domain: it says nothing.
 */
function carriedBy(
  request: FastifyRequest,
  from: { cookie: string } | { header: string },
  config: Deps['config'],
): string | undefined {
  if ('cookie' in from) return request.cookies[isSecure(request, config) ? `__Host-${from.cookie}` : from.cookie]
  const value = request.headers[from.header]
  return typeof value === 'string' ? value : undefined
}

function rawHandler(o: RawOperation, name: string, m: Mounted, d: Deps, route: Route): Handler {
  const handle = m.routes[name]
  if (!handle) throw new Error(`the raw operation ${name} has no handler`)
  const read = inputReader(o, route)
  return async (request, reply) => handle(d.gate.callerOf(request), read(request), request, reply)
}
