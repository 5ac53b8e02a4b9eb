import { isIPv6 } from 'node:net'
import type { FastifyReply } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import type { RateGroup } from '#kernel/contract.ts'
import { tooMany } from '#kernel/errors.ts'

const WINDOW_MS = 60_000
/** Windows kept at once: persons and addresses of one minute. */
const KEYS_MAX = 50_000

type Window = { startedAt: number; count: number }
/** Counts one request of `who` (a user id or an address). Throws 429 with `Retry-After` above the group's limit. */
export type Limits = { take(rate: RateGroup, who: string, reply: FastifyReply): void }

/** Requests a minute of one person or address, by group of operations; generous where syncing clients page. */
const limitsOf = (config: Config): Record<RateGroup, number> => ({
  default: config.rateLimitPerMin,
  media: config.rateLimitPerMin * 2,
  search: Math.ceil(config.rateLimitPerMin / 2),
  heavy: Math.ceil(config.rateLimitPerMin / 60),
  auth: config.rateLimitAuthPerMin,
})

/** A fixed window per (group, who). Answers carry `RateLimit-Limit`, `-Remaining` and `-Reset` (seconds). */
export function createLimits(config: Config, now: () => number = Date.now, keysMax = KEYS_MAX): Limits {
  const limits = limitsOf(config)
  const windows = new Map<string, Window>()
  return {
    take(rate, who, reply) {
      const at = now()
      const w = windowOf(windows, `${rate}:${who}`, at, keysMax)
      w.count += 1
      const resetSec = Math.ceil((w.startedAt + WINDOW_MS - at) / 1000)
      reply
        .header('ratelimit-limit', limits[rate])
        .header('ratelimit-remaining', Math.max(0, limits[rate] - w.count))
        .header('ratelimit-reset', resetSec)
      if (w.count > limits[rate]) throw tooMany('Too many requests: wait as long as Retry-After says.', resetSec)
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

function windowOf(windows: Map<string, Window>, key: string, now: number, keysMax: number): Window {
  const found = windows.get(key)
  if (found && now - found.startedAt < WINDOW_MS) return found
  if (windows.size >= keysMax) for (const [k, w] of windows) if (now - w.startedAt >= WINDOW_MS) windows.delete(k)
  // Still full: an attacker with many addresses; the oldest windows give way.
  if (windows.size >= keysMax) windows.delete(windows.keys().next().value as string)
  const fresh = { startedAt: now, count: 0 }
  windows.delete(key)
  windows.set(key, fresh)
  return fresh
}
