import type { Handle } from './work.ts'

/** Who was sent a piece of a rendition within this time is in the middle of listening to it. */
const LISTENING_MS = 60_000
const LISTENING_MAX = 10_000

const listeningKey = ({ wanted, work }: Handle): string => `${work.key} ${wanted.listener}`

/** Who is in the middle of listening to what; the longest silent are forgotten first. */
export function createRecent() {
  const heardAt = new Map<string, number>()
  return {
    note(handle: Handle): void {
      const key = listeningKey(handle)
      heardAt.delete(key)
      heardAt.set(key, performance.now())
      const [oldest] = heardAt.keys()
      if (heardAt.size > LISTENING_MAX && oldest !== undefined) heardAt.delete(oldest)
    },
    has: (handle: Handle): boolean =>
      performance.now() - (heardAt.get(listeningKey(handle)) ?? Number.NEGATIVE_INFINITY) < LISTENING_MS,
  }
}
