import { createClient } from 'redis'
import { messageOf } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import { seldomWarn } from './seldom.ts'

const CONNECT_TIMEOUT_MS = 5_000
const RETRY_MAX_MS = 5_000
const RETRY_STEP_MS = 100
/** A connection that died without a word is closed after `SILENCE_MAX_MS`; the ping keeps a living one from it. */
const PING_EVERY_MS = 10_000
const SILENCE_MAX_MS = 15_000

export type RedisClient = ReturnType<typeof newClient>
export type RedisLink = {
  readonly client: RedisClient
  isReady(): boolean
  check(): Promise<{ ok: boolean; detail?: string }>
  close(): Promise<void>
}

/**
 * A connection that is made again for as long as the process lives. Commands while it is away are refused at once.
 * @throws when the URL is none of `redis://`, `rediss://`, `unix://`; connection faults are logged, once a minute.
 */
export function openRedis(o: {
  url: string
  name: string
  log: Log
  ready?: () => void
  away?: () => void
}): RedisLink {
  const warn = seldomWarn(o.log)
  const client = newClient(o.url, o.name)
  let wasReady = false
  const away = () => {
    if (wasReady) o.away?.()
    wasReady = false
  }
  client.on('ready', () => {
    wasReady = true
    o.ready?.()
  })
  client.on('error', (thrown: unknown) => {
    away()
    warn({ error: messageOf(thrown) }, 'The connection to Redis is away; it is tried again')
  })
  client.on('end', away)
  client.connect().catch(() => undefined)
  return {
    client,
    isReady: () => client.isReady,
    check: async () => (client.isReady ? { ok: true } : { ok: false, detail: 'No connection to Redis.' }),
    async close() {
      client.destroy()
    },
  }
}

function newClient(url: string, name: string) {
  try {
    return createClient({
      url,
      name,
      disableOfflineQueue: true,
      pingInterval: PING_EVERY_MS,
      maintNotifications: 'disabled',
      socket: {
        connectTimeout: CONNECT_TIMEOUT_MS,
        socketTimeout: SILENCE_MAX_MS,
        reconnectStrategy: (retries) =>
          Math.min(RETRY_MAX_MS, RETRY_STEP_MS * (retries + 1)) * (0.5 + Math.random() / 2),
      },
    })
  } catch {
    // The cause is left out: it would carry the URL, and with it the password, into the log.
    throw new Error(
      'REDIS_URL is not the address of a Redis: write redis://host:6379, rediss://host:6379 or unix:///path/to/socket.',
    )
  }
}

/** Rejects after `timeoutMs`; the work goes on, its outcome is ignored. */
export async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const fail = () => reject(new Error(`Redis did not answer within ${timeoutMs} ms.`))
  // When this process was the slow one, the answer lies there already: it is read before `fail` runs.
  const timer = setTimeout(() => setImmediate(fail), timeoutMs)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
