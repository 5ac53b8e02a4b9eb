import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '#kernel/caller.ts'
import { type PublicOperation, type RawOperation, type RateGroup, scopesOf } from '#kernel/contract.ts'
import { countedAs } from '#kernel/counters/address.ts'
import { type Identify, INTERNAL_HEADER } from '#kernel/identify.ts'
import { requireRole, requireScope, requireSession } from '#kernel/policy.ts'
import type { Limits } from './limits.ts'
import { createUnderWay } from './under-way.ts'

type Guarded = Pick<
  PublicOperation | RawOperation,
  'kind' | 'auth' | 'method' | 'rate' | 'tolerant' | 'credential' | 'scope'
>

/** The first gate of every public route, passed before the body is read: who asks, how often, whether they may at all. */
export type Gate = {
  /** A hook `onRequest` for the routes of an operation. Throws 401, 403 or 429. */
  guard(o: Guarded): (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  /** Who passed. */
  callerOf(request: FastifyRequest): Caller
}

export function createGate(identify: Identify, limits: Limits): Gate {
  const callers = new WeakMap<FastifyRequest, Caller>()
  const underWay = createUnderWay()
  identify.onEnded(underWay.cut)
  return {
    guard: (o) => async (request, reply) => {
      const { rate = 'default', tolerant } = o
      const who = await identified(identify, limits, { request, reply, rate, tolerant })
      callers.set(request, who)
      admit(who, o)
      // Bytes may flow for long after they were asked for: streams, downloads.
      if (o.kind === 'raw') underWay.add(who, reply.raw)
    },
    callerOf(request) {
      const who = callers.get(request)
      if (!who) throw new Error('a route without a gate')
      return who
    },
  }
}

type Asked = { request: FastifyRequest; reply: FastifyReply; rate: RateGroup; tolerant: boolean | undefined }

/**
 * Persons are counted as themselves, everybody else by address; sign-in always by address. Whose credential is refused
 * is counted by address too: made-up tokens buy no fresh windows. What a gateway of ours passes on it has counted.
 */
async function identified(identify: Identify, limits: Limits, { request, reply, rate, tolerant }: Asked) {
  const address = countedAs(request.ip)
  const who = await identify.request(request, { tolerant }).catch(async (thrown: unknown): Promise<never> => {
    await limits.take(rate, address, reply)
    throw thrown
  })
  if (request.headers[INTERNAL_HEADER] === undefined)
    await limits.take(rate, rate === 'auth' ? address : (who.userId ?? address), reply)
  return who
}

/** Who may call the operation at all: by role first, then by what kind of credential was shown. */
export function admit(who: Caller, o: Pick<Guarded, 'auth' | 'method' | 'credential' | 'scope'>): void {
  if (o.auth !== 'anyone') requireRole(who, o.auth)
  if (o.credential === 'session') requireSession(who)
  for (const scope of scopesOf(o)) requireScope(who, scope)
}
