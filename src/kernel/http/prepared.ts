import type { FastifyReply } from 'fastify'

/** JSON of answers that are handed out again and again. Dropped with the answer itself. */
const texts = new WeakMap<object, Buffer>()

/**
 * The answer as it goes out. One that is frozen (it came from the cache) cannot change any more, so its JSON is made
 * once: for a page of songs that costs as much as everything else of the request together.
 */
export function prepared(output: unknown, reply: FastifyReply): unknown {
  if (typeof output !== 'object' || output === null || !Object.isFrozen(output)) return output
  // Without a schema of the answer there is nothing that leaves out what must not be shown.
  const serialize = reply.getSerializationFunction(String(reply.statusCode))
  if (!serialize) return output
  const text = texts.get(output) ?? Buffer.from(serialize(output as Record<string, unknown>))
  texts.set(output, text)
  reply.header('content-type', 'application/json; charset=utf-8')
  return text
}
