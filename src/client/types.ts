import type { Static, TSchema } from 'typebox'
import type { Contracts, PushDefs, routes } from './routes.ts'

type OperationsOf<C extends keyof Contracts> = Contracts[C]['operations']
type Schema<T, K extends 'input' | 'output'> = T extends { readonly [key in K]: infer S extends TSchema }
  ? Static<S>
  : never

/** Names of the JSON operations, and of those that answer bytes, of a contract. */
type NamesOf<C extends keyof Contracts, Kind extends string> = {
  [K in keyof OperationsOf<C>]: OperationsOf<C>[K] extends { kind: Kind } ? K : never
}[keyof OperationsOf<C>]

export type CallOptions = {
  signal?: AbortSignal
  /** Sent as `Idempotency-Key`: a creating call that is tried again with the same key takes effect once. */
  idempotencyKey?: string
}

type Call<I, O> = {} extends I
  ? (input?: I, options?: CallOptions) => Promise<O>
  : (input: I, options?: CallOptions) => Promise<O>

type Calls = {
  [C in keyof Contracts]: {
    [K in NamesOf<C, 'public'>]: Call<Schema<OperationsOf<C>[K], 'input'>, Schema<OperationsOf<C>[K], 'output'>>
  }
}
type UnionToIntersection<U> = (U extends unknown ? (x: U) => void : never) extends (x: infer I) => void ? I : never
type RawInputs = UnionToIntersection<
  { [C in keyof Contracts]: { [K in NamesOf<C, 'raw'>]: Schema<OperationsOf<C>[K], 'input'> } }[keyof Contracts]
>

export type Client = Calls & {
  /** Addresses of what answers bytes: audio, pictures, frames. For `src` attributes and `fetch`. */
  readonly url: { [K in keyof RawInputs]: (input: RawInputs[K]) => string }
  readonly session: ClientSession
}

/** Tokens of a signed-in person. In cookie mode both tokens are empty: the browser keeps them out of reach. */
export type Tokens = { accessToken: string; refreshToken: string; expiresAtMs: number }

/** Where tokens stand between calls; a shared one (several tabs) must answer what was saved last by any of them. */
export type TokenStore = { load(): Tokens | null; save(tokens: Tokens | null): void }

export type ClientSession = {
  readonly baseUrl: string
  readonly cookieMode: boolean
  /** What is kept now, or null when nobody is signed in. */
  tokens(): Tokens | null
  /** Tokens fresher than `stale` (the kept ones), whoever got them; null when the session has ended. */
  refresh(stale?: Tokens | null): Promise<Tokens | null>
  /** Refreshes only when the access token ends within `marginMs`. */
  keepFresh(marginMs: number): Promise<void>
}

/** Payloads of what the server pushes, by event name. */
export type Pushes = {
  [N in keyof PushDefs]: PushDefs[N] extends { payload: infer S extends TSchema } ? Static<S> : never
}

export type RouteTable = typeof routes
/** What a call answers: `Output<'songs', 'getSong'>`. */
export type Output<C extends keyof Calls, K extends keyof Calls[C]> = Calls[C][K] extends (
  ...args: never[]
) => Promise<infer O>
  ? O
  : never
/** What a call takes: `Input<'songs', 'listSongs'>`. */
export type Input<C extends keyof Calls, K extends keyof Calls[C]> = Calls[C][K] extends (
  input: infer I,
  ...rest: never[]
) => unknown
  ? NonNullable<I>
  : never
