/** Names of entries and of tags; longer ones are a mistake. */
export const NAME_LENGTH_MAX = 1_000
export const TAGS_MAX = 64
/** Nothing is kept for longer, whatever is asked. */
export const TTL_MAX_MS = 24 * 3_600_000
/** JSON of one value; a bigger one is made each time. */
export const VALUE_MAX_BYTES = 4 * 1024 * 1024

/** @throws RangeError: a mistake of the calling code, found by its first test. */
export function checkNames(names: readonly string[]): void {
  for (const name of names)
    if (name.length === 0 || name.length > NAME_LENGTH_MAX)
      throw new RangeError(`Keys and tags of the cache have 1 to ${NAME_LENGTH_MAX} characters.`)
  if (names.length > TAGS_MAX + 1) throw new RangeError(`An entry has at most ${TAGS_MAX} tags.`)
}
