import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '#kernel/caller.ts'
import type { RawHandlers } from '#kernel/contract.ts'
import type { streaming } from '../schema.ts'
import type { Links } from './service.ts'

type Handlers = RawHandlers<typeof streaming>
type Input = { readonly id: string; readonly link?: string }
type Handler = (who: Caller, input: Input, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/**
 * The same handlers, for whom the link of the address stands for where there is one. The address decides: whoever else
 * may be signed in beside it does not count. Only operations whose input has a `link` can be asked so.
 */
export function withLinks(handlers: Handlers, links: Links): Handlers {
  const admit = async (who: Caller, { id, link }: Input) => (link ? links.callerOf(who, id, link) : who)
  const linked =
    (handle: Handler): Handler =>
    async (who, input, request, reply) => {
      const asker = await admit(who, input)
      if (asker !== who) links.watch(asker, reply.raw)
      return handle(asker, input, request, reply)
    }
  const all = Object.entries(handlers).map(([name, handle]) => [name, linked(handle as Handler)])
  return Object.fromEntries(all) as Handlers
}
