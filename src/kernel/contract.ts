import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static, TObject, TSchema } from 'typebox'
import type { Caller, Scope } from '#kernel/caller.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
/** Who may call at all; what a caller may do to one thing is the module's policy. */
export type Auth = 'anyone' | 'user' | 'artist' | 'admin'
/** Operations of one group share a rate limit (see `kernel/http/limits.ts`). */
export type RateGroup = 'default' | 'auth' | 'search' | 'media' | 'heavy' | 'sync'

type Described = { readonly summary: string; readonly description?: string }
type Routed = Described & {
  readonly method: Method
  /** Under the base, with `:names` that are fields of the input. */
  readonly path: string
  /** Further `METHOD /path` spellings that answer the same. */
  readonly aliases?: readonly `${Method} /${string}`[]
  readonly auth: Auth
  readonly rate?: RateGroup
  /** `session`: an API key or an outside token is not enough, because this changes who may act as the account. */
  readonly credential?: 'session'
  /** What an API key must have been made for. Default: `read` for GET, else `write`; for admins `admin` besides. */
  readonly scope?: Scope
  /** For signing in and out: a credential that is not valid any more makes the caller nobody instead of an error. */
  readonly tolerant?: boolean
  readonly input: TObject
}

export type FileField = {
  /** Which of the bounds on uploads counts. */
  readonly of: 'audio' | 'image'
  /** Further field names that older clients use. */
  readonly aliases?: readonly string[]
  readonly required?: boolean
  /** Files under this name; default 1. */
  readonly max?: number
}

/** JSON in, JSON out; reachable from outside and from other modules. */
export type PublicOperation = Routed & {
  readonly kind: 'public'
  readonly output: TSchema
  readonly status?: 200 | 201 | 202 | 204
  /** Spellings of input fields that older clients use: alias -> field. Output has one spelling. */
  readonly inputAliases?: Readonly<Record<string, string>>
  /** The input field that may come from the httpOnly refresh cookie instead. */
  readonly refreshCookieField?: string
  /** Input fields that come from the request itself and never from the body: a cookie of ours (with TLS `__Host-` before its name), a header. */
  readonly requestFields?: Readonly<Record<string, { cookie: string } | { header: string }>>
  /** The input field that takes the revision of the header `If-Match`; a body may name it, too. */
  readonly ifMatchField?: string
  /** The fields of a DELETE come from the query, unless this says otherwise: what is secret never stands in an address. */
  readonly fieldsFrom?: 'body'
  /**
   * Files that a request may carry as multipart/form-data, by field; the other fields of the form are those of `input`,
   * as text. They lie in temporary files while the operation runs and are handed over by `filesOf(input)`; a body of
   * JSON cannot name any. See `kernel/http/forms.ts`.
   */
  readonly files?: Readonly<Record<string, FileField>>
  /** False where a retried request must run again (sign-in and the like); creating writes keep an Idempotency-Key by default. */
  readonly idempotent?: boolean
}
/** For other modules only; never reachable from outside. */
export type InternalOperation = Described & {
  readonly kind: 'internal'
  readonly input: TObject
  readonly output: TSchema
}
/** Bytes, ranges, multipart: the module answers the request itself (`routes.ts`). */
export type RawOperation = Routed & {
  readonly kind: 'raw'
  readonly produces: readonly string[]
  /** Headers of the answer to OPTIONS at its addresses, beside those for other origins. */
  readonly announces?: Readonly<Record<string, string>>
  /** Types of body that the module reads itself (`kernel/http/multipart.ts`); without them there is none. */
  readonly consumes?: readonly string[]
}

export type Operation = PublicOperation | InternalOperation | RawOperation
export type Operations = Readonly<Record<string, Operation>>
export type Contract<Ops extends Operations = Operations> = {
  /** Unique in the program; the name other modules ask for and the first word of the internal path. */
  readonly name: string
  readonly title: string
  readonly operations: Ops
}

export const op = <const I extends TObject, const O extends TSchema>(
  o: Omit<PublicOperation, 'kind' | 'input' | 'output'> & { input: I; output: O },
) => ({ kind: 'public' as const, ...o })
export const internal = <const I extends TObject, const O extends TSchema>(
  o: Omit<InternalOperation, 'kind' | 'input' | 'output'> & { input: I; output: O },
) => ({ kind: 'internal' as const, ...o })
export const raw = <const I extends TObject>(o: Omit<RawOperation, 'kind' | 'input'> & { input: I }) => ({
  kind: 'raw' as const,
  ...o,
})
export const contract = <const Ops extends Operations>(
  name: string,
  title: string,
  operations: Ops,
): Contract<Ops> => ({
  name,
  title,
  operations,
})

type Callable<Ops extends Operations> = { [K in keyof Ops as Ops[K] extends { kind: 'raw' } ? never : K]: Ops[K] }
type RawOf<Ops extends Operations> = { [K in keyof Ops as Ops[K] extends { kind: 'raw' } ? K : never]: Ops[K] }

/** What a module offers to others: the same type whether it lives in this process or across HTTP. */
export type Api<C extends Contract> = {
  [K in keyof Callable<C['operations']>]: C['operations'][K] extends {
    input: infer I extends TObject
    output: infer O extends TSchema
  }
    ? (who: Caller, input: Static<I>) => Promise<Static<O>>
    : never
}
/** The handlers of a contract's raw operations; `input` is validated path and query. */
export type RawHandlers<C extends Contract> = {
  [K in keyof RawOf<C['operations']>]: C['operations'][K] extends { input: infer I extends TObject }
    ? (who: Caller, input: Static<I>, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
    : never
}
/** Reshape an answer for HTTP (cookies, status by state, ETag) without the service knowing of HTTP. */
export type Answer = (output: unknown, request: FastifyRequest, reply: FastifyReply) => unknown
export type Answers<C extends Contract> = { [K in keyof Callable<C['operations']>]?: Answer }

/** What an API key must have been made for, to call the operation. */
export function scopesOf(o: Pick<Routed, 'auth' | 'method' | 'scope'>): readonly Scope[] {
  const own = o.scope ?? (o.method === 'GET' ? 'read' : 'write')
  return o.auth === 'admin' ? [own, 'admin'] : [own]
}

/** Names in a path: `/songs/:id/cover` -> `['id']`. */
export const pathNames = (path: string): string[] => [...path.matchAll(/:(\w+)/g)].map((m) => m[1] as string)

/** The main route of an operation and its aliases. */
export function routesOf(o: PublicOperation | RawOperation): { method: Method; path: string }[] {
  const aliases = (o.aliases ?? []).map((a) => {
    const [method, path] = a.split(' ') as [Method, string]
    return { method, path }
  })
  return [{ method: o.method, path: o.path }, ...aliases]
}
