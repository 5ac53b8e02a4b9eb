import type { FastifyReply } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import type { RateGroup } from '#kernel/contract.ts'
import type { Counters } from '#kernel/counters/index.ts'
import { tooMany } from '#kernel/errors.ts'

const WINDOW_MS = 60_000
/**
 * A copy of a large library is read in one go, page after page: 1 000 000 songs, albums and artists in pages of 500
 * within one window, however small the limits of everything else.
 */
export const SYNC_PER_MIN_LEAST = 2_000

/** Counts one request of `who` (a user id or an address). Rejects with 429 and `Retry-After` above the group's limit. */
export type Limits = { take(rate: RateGroup, who: string, reply: FastifyReply): Promise<void> }

/** Requests a minute of one person or address, by group of operations; generous where syncing clients page. */
const limitsOf = (config: Config): Record<RateGroup, number> => ({
  default: config.rateLimitPerMin,
  media: config.rateLimitPerMin * 2,
  search: Math.ceil(config.rateLimitPerMin / 2),
  heavy: Math.ceil(config.rateLimitPerMin / 60),
  auth: config.rateLimitAuthPerMin,
  sync: Math.max(config.rateLimitPerMin, SYNC_PER_MIN_LEAST),
})

/** A fixed window per (group, who). Answers carry `RateLimit-Limit`, `-Remaining` and `-Reset` (seconds). */
export function createLimits(config: Config, counters: Counters): Limits {
  const limits = limitsOf(config)
  return {
    async take(rate, who, reply) {
      const max = limits[rate]
      const took = await counters.take(`requests-${rate}:${who}`, { max, windowMs: WINDOW_MS })
      const resetSec = Math.ceil(took.resetMs / 1000)
      reply
        .header('ratelimit-limit', max)
        .header('ratelimit-remaining', took.remaining)
        .header('ratelimit-reset', resetSec)
      if (!took.isAllowed) throw tooMany('Too many requests: wait as long as Retry-After says.', resetSec)
    },
  }
}
