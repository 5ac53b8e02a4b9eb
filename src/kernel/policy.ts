import { type Caller, hasRole, isSignedIn, type Role, type Scope, type SignedIn } from '#kernel/caller.ts'
import { forbidden, notFound, unauthorized } from '#kernel/errors.ts'

/**
 * A module states who may do what to a kind of thing as one table of these; REST, sockets and OpenSubsonic all ask it.
 * Deny by default: an action that the table does not name cannot be asked for.
 */
export type Policy<Thing, Action extends string> = {
  readonly thing: string
  readonly may: Readonly<Record<Action, (who: Caller, thing: Thing) => boolean>>
  /** The action that decides whether the caller may know that the thing exists. */
  readonly see: Action
}

export const can = <T, A extends string>(policy: Policy<T, A>, who: Caller, action: A, thing: T): boolean =>
  policy.may[action](who, thing)

/**
 * Throws unless the caller may do `action`. What the caller may not even see answers 401 to nobody and 404 to anyone
 * else, so that an answer never tells that a hidden thing exists.
 */
export function authorize<T, A extends string>(
  policy: Policy<T, A>,
  who: Caller,
  action: A,
  thing: T | undefined,
): asserts thing is T {
  if (thing === undefined) throw notFound(policy.thing)
  if (can(policy, who, action, thing)) return
  if (!isSignedIn(who)) throw unauthorized()
  if (!can(policy, who, policy.see, thing)) throw notFound(policy.thing)
  throw forbidden(`You may not ${action} this ${policy.thing}.`)
}

/** Throws 401 unless somebody is signed in. */
export function signedIn(who: Caller): asserts who is SignedIn {
  if (!isSignedIn(who)) throw unauthorized()
}

/** Throws 401 or 403 unless the caller has at least this role. */
export function requireRole(who: Caller, least: Role): void {
  if (who.kind === 'nobody') throw unauthorized()
  if (!hasRole(who, least)) throw forbidden(`This needs the role "${least}".`, 'role_required')
}

/** Throws 403 for a person who showed an API key or a token of an outside issuer. */
export function requireSession(who: Caller): void {
  if (who.kind === 'user' && who.sessionId === undefined)
    throw forbidden(
      'This changes who may act as the account: sign in, an API key or an outside token is not enough.',
      'session_required',
    )
}

/** Throws 403 unless the caller may do all that its person may, or its API key was made for this. */
export function requireScope(who: Caller, scope: Scope): void {
  if (who.scopes !== undefined && !who.scopes.includes(scope))
    throw forbidden(`This needs an API key with the scope "${scope}".`, 'scope_missing')
}
