import type { Log } from '#kernel/log.ts'
import { createLocalPubSub } from './local.ts'
import { postgresTransport } from './postgres.ts'
import { createRemotePubSub } from './remote.ts'

/**
 * Tell every process now; nothing is kept. Use events (the outbox) for what must not be lost.
 * In process by itself; between processes by PostgreSQL NOTIFY, or Redis when `REDIS_URL` is set.
 */
export type PubSub = {
  /**
   * The payload is JSON, at most 1 MiB. Subscribers in this process have handled it when this returns its promise.
   * That resolves when the message left for the other processes, after 1 s at the latest: a message that finds the
   * connection away waits up to 30 s for it. Rejects only for a payload or a name that no process may send.
   */
  publish(channel: string, payload: unknown): Promise<void>
  /** Handlers share the payload: read it, do not change it. Answers the way to leave. */
  subscribe(channel: string, handler: (payload: unknown) => void): () => void
  check(): Promise<{ ok: boolean; detail?: string }>
  close(): Promise<void>
}

/**
 * Redis when there is one, else NOTIFY of the database, else this process alone.
 * `databaseUrl` must reach PostgreSQL without a transaction pooler. Waits up to 2 s for the connection, then goes on.
 * @throws when `redisUrl` is not the address of a Redis.
 */
export async function createPubSub(o: { databaseUrl?: string; redisUrl?: string; log: Log }): Promise<PubSub> {
  if (o.redisUrl) {
    // Loaded only where it is used: the client costs a tenth of a second and 15 MB.
    const { redisTransport } = await import('./redis.ts')
    return createRemotePubSub(redisTransport(o.redisUrl), o.log)
  }
  if (o.databaseUrl) return createRemotePubSub(postgresTransport(o.databaseUrl), o.log)
  return createLocalPubSub(o.log)
}

export { LINK_CHANNEL, type LinkState } from './channels.ts'
