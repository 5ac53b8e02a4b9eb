import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { AppError } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import { DOCS_SECURITY } from './content-security.ts'
import { addErrorPage } from './error-page.ts'
import { pathOf, sendProblem } from './problem.ts'

const ASSET_AGE_SEC = 365 * 86_400
/** Pages of the web app are its own addresses; these belong to the server. */
const SERVER_PATHS =
  /^\/(api|rest|health|metrics|docs|openapi\.json|asyncapi\.json|socket\.io|internal|\.well-known)(\/|$|\?)/

/** Names of the files beside the page of the web app: its icons and manifest. */
const TOP_FILE = /^[\w-]+\.[\w.-]+$/

/** `/openapi.json` and, at `/docs`, Swagger UI over it: its own files, a page of ours that passes the strict CSP. */
export async function addDocs(app: FastifyInstance, document: () => Record<string, unknown>): Promise<void> {
  addErrorPage(app)
  let made: string | undefined
  app.get('/openapi.json', async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send((made ??= JSON.stringify(document()))),
  )
  const root = join(dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json')), 'static')
  await app.register(fastifyStatic, {
    root,
    prefix: '/docs/',
    decorateReply: false,
    index: false,
    allowedPath: (path) => DOC_FILES.has(path.slice(1)),
  })
  app.get('/docs', DOCS_SECURITY, async (_request, reply) => reply.type('text/html').send(DOC_PAGE))
  app.get('/docs/start.js', async (_request, reply) => reply.type('text/javascript').send(DOC_START))
}
const DOC_FILES = new Set(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'])
const DOC_START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs', deepLinking: true, persistAuthorization: true })`
const DOC_PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Tutti API</title><link rel="icon" href="/docs/favicon-32x32.png"><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="docs"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>
</html>
`

/**
 * The built web app: hashed assets for ever, and its page for every address that is not the server's. Files are looked
 * up as they are asked for, so that a build under a running server is served at once.
 */
export async function addWebApp(app: FastifyInstance, dir: string, log: Log): Promise<void> {
  const assets = join(dir, 'assets')
  await app.register(fastifyStatic, {
    root: assets,
    prefix: '/assets/',
    index: false,
    dotfiles: 'ignore',
    cacheControl: false,
    setHeaders: (reply, path) => {
      const isAsset = path.startsWith(assets + sep)
      reply.header('cache-control', isAsset ? `public, max-age=${ASSET_AGE_SEC}, immutable` : 'no-cache')
    },
  })
  const sendTop = (reply: FastifyReply, name: string) => reply.sendFile(name, dir, { cacheControl: false })
  app.get('/', (_request, reply) => sendTop(reply, 'index.html'))
  app.get<{ Params: { file: string } }>('/:file', (request, reply) =>
    TOP_FILE.test(request.params.file) ? sendTop(reply, request.params.file) : reply.callNotFound(),
  )
  app.setNotFoundHandler(async (request, reply) => {
    const page =
      request.method === 'GET' &&
      !SERVER_PATHS.test(request.url) &&
      (request.headers.accept ?? '').includes('text/html')
    if (page && existsSync(join(dir, 'index.html'))) return sendTop(reply, 'index.html')
    const detail = page
      ? 'The web app is not built here: start with `npm start`.'
      : `There is nothing at ${request.method} ${pathOf(request)}; /docs lists what is.`
    const wrong = app.wrongMethod(request)
    if (wrong) return sendProblem(wrong.error, request, reply.header('allow', wrong.allow), log)
    return sendProblem(new AppError(404, 'no_such_route', detail), request, reply, log)
  })
}
