import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import { AppError } from '#kernel/errors.ts'

const LOOPBACK_NAMES = /^(localhost|.+\.localhost)$/
const bare = (hostname: string) => hostname.replace(/^\[|\]$/g, '').toLowerCase()

/** The names under which a server that listens on loopback only may be asked; undefined where any name may be right. */
export function allowedHost(
  config: Pick<Config, 'host' | 'publicUrl' | 'corsOrigins'>,
): ((name: string) => boolean) | undefined {
  const listensOn = bare(config.host)
  if (!(listensOn === '::1' || listensOn.startsWith('127.') || LOOPBACK_NAMES.test(listensOn))) return undefined
  const known = new Set(config.publicUrl ? [bare(new URL(config.publicUrl).hostname)] : [])
  return (name) => isIP(bare(name)) !== 0 || LOOPBACK_NAMES.test(bare(name)) || known.has(bare(name))
}

/**
 * Against DNS rebinding: a foreign page whose name suddenly means 127.0.0.1 would count as our own origin. Such a
 * request names a host that is not ours and is refused before anything else.
 */
export function addHostCheck(app: FastifyInstance, config: Config): void {
  const isAllowed = allowedHost(config)
  if (!isAllowed) return
  app.addHook('onRequest', async (request) => {
    if (isAllowed(request.hostname)) return
    throw new AppError(
      421,
      'wrong_host',
      'This server listens for this machine only: ask it as localhost, or set PUBLIC_URL to the name you use.',
    )
  })
}
