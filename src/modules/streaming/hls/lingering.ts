import type { RenditionId } from '../store.ts'

/** How long a listener counts as there after a segment: what comes next is made meanwhile. */
const LINGER_MS = 400
/** A player that asks for a piece farther than this from its last one has gone elsewhere. */
const NEAR_PIECES = 3

export type Place = { readonly listener: string; readonly id: RenditionId; readonly piece: number }
type Last = { readonly place: Place; readonly end: () => void }

const keyOf = ({ listener, id }: Place): string => `${listener} ${id.contentId}`
const isNear = (a: Place, b: Place): boolean =>
  a.id.profile === b.id.profile && Math.abs(a.piece - b.piece) <= NEAR_PIECES

/**
 * Players of segments come anew for each of them, and nobody sees them go. For a moment after each they count as there,
 * so that their encoder goes on; but once they ask elsewhere, the encoder of where they were is let go at once.
 */
export function createLingering() {
  const lasts = new Map<string, Last>()
  return {
    /** The listener wants this piece now. */
    asked(place: Place): void {
      const last = lasts.get(keyOf(place))
      if (last && !isNear(last.place, place)) last.end()
    },
    /** The listener got it; `leave` is called when they count as gone. */
    stay(place: Place, leave: () => void): void {
      const key = keyOf(place)
      const before = lasts.get(key)
      const timer = setTimeout(() => last.end(), LINGER_MS).unref()
      const last: Last = {
        place,
        end() {
          clearTimeout(timer)
          if (lasts.get(key) === last) lasts.delete(key)
          leave()
        },
      }
      lasts.set(key, last)
      before?.end()
    },
  }
}
export type Lingering = ReturnType<typeof createLingering>
