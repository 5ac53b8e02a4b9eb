import type { Kysely, Transaction } from 'kysely'
import type { Static, TSchema } from 'typebox'
import type { Blobs } from '#kernel/blob/index.ts'
import type { Cache } from '#kernel/cache/index.ts'
import type { Caller } from '#kernel/caller.ts'
import type { Config } from '#kernel/config/index.ts'
import type { Answers, Api, Contract, RawHandlers } from '#kernel/contract.ts'
import type { Counters } from '#kernel/counters/index.ts'
import type { Keys } from '#kernel/keys.ts'
import type { Log } from '#kernel/log.ts'
import type { Mail } from '#kernel/mail/index.ts'
import type { Media } from '#kernel/media/index.ts'
import type { Metrics } from '#kernel/metrics.ts'
import type { PersonalOperation } from '#kernel/personal.ts'
import type { PubSub } from '#kernel/pubsub/index.ts'
import type { Realtime } from '#kernel/sockets/realtime.ts'
import type { Vault } from '#kernel/vault.ts'

/** A fact another module may want to know: `module.what-happened.v1`. */
export type EventDef<S extends TSchema = TSchema> = {
  readonly kind: 'event'
  readonly name: string
  readonly payload: S
}
/** Work to do later, once, with retries: `module.what-to-do.v1`. */
export type JobDef<S extends TSchema = TSchema> = {
  readonly kind: 'job'
  readonly name: string
  readonly payload: S
  /** `quick` for I/O, `cpu` for work that fills a core: each lane has its own number of places. */
  readonly lane: 'quick' | 'cpu'
  readonly maxAttempts: number
}
export const event = <S extends TSchema>(name: `${string}.v${number}`, payload: S): EventDef<S> => ({
  kind: 'event',
  name,
  payload,
})
export const job = <S extends TSchema>(
  name: `${string}.v${number}`,
  payload: S,
  o: { lane: 'quick' | 'cpu'; maxAttempts?: number },
): JobDef<S> => ({ kind: 'job', name, payload, lane: o.lane, maxAttempts: o.maxAttempts ?? 5 })

/** Store a fact with the transaction; it is delivered at least once after commit. */
export type Emit = <S extends TSchema>(e: EventDef<S>, payload: Static<S>) => Promise<void>
/** Store a job with the transaction. The same `key` twice keeps one waiting job. */
export type Enqueue = <S extends TSchema>(
  j: JobDef<S>,
  payload: Static<S>,
  o?: { key?: string; priority?: number; runAt?: Date },
) => Promise<void>
export type Write<Tables> = <T>(
  work: (tx: Transaction<Tables>, emit: Emit, enqueue: Enqueue) => Promise<T>,
) => Promise<T>

export type JobRun = {
  readonly attempt: number
  readonly lastAttempt: boolean
  /** Aborted at cancellation and at shutdown; stop soon, the job is kept for later in the second case. */
  readonly signal: AbortSignal
  /** 0..1, kept with the job and shown to admins. */
  progress(done: number): Promise<void>
}
export type EventHandler<Tables> = {
  readonly event: EventDef
  readonly handle: (tx: Transaction<Tables>, payload: unknown, out: Handling) => Promise<void>
}
export type Handling = {
  readonly emit: Emit
  readonly enqueue: Enqueue
  readonly key: string
  /**
   * Called once the transaction is committed, and not at all when the process dies in between: for what others are told
   * (caches, sockets), never for what must happen. Must not throw.
   */
  readonly after: (tell: () => void) => void
}
export type JobHandler = { readonly job: JobDef; readonly run: (payload: unknown, run: JobRun) => Promise<void> }
export type Cron = {
  readonly name: string
  readonly everyMs: number
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** Runs inside the transaction that also advances the module's place in the log: an event takes effect exactly once. */
export const on = <Tables, S extends TSchema>(
  e: EventDef<S>,
  handle: (tx: Transaction<Tables>, payload: Static<S>, out: Handling) => Promise<void>,
): EventHandler<Tables> => ({ event: e, handle: handle as EventHandler<Tables>['handle'] })
export const runs = <S extends TSchema>(
  j: JobDef<S>,
  run: (payload: Static<S>, run: JobRun) => Promise<void>,
): JobHandler => ({
  job: j,
  run: run as JobHandler['run'],
})

/** What the contracts of the program answered, one by one. */
export type Answered = { readonly contract: string; readonly output: Record<string, unknown> }
export type AskAll = (operation: PersonalOperation, who: Caller, input: { userId: string }) => Promise<Answered[]>

/** What the kernel gives a module. */
export type Ctx<Tables> = {
  readonly config: Config
  readonly log: Log
  readonly db: Kysely<Tables>
  /** The only write transaction. Never call another module inside it: that may be a network call. */
  readonly write: Write<Tables>
  readonly cache: Cache
  /** How often something happened lately, counted together by all processes. */
  readonly counters: Counters
  readonly pubsub: PubSub
  readonly blobs: Blobs
  readonly media: Media
  readonly mail: Mail
  readonly realtime: Realtime
  readonly keys: Keys
  readonly vault: Vault
  readonly metrics: Metrics
  /**
   * Asks every contract of the program that offers this operation (`kernel/personal.ts`), in this process or another.
   * All answer or it throws: 503 `service_unavailable` names the part that does not. Not inside a transaction.
   */
  readonly askAll: AskAll
  readonly duties: ReadonlySet<Duty>
  /** Address that people open: `PUBLIC_URL`, else where this server listens. Never taken from a request. */
  readonly origin: () => string
  readonly now: () => Date
  /** A new UUIDv7. */
  readonly newId: () => string
}

/** What a process does for its modules: answer HTTP, run jobs and event handlers, keep the clock. */
export const DUTIES = ['http', 'jobs', 'cron'] as const
export type Duty = (typeof DUTIES)[number]

export type HealthCheck = () => Promise<{ ok: boolean; detail?: string }>

/** A module at work. `start` runs after every module is made, `stop` in reverse order. */
export type Running<Tables, Cs extends Record<string, Contract>> = {
  readonly api: { [K in keyof Cs]: Api<Cs[K]> }
  readonly routes?: { [K in keyof Cs]?: RawHandlers<Cs[K]> }
  readonly answers?: { [K in keyof Cs]?: Answers<Cs[K]> }
  readonly on?: readonly EventHandler<Tables>[]
  readonly jobs?: readonly JobHandler[]
  readonly cron?: readonly Cron[]
  readonly checks?: Readonly<Record<string, HealthCheck>>
  readonly start?: () => Promise<void>
  readonly stop?: () => Promise<void>
}
export type Module<
  Tables = unknown,
  Cs extends Record<string, Contract> = Record<string, Contract>,
  Ns extends Record<string, Contract> = Record<string, Contract>,
> = {
  /** Also the name of its PostgreSQL schema. */
  readonly name: string
  readonly contracts: Cs
  /** Contracts of other modules that this one calls; a DAG, checked at start. */
  readonly needs: Ns
  readonly migrations?: URL
  create(ctx: Ctx<Tables>, needs: { [K in keyof Ns]: Api<Ns[K]> }): Running<Tables, Cs> | Promise<Running<Tables, Cs>>
}
/** For a module that calls no other. */
export type NoNeeds = { readonly [name: string]: never }
export const defineModule = <
  Tables,
  const Cs extends Record<string, Contract>,
  const Ns extends Record<string, Contract>,
>(
  m: Module<Tables, Cs, Ns>,
): Module<Tables, Cs, Ns> => m
