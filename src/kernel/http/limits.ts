import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import type { RateGroup } from '#kernel/contract.ts'
import { tooMany } from '#kernel/errors.ts'
import { credentialOf } from '#kernel/identify.ts'

const WINDOW_MS = 60_000
const KEYS_MAX = 50_000

type Window = { startedAt: number; count: number }

/** Requests a minute of one person or address, by group of operations; generous where syncing clients page. */
const limitsOf = (config: Config): Record<RateGroup, number> => ({
  default: config.rateLimitPerMin,
  media: config.rateLimitPerMin * 2,
  search: Math.ceil(config.rateLimitPerMin / 2),
  heavy: Math.ceil(config.rateLimitPerMin / 60),
  auth: config.rateLimitAuthPerMin,
})

/**
 * A fixed window per (group, who). Who is the credential where there is one, else the address; sign-in counts by
 * address always. Answers carry `RateLimit-Limit`, `-Remaining` and `-Reset`.
 */
export function addLimits(app: FastifyInstance, config: Config): void {
  const limits = limitsOf(config)
  const windows = new Map<string, Window>()
  app.addHook('onRequest', async (request, reply) => {
    const { rate } = request.routeOptions.config as { rate?: RateGroup }
    if (!rate) return
    const now = Date.now()
    const w = windowOf(windows, `${rate}:${whoOf(request, rate)}`, now)
    w.count += 1
    const resetSec = Math.ceil((w.startedAt + WINDOW_MS - now) / 1000)
    reply
      .header('ratelimit-limit', limits[rate])
      .header('ratelimit-remaining', Math.max(0, limits[rate] - w.count))
      .header('ratelimit-reset', resetSec)
    if (w.count > limits[rate]) throw tooMany('Too many requests: wait as long as Retry-After says.', resetSec)
  })
}

function windowOf(windows: Map<string, Window>, key: string, now: number): Window {
  const found = windows.get(key)
  if (found && now - found.startedAt < WINDOW_MS) return found
  if (windows.size >= KEYS_MAX) for (const [k, w] of windows) if (now - w.startedAt >= WINDOW_MS) windows.delete(k)
  // Still full: an attacker with many addresses; the oldest windows give way.
  if (windows.size >= KEYS_MAX) windows.delete(windows.keys().next().value as string)
  const fresh = { startedAt: now, count: 0 }
  windows.delete(key)
  windows.set(key, fresh)
  return fresh
}

function whoOf(request: FastifyRequest, rate: RateGroup): string {
  if (rate === 'auth') return request.ip
  const token = safely(() => credentialOf(request)?.token)
  return token ? createHash('sha256').update(token).digest('base64url') : request.ip
}
const safely = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}
