/**
 * Tell every process now; nothing is kept. Use events (the outbox) for what must not be lost.
 * In process by itself; between processes by PostgreSQL NOTIFY, or Redis when `REDIS_URL` is set.
 */
export type PubSub = {
  /** The payload is JSON. Delivered to subscribers in this process too. */
  publish(channel: string, payload: unknown): Promise<void>
  subscribe(channel: string, handler: (payload: unknown) => void): () => void
  check(): Promise<{ ok: boolean; detail?: string }>
  close(): Promise<void>
}
