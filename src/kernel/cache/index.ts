import type { Log } from '#kernel/log.ts'
import type { PubSub } from '#kernel/pubsub/index.ts'
import { createMemoryCache } from './memory.ts'

/**
 * An optimisation, never a source of truth: a failure of the cache is logged and the value is made anew.
 * Keys must include everything that changes the answer (who asks, filters, page).
 */
export type Cache = {
  /**
   * One maker at a time per key in a process; the others wait for it, so it must not stop with its own caller's signal.
   * Values are JSON and come frozen: copy before changing one. `ttlMs` counts from the begin of the making, 24 h at
   * most; the same key comes with the same tags always. An error goes to those who wait and is not kept.
   * Throws RangeError for names over 1 000 characters or more than 64 tags.
   */
  getOrMake<T>(key: string, o: { ttlMs: number; tags?: readonly string[] }, make: () => Promise<T>): Promise<T>
  /**
   * Call it after the commit of what changed. After it resolves no reader of this process gets a value made before the
   * call under one of these tags; with Redis no reader of any process does, without it the others follow within
   * milliseconds (the way of a pubsub message). Never rejects: what cannot be told now is told when it can.
   */
  invalidate(tags: readonly string[]): Promise<void>
  check(): Promise<{ ok: boolean; detail?: string }>
  close(): Promise<void>
}

/**
 * In Redis when there is one, else in this process, told of the others' changes by `pubsub`.
 * @throws when `redisUrl` is not the address of a Redis.
 */
export async function createCache(o: { redisUrl?: string; pubsub: PubSub; log: Log }): Promise<Cache> {
  if (!o.redisUrl) return createMemoryCache(o)
  // Loaded only where it is used: the client costs a tenth of a second and 15 MB.
  const { createRedisCache } = await import('./redis.ts')
  return createRedisCache({ redisUrl: o.redisUrl, log: o.log })
}
