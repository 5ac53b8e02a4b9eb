import type { FastifyInstance } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import type { Contract } from '#kernel/contract.ts'
import type { Service } from '#kernel/http/health.ts'
import type { Identify } from '#kernel/identify.ts'
import type { Log } from '#kernel/log.ts'
import type { Duty } from '#kernel/module.ts'
import type { Realtime } from '#kernel/sockets/realtime.ts'
import type { Ports } from './ports.ts'
import type { AnyModule, Offer, Wired } from './wire.ts'

export type AppOptions = {
  config: Config
  log: Log
  version: string
  /** Shown in `/health`: the target. */
  service: string
  modules: readonly AnyModule[]
  duties: ReadonlySet<Duty>
  /** Every contract of the program, so that what runs elsewhere can be called and, by a gateway, served. */
  offers: readonly Offer[]
  /** Contracts this process serves to the public; default all of its modules'. */
  mounts?: (contract: Contract) => boolean
  /** A gateway also serves the contracts of modules that run elsewhere, the web app and the docs. */
  gateway: boolean
  services: readonly Service[]
  /** The contract with an `authenticate` operation. */
  sessions: Contract
  webDir?: string
  /** The database is gone for good: the process cannot go on. */
  onFatal: (detail: string) => void
}
export type App = {
  readonly url: string
  readonly http: FastifyInstance
  readonly ports: Ports
  readonly wired: readonly Wired[]
  readonly identify: Identify
  readonly realtime: Realtime
  stop(): Promise<void>
}
