import type { Namespace } from 'socket.io'

/** Ended sessions and persons remembered; when there are more at once, the oldest are forgotten first. */
const ENDED_MAX = 100_000

export type Ended = {
  add(room: string): void
  /** When it is not known whose access ended: as if everybody's had. */
  addAll(): void
  has(room: string): boolean
}

/** Rooms of sessions and persons whose access ended within `keptMs`. */
export function createEnded(keptMs: number, now: () => number = Date.now): Ended {
  const at = new Map<string, number>()
  let allAt = Number.NEGATIVE_INFINITY
  return {
    add(room) {
      for (const [old, when] of at) {
        if (at.size < ENDED_MAX && now() - when < keptMs) break
        at.delete(old)
      }
      at.delete(room)
      at.set(room, now())
    },
    addAll() {
      allAt = now()
    },
    has: (room) => now() - Math.max(allAt, at.get(room) ?? Number.NEGATIVE_INFINITY) < keptMs,
  }
}

/**
 * Socket.IO sends what a broken connection missed before it asks who is there now, to whoever knows the connection's
 * secret. So a connection of a session that has ended since is not recovered: it begins anew, and is asked first.
 */
export function guardRecovery(space: Namespace, ended: Ended): void {
  const { adapter } = space
  const restore = adapter.restoreSession.bind(adapter)
  adapter.restoreSession = async (pid, offset) => {
    const session = await restore(pid, offset)
    const isOver = session ? [...session.rooms].some((room) => ended.has(room)) : true
    return (isOver ? null : session) as Awaited<ReturnType<typeof restore>>
  }
}
