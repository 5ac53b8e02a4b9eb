import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { AppError } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import { sendProblem } from './problem.ts'

const ASSET_AGE_SEC = 365 * 86_400
/** Pages of the web app are its own addresses; these belong to the server. */
const SERVER_PATHS = /^\/(api|rest|health|metrics|docs|openapi\.json|asyncapi\.json|socket\.io|internal)(\/|$|\?)/

/** `/openapi.json` and the pages at `/docs`. */
export async function addDocs(app: FastifyInstance, document: () => Record<string, unknown>): Promise<void> {
  app.get('/openapi.json', async () => document())
  app.decorate('swagger', document as never)
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: { docExpansion: 'list', deepLinking: true },
    theme: { title: 'Tutti API' },
  })
}

/** The built web app, when there is one: hashed assets for ever, and its page for every address that is not the server's. */
export async function addWebApp(app: FastifyInstance, dir: string, log: Log): Promise<void> {
  const index = join(dir, 'index.html')
  const built = existsSync(index)
  if (built) {
    await app.register(fastifyStatic, {
      root: dir,
      wildcard: false,
      cacheControl: false,
      setHeaders: (reply, path) => {
        reply.header(
          'cache-control',
          path.includes(`${join(dir, 'assets')}`) ? `public, max-age=${ASSET_AGE_SEC}, immutable` : 'no-cache',
        )
      },
    })
  }
  app.setNotFoundHandler((request, reply) => {
    const page =
      request.method === 'GET' &&
      !SERVER_PATHS.test(request.url) &&
      (request.headers.accept ?? '').includes('text/html')
    if (page && built) return reply.header('cache-control', 'no-cache').sendFile('index.html', dir)
    const detail = page
      ? 'The web app is not built here: start with `npm start`.'
      : `There is nothing at ${request.method} ${request.url.split('?')[0]}; /docs lists what is.`
    return sendProblem(new AppError(404, 'no_such_route', detail), request, reply, log)
  })
}
