import type { FastifyInstance } from 'fastify'
import type { Keys } from '#kernel/keys.ts'

/** Shorter than the time a key is published before it signs. */
const CACHED_SEC = 300

/** `/.well-known/jwks.json`: the public halves with which others verify the tokens of this installation. */
export function addJwks(app: FastifyInstance, keys: Keys): void {
  app.get('/.well-known/jwks.json', async (_request, reply) =>
    reply
      .header('cache-control', `public, max-age=${CACHED_SEC}`)
      .type('application/jwk-set+json')
      .send(JSON.stringify(await keys.jwks())),
  )
}
