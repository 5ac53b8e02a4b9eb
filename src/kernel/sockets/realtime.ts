import type { Static, TSchema } from 'typebox'

/** An event from the server to sockets; collected into the typed client and the AsyncAPI document. */
export type PushDef<S extends TSchema = TSchema> = {
  readonly kind: 'push'
  readonly name: string
  readonly payload: S
  readonly summary: string
}
export const push = <const N extends string, S extends TSchema>(name: N, payload: S, summary: string) => ({
  kind: 'push' as const,
  name,
  payload,
  summary,
})

/** Reaches the sockets of every process. Who is not connected gets nothing: state is read again at the next join. */
export type Realtime = {
  toUser<S extends TSchema>(userId: string, e: PushDef<S>, payload: Static<S>): void
  toAdmins<S extends TSchema>(e: PushDef<S>, payload: Static<S>): void
  /** Every signed-in socket. Only for what every signed-in person may know. */
  toAll<S extends TSchema>(e: PushDef<S>, payload: Static<S>): void
}
