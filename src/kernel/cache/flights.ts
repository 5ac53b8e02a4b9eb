/** A maker that takes longer is not waited for any more: the next caller starts its own. */
export const FLIGHT_MAX_MS = 30_000

export type Flight<R> = {
  readonly tags: readonly string[]
  readonly startedAtMs: number
  /** One of its tags was invalidated since it started: its outcome must not be kept, nor given to later callers. */
  isStale: boolean
  outcome: Promise<R>
}

export type Flights<R> = {
  /** Joins the fresh flight of this key, or starts one. */
  join(key: string, tags: readonly string[], start: (flight: Flight<R>) => Promise<R>): Promise<R>
  /** Flights with one of these tags, or all of them, become stale; later callers start anew. */
  spoil(tags: readonly string[] | 'all'): void
}

/** One maker at a time per key. */
export function createFlights<R>(nowMs: () => number): Flights<R> {
  const flying = new Map<string, Flight<R>>()
  const begin = (key: string, tags: readonly string[], start: (flight: Flight<R>) => Promise<R>) => {
    const flight: Flight<R> = { tags, startedAtMs: nowMs(), isStale: false, outcome: Promise.resolve() as Promise<R> }
    flying.set(key, flight)
    flight.outcome = (async () => start(flight))().finally(() => {
      if (flying.get(key) === flight) flying.delete(key)
    })
    return flight.outcome
  }
  return {
    join(key, tags, start) {
      const flight = flying.get(key)
      const isFresh = flight !== undefined && nowMs() - flight.startedAtMs < FLIGHT_MAX_MS
      return isFresh ? flight.outcome : begin(key, tags, start)
    },
    spoil(tags) {
      for (const [key, flight] of flying) {
        if (tags !== 'all' && !flight.tags.some((tag) => tags.includes(tag))) continue
        flight.isStale = true
        flying.delete(key)
      }
    },
  }
}
