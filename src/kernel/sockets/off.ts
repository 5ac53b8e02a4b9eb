import type { FastifyInstance } from 'fastify'
import { unavailable } from '#kernel/errors.ts'

const refuse = async (): Promise<never> => {
  throw unavailable('feature_disabled', 'Sockets are switched off on this server (ENABLE_REAL_TIME).')
}

/** Where sockets are switched off, their address says so instead of being unknown. */
export function addNoSockets(app: FastifyInstance): void {
  app.all('/socket.io', refuse)
  app.all('/socket.io/*', refuse)
}
