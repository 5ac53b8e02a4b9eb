import type { FastifyRequest } from 'fastify'
import { AppError } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'

/** Refusals that an operator may want to see: nobody we know, not allowed, too often, another host. */
const TOLD = new Set([401, 403, 421, 429])
/** Lines a second; a flood is told by its number, so that it cannot fill the disk. */
const LINES_MAX = 20
const SECOND_MS = 1000

/** Whether one more line may be written now; then with the number of those that could not be since the last one. */
function createBudget(now: () => number): () => { unwritten?: number } | undefined {
  let second = 0
  let lines = 0
  let unwritten = 0
  return () => {
    const current = Math.floor(now() / SECOND_MS)
    if (current !== second) [second, lines] = [current, 0]
    if (lines >= LINES_MAX) return void (unwritten += 1)
    lines += 1
    const told = unwritten > 0 ? { unwritten } : {}
    unwritten = 0
    return told
  }
}

/**
 * Writes one line for each refused request: what was asked (the pattern of the route, never the address with what may
 * stand in it), by whom (address), and why. What is beyond the bound is counted and told with the next line.
 */
export function createRefusals(log: Log, now: () => number = Date.now) {
  const budget = createBudget(now)
  return (error: AppError, request: FastifyRequest): void => {
    const told = TOLD.has(error.status) ? budget() : undefined
    if (!told) return
    const { method, id: requestId, ip: address } = request
    const { status, code } = error
    log.info(
      { status, code, method, route: request.routeOptions?.url, address, requestId, ...told },
      'a request was refused',
    )
  }
}
export type Refusals = ReturnType<typeof createRefusals>

/**
 * The same for requests that failed by no fault of who asked. What we have foreseen (a service is away) says itself what
 * is wrong; of all else the stack is needed.
 */
export function createFailures(log: Log, now: () => number = Date.now) {
  const budget = createBudget(now)
  return (thrown: unknown, request: Pick<FastifyRequest, 'id' | 'routeOptions'>): void => {
    const told = budget()
    if (!told) return
    const asked = { requestId: request.id, route: request.routeOptions?.url, ...told }
    if (thrown instanceof AppError) log.warn({ ...asked, code: thrown.code }, thrown.message)
    else log.error({ ...asked, err: thrown }, 'a request failed')
  }
}
export type Failures = ReturnType<typeof createFailures>
