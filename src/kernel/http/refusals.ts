import type { FastifyRequest } from 'fastify'
import type { AppError } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'

/** Refusals that an operator may want to see: nobody we know, not allowed, too often, another host. */
const TOLD = new Set([401, 403, 421, 429])
/** Lines a second; a flood is told by its number, so that it cannot fill the disk. */
const LINES_MAX = 20
const SECOND_MS = 1000

/**
 * Writes one line for each refused request: what was asked (the pattern of the route, never the address with what may
 * stand in it), by whom (address), and why. What is beyond the bound is counted and told with the next line.
 */
export function createRefusals(log: Log, now: () => number = Date.now) {
  let second = 0
  let lines = 0
  let unwritten = 0
  return (error: AppError, request: FastifyRequest): void => {
    if (!TOLD.has(error.status)) return
    const current = Math.floor(now() / SECOND_MS)
    if (current !== second) [second, lines] = [current, 0]
    if (lines >= LINES_MAX) return void (unwritten += 1)
    lines += 1
    const { method, id: requestId, ip: address } = request
    const line = {
      status: error.status,
      code: error.code,
      method,
      route: request.routeOptions?.url,
      address,
      requestId,
    }
    log.info(unwritten > 0 ? { ...line, unwritten } : line, 'a request was refused')
    unwritten = 0
  }
}
export type Refusals = ReturnType<typeof createRefusals>
