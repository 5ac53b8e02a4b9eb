import helmet from '@fastify/helmet'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import { contentSecurity } from './content-security.ts'

const HSTS_AGE_SEC = 365 * 86_400
/** What our pages may ask of a browser: what visuals, mood and music need; nothing may be asked for by a page within. */
const PERMISSIONS = [
  'accelerometer=()',
  'autoplay=(self)',
  'browsing-topics=()',
  'camera=(self)',
  'display-capture=()',
  'fullscreen=(self)',
  'geolocation=()',
  'gyroscope=()',
  'hid=()',
  'idle-detection=()',
  'local-fonts=()',
  'magnetometer=()',
  'microphone=(self)',
  'midi=(self)',
  'payment=()',
  'publickey-credentials-get=(self)',
  'screen-wake-lock=(self)',
  'serial=()',
  'usb=()',
  'xr-spatial-tracking=()',
].join(', ')

/** Answers that are nobody else's business, not even of the disk of the one who asked: tokens, accounts, administration. */
const SECRET = /^\/api(\/v1)?\/(auth|admin|blocks|users\/(me|profile))(\/|$)/
const OF_API = /^\/(api|internal|rest)\//

/** Headers that every answer carries. An operation may say otherwise of caching, but not where the answer is secret. */
export async function addSecurityHeaders(app: FastifyInstance, config: Config): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: contentSecurity(["'self'"]),
    crossOriginEmbedderPolicy: false,
    crossOriginResourcePolicy: { policy: config.corsOrigins.length > 0 ? 'cross-origin' : 'same-origin' },
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  })
  const isTls = (request: FastifyRequest) =>
    request.protocol === 'https' || (config.publicUrl?.startsWith('https:') ?? false)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).header('permissions-policy', PERMISSIONS)
    if (isTls(request)) reply.header('strict-transport-security', `max-age=${HSTS_AGE_SEC}`)
    const kept = cacheControlOf(request.routeOptions.url)
    if (kept) reply.header('cache-control', kept)
  })
  app.addHook('onSend', async (request, reply) => {
    if (isSecret(request.routeOptions.url)) reply.header('cache-control', 'no-store')
  })
}

/** Whether answers at this address are kept by nobody. */
export const isSecret = (route: string | undefined): boolean => route !== undefined && SECRET.test(route)

/** What holds where the operation says nothing: proxies between keep nothing, the browser asks again. */
const cacheControlOf = (route: string | undefined): string | undefined =>
  isSecret(route) ? 'no-store' : route !== undefined && OF_API.test(route) ? 'private, no-cache' : undefined
