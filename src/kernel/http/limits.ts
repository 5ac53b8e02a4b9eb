import { isIPv6 } from 'node:net'
import type { FastifyReply } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import type { RateGroup } from '#kernel/contract.ts'
import type { Counters } from '#kernel/counters/index.ts'
import { tooMany } from '#kernel/errors.ts'

const WINDOW_MS = 60_000

/** Counts one request of `who` (a user id or an address). Rejects with 429 and `Retry-After` above the group's limit. */
export type Limits = { take(rate: RateGroup, who: string, reply: FastifyReply): Promise<void> }

/** Requests a minute of one person or address, by group of operations; generous where syncing clients page. */
const limitsOf = (config: Config): Record<RateGroup, number> => ({
  default: config.rateLimitPerMin,
  media: config.rateLimitPerMin * 2,
  search: Math.ceil(config.rateLimitPerMin / 2),
  heavy: Math.ceil(config.rateLimitPerMin / 60),
  auth: config.rateLimitAuthPerMin,
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

const IPV6_GROUPS = 8
const NETWORK_GROUPS = 4

/** Who an address counts as: of IPv6 its network of 64 bits, because whoever has one address there has them all. */
export function countedAs(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail ? tail.split(':') : []
  const zeros = Array.from({ length: IPV6_GROUPS - before.length - after.length }, () => '0')
  const groups = tail === undefined ? before : [...before, ...zeros, ...after]
  return groups
    .slice(0, NETWORK_GROUPS)
    .map((g) => Number.parseInt(g, 16).toString(16))
    .join(':')
}
