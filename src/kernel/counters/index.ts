import type { Log } from '#kernel/log.ts'
import { createMemoryCounters } from './memory.ts'

/** At most `max` in a window of `windowMs`, which begins with the first. */
export type Limit = { readonly max: number; readonly windowMs: number }
export type Wish = Limit & {
  /** `kind:whoever`. The kind is one of ours; whoever it counts must not be longer than `KEY_LENGTH_MAX` in all. */
  readonly key: string
}
export type Take = {
  /** Whether there was one left to take. What is refused is not counted. */
  readonly isAllowed: boolean
  /** Taken in this window, this one included. */
  readonly count: number
  readonly remaining: number
  /** Until the window ends. */
  readonly resetMs: number
}

/**
 * How often something happened lately, to bound it: requests, wrong passwords, mails. With `REDIS_URL` all processes
 * count together; while Redis is away or slow each counts for itself. Never throws, and never takes longer than
 * `COMMAND_TIMEOUT_MS`: a limit is no reason to fail. Memory is bounded; under a flood of keys the oldest are forgotten.
 */
export type Counters = {
  take(key: string, limit: Limit): Promise<Take>
  /** Takes one of each, or none at all when one of them has none left. Answers in the order of the wishes. */
  takeAll(wishes: readonly Wish[]): Promise<Take[]>
  /** What was taken turned out not to count. */
  giveBack(keys: readonly string[]): Promise<void>
  /** Starts anew, as if nothing had happened. */
  forget(keys: readonly string[]): Promise<void>
  check(): Promise<{ ok: boolean; detail?: string }>
  close(): Promise<void>
}

/** @throws when `redisUrl` is not the address of a Redis. */
export async function createCounters(o: { redisUrl?: string; log: Log }): Promise<Counters> {
  if (!o.redisUrl) return createMemoryCounters()
  // Loaded only where it is used: the client costs a tenth of a second and 15 MB.
  const { createRedisCounters } = await import('./redis.ts')
  return createRedisCounters({ redisUrl: o.redisUrl, log: o.log })
}
