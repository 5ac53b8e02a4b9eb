import { badRequest } from '#kernel/errors.ts'

/** Control characters and line ends break a line or a log; marks of direction turn round what stands beside a name. */
const TURNS_OR_BREAKS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu
/** Spaces, marks without width, and letters that are drawn as nothing. */
const UNSEEN = /^[\p{Cf}\p{Z}\p{M}\u115f\u1160\u2800\u3164\uffa0]*$/u

/** A name as it is shown to others, in one line and in its own direction; undefined when nothing of it is seen. */
export function shownName(text: string): string | undefined {
  const plain = text.replace(TURNS_OR_BREAKS, ' ').trim()
  return UNSEEN.test(plain) ? undefined : plain
}

/** The name that somebody chose for themselves. Throws 400 `invalid_input`. */
export function chosenName(text: string): string {
  const name = shownName(text)
  if (name !== undefined) return name
  throw badRequest('invalid_input', 'displayName must not be blank.', [
    { path: '/displayName', message: 'must not be blank' },
  ])
}
