/** A key: its kind, a colon, whoever is counted. Longer ones are a mistake; hash what callers may choose. */
export const KEY_LENGTH_MAX = 200
/** Windows of one kind that a process remembers: about 8 MB when an attacker fills them. */
export const KEYS_MAX = 50_000
/** Wishes of one take. */
export const WISHES_MAX = 16

/** @throws RangeError: a mistake of the calling code, found by its first test. */
export function checkKeys(keys: readonly string[]): void {
  if (keys.length === 0 || keys.length > WISHES_MAX) throw new RangeError(`One take counts 1 to ${WISHES_MAX} things.`)
  for (const key of keys)
    if (key.length > KEY_LENGTH_MAX || key.indexOf(':') < 1)
      throw new RangeError(`A counter is named kind:whoever, in at most ${KEY_LENGTH_MAX} characters.`)
}
