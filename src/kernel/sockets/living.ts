import type { Connection } from '#kernel/identify.ts'

/** A credential that has expired ends its socket within this. */
const LOOK_EVERY_MS = 10_000
/** Everybody is asked for this often: who ended a session may have died before it could tell. */
const ASK_ALL_EVERY_MS = 60_000
/** Sockets asked for at once, so that a link that comes back does not flood the database. */
const ASKED_AT_ONCE = 20

type Deps<S> = { all: () => S[]; connectionOf: (socket: S) => Connection; end: (socket: S) => unknown }
export type Living = {
  /** Ask for everybody anew and end whose credential is not good any more. */
  askAll(): void
  stop(): void
}

/** Ends sockets whose credential has run out, or ended while notices were being missed. */
export function watchLiving<S>({ all, connectionOf, end }: Deps<S>): Living {
  const waiting = new Set<S>()
  const again = new Set<S>()
  let asking = 0
  /** A socket stays until it is known that its credential is not good; a failing question is asked again. */
  async function ask(socket: S): Promise<void> {
    const isGood = await connectionOf(socket)
      .isGood()
      .catch(() => undefined)
    if (isGood === false) end(socket)
    if (isGood === undefined) again.add(socket)
  }
  function work(): void {
    for (const socket of waiting) {
      if (asking >= ASKED_AT_ONCE) return
      waiting.delete(socket)
      asking += 1
      void ask(socket).finally(() => {
        asking -= 1
        work()
      })
    }
  }
  const askFor = (sockets: Iterable<S>) => {
    for (const socket of sockets) waiting.add(socket)
    work()
  }
  let allAskedAt = Date.now()
  const timer = setInterval(() => {
    const now = Date.now()
    if (now - allAskedAt >= ASK_ALL_EVERY_MS) {
      allAskedAt = now
      return askFor(all())
    }
    const present = new Set(all())
    const failed = [...again].filter((socket) => present.has(socket))
    again.clear()
    askFor([...failed, ...[...present].filter((socket) => connectionOf(socket).expiresAtMs() <= now)])
  }, LOOK_EVERY_MS)
  timer.unref()
  return {
    askAll: () => askFor(all()),
    stop() {
      clearInterval(timer)
      waiting.clear()
      again.clear()
    },
  }
}
