import { messageOf } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import { openRedis, type RedisClient, within } from '#kernel/pubsub/redis-client.ts'
import { seldomWarn } from '#kernel/pubsub/seldom.ts'

/** After a fault Redis is left alone for this long, so that not every request waits for the timeout. */
const REST_MS = 2_000

export type RedisGuard = {
  /** The work's result; undefined when Redis is away, resting or failed. Never throws; faults are logged once a minute. */
  attempt<T>(work: (client: RedisClient) => Promise<T>): Promise<T | undefined>
  check(): Promise<{ ok: boolean; detail?: string }>
  close(): Promise<void>
}

/** A connection whose faults are nobody's faults. `prepare` runs on every new connection before anything else may. */
export function createRedisGuard(o: {
  url: string
  log: Log
  /** Of the connection, as Redis shows it. */
  name: string
  commandTimeoutMs: number
  /** What the log says when Redis fails. */
  warning: string
  prepare: (client: RedisClient) => Promise<void>
}): RedisGuard {
  const warn = seldomWarn(o.log)
  let connection = 0
  let preparedConnection = -1
  let restUntilMs = 0

  const run = async <T>(work: (client: RedisClient) => Promise<T>): Promise<T | undefined> => {
    try {
      return await within(work(link.client), o.commandTimeoutMs)
    } catch (thrown) {
      restUntilMs = performance.now() + REST_MS
      warn({ error: messageOf(thrown) }, o.warning)
      return undefined
    }
  }
  const prepare = async () => {
    const mine = ++connection
    const done = await run(async (client) => {
      await o.prepare(client)
      return true
    })
    if (done) preparedConnection = mine
    else if (mine === connection && link.isReady())
      setTimeout(() => mine === connection && void prepare(), REST_MS).unref()
  }
  const link = openRedis({
    url: o.url,
    name: o.name,
    log: o.log,
    ready: () => {
      restUntilMs = 0
      void prepare()
    },
    away: () => {
      connection++
    },
  })
  return {
    async attempt(work) {
      const isUsable = link.isReady() && preparedConnection === connection && performance.now() >= restUntilMs
      return isUsable ? run(work) : undefined
    },
    check: () => link.check(),
    close: () => link.close(),
  }
}
