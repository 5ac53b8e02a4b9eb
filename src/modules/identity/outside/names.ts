import { randomInt } from 'node:crypto'
import { shownName } from '#modules/identity/display-name.ts'

const USERNAME_LENGTH_MIN = 3
const USERNAME_LENGTH_MAX = 20
const DISPLAY_NAME_LENGTH_MAX = 80
const NUMBER_DIGITS = 4
/** For those whose names have no letter that a username may have. */
const NAMELESS = 'listener'

/**
 * A username out of what somebody is called elsewhere, the first that makes one. Never out of an e-mail address:
 * usernames are shown to anyone.
 */
export function usernameFrom(wishes: readonly (string | null)[]): string {
  const fitting = wishes.map(fit).find((name) => name.length >= USERNAME_LENGTH_MIN)
  return fitting ?? NAMELESS
}

const fit = (wish: string | null): string =>
  wish === null || wish.includes('@')
    ? ''
    : wish
        .normalize('NFKD')
        .replace(/[^A-Za-z0-9_.-]+/g, '')
        .replace(/^[^A-Za-z0-9]+/, '')
        .slice(0, USERNAME_LENGTH_MAX)

/** Another one where it is taken. */
export const numbered = (username: string): string =>
  `${username.slice(0, USERNAME_LENGTH_MAX - NUMBER_DIGITS)}${randomInt(10 ** (NUMBER_DIGITS - 1), 10 ** NUMBER_DIGITS)}`

/** What PostgreSQL can store and a page can show, or nothing. */
export function displayNameFrom(wish: string | null): string | undefined {
  const short = (shownName((wish ?? '').toWellFormed()) ?? '')
    .slice(0, DISPLAY_NAME_LENGTH_MAX)
    .replace(/[\ud800-\udbff]$/, '')
    .trim()
  return short === '' ? undefined : short
}
