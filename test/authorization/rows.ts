import type { Person, World } from './world.ts'

export type Input = Record<string, unknown>
/** A status, or a status and the code of the problem. */
export type Cell = number | readonly [number, string]
type Cells = Readonly<Record<Exclude<Person, 'blocked'>, Cell>>

/**
 * Who may do what: one row for every public operation of the program. An operation without a row fails the test, so
 * that nobody adds one without saying who may call it, and what of others it shows.
 */
export type Row =
  /** The role that the contract asks for decides alone: nothing here belongs to one person. */
  | { kind: 'role' }
  /** Only ever about the caller: there is no way to name another's thing. `ends`: it changes or ends the account that asks. */
  | { kind: 'self'; ends?: 'account'; input?: (asking: { id: string; username: string; password: string }) => Input }
  /** About one thing, made anew for each who asks; it belongs to the person `owner`. */
  | { kind: 'thing'; input: (w: World) => Promise<Input>; answers: Cells }
  /** A list or a page of many: the id that `make` answers is in it for these, and for nobody else. */
  | { kind: 'list'; make: (w: World) => Promise<{ id: string; input?: Input }>; seenBy: readonly Person[] }

export const role: Row = { kind: 'role' }
export const self: Row = { kind: 'self' }

/** For what another may not even know of. */
export const HIDDEN = [404, 'not_found'] as const
export const OUT = [401, 'unauthorized'] as const
export const NEEDS_ROLE = [403, 'role_required'] as const
