import type { Caller } from '#kernel/caller.ts'
import { countedAs } from '#kernel/counters/address.ts'
import type { Counters, Limit, Take, Wish } from '#kernel/counters/index.ts'
import { tooMany } from '#kernel/errors.ts'
import { hashOf } from '#modules/identity/secrets.ts'

/** A refusal takes this much longer: guessing in a row gets slower, mistyping hardly. */
export const REFUSED_PAUSE_MS = 100
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/**
 * The more wrong passwords, the longer the wait: for the rest of a minute, of a quarter of an hour, of a day. An account
 * goes by two names, so that a day allows 100 guesses at it (NIST 800-63B-4: at most 100).
 */
const OF_ONE_NAME: readonly Limit[] = [
  { max: 20, windowMs: MINUTE_MS },
  { max: 30, windowMs: 15 * MINUTE_MS },
  { max: 50, windowMs: DAY_MS },
]
/** Over all names: against one password tried on many accounts. A household behind one address mistypes less. */
const OF_ONE_ADDRESS: readonly Limit[] = [
  { max: 60, windowMs: 15 * MINUTE_MS },
  { max: 240, windowMs: DAY_MS },
]

/**
 * What was typed, whether it has an account or not; or the account that is asked for its own password. Counted apart:
 * ids are public, so who types one at the sign-in must not use up what its owner has.
 */
export type Whose = { readonly name: string } | { readonly accountId: string }
export type Guess = Whose & {
  readonly who: Pick<Caller, 'address'>
  /** Whether that account has been signed in from there before; such a place has an allowance of its own. */
  readonly isKnownPlace: boolean
}
/**
 * Bounds the guessing of passwords. By the name that was given, so that an answer tells nothing: neither whether there
 * is such an account, nor which e-mail and which username belong together. Strangers share the allowance of a name, so
 * that many addresses give no more guesses; who was there before has another, so that strangers cannot lock them out.
 */
export type Attempts = {
  /**
   * Counts a guess, then looks whether it is right. Only a wrong one stays counted; one that fails otherwise does not.
   * Counted first, so that guesses at the same time get no more than one after the other. Rejects with 429.
   */
  guess<T>(guess: Guess, look: () => Promise<T | undefined>): Promise<T | undefined>
  /** The owner has proven it otherwise (by mail): strangers' guesses at these count no more. */
  forgive(all: readonly Whose[]): Promise<void>
}

export function createAttempts(counters: Counters): Attempts {
  return {
    async guess(guess, look) {
      const wishes = wishesOf(guess)
      refuseSpent(await counters.takeAll(wishes))
      const giveBack = () => counters.giveBack(wishes.map((w) => w.key))
      try {
        const found = await look()
        if (found !== undefined) await giveBack()
        return found
      } catch (thrown) {
        await giveBack()
        throw thrown
      }
    },
    forgive: (all) => counters.forget(all.flatMap(wishesOfStrangers).map((w) => w.key)),
  }
}

function wishesOf(guess: Guess): Wish[] {
  const address = countedAs(guess.who.address ?? '')
  if (guess.isKnownPlace && 'name' in guess)
    return wishesFor('guesses-known', hashed(`${address} ${guess.name}`), OF_ONE_NAME)
  return [...wishesOfStrangers(guess), ...wishesFor('guesses-address', address, OF_ONE_ADDRESS)]
}

const wishesOfStrangers = (whose: Whose): Wish[] =>
  'accountId' in whose
    ? wishesFor('guesses-account', whose.accountId, OF_ONE_NAME)
    : wishesFor('guesses-name', hashed(whose.name), OF_ONE_NAME)

const wishesFor = (kind: string, whoever: string, limits: readonly Limit[]): Wish[] =>
  limits.map((limit) => ({ key: `${kind}:${whoever}:${limit.windowMs / MINUTE_MS}`, ...limit }))

/** Names may be long and are personal: what is counted, perhaps in a Redis, is a hash. */
const hashed = (name: string): string => hashOf(name.normalize('NFKC').toLowerCase()).toString('base64url')

function refuseSpent(takes: readonly Take[]): void {
  const spent = takes.filter((t) => !t.isAllowed && t.remaining === 0)
  if (spent.length === 0) return
  const waitSec = Math.ceil(Math.max(...spent.map((t) => t.resetMs)) / 1000)
  throw tooMany(
    'Too many wrong passwords: wait as long as Retry-After says, or ask for a new password by mail.',
    waitSec,
  )
}
