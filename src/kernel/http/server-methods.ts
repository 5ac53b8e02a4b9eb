import type { FastifyInstance } from 'fastify'
import { AppError } from '#kernel/errors.ts'
import { pathOf } from './problem.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** 405 with the methods that would work, when the address is one of the API; else undefined. */
    wrongMethod(request: { method: string; url: string }): { error: AppError; allow: string } | undefined
    /** Adds headers to the answer to OPTIONS at the address of a route. */
    announce(route: string, headers: Readonly<Record<string, string>>): void
  }
}

/** Methods by the pattern of their address. */
type Known = Map<string, { methods: Set<string>; pattern: RegExp }>

/** Remembers which methods an address takes, for the answer to one that it does not. Call it before routes are added. */
export function watchMethods(app: FastifyInstance): void {
  const known: Known = new Map()
  app.addHook('onRoute', ({ url, method }) => {
    if (!url.startsWith('/api/')) return
    const found = known.get(url) ?? { methods: new Set<string>(), pattern: patternOf(url) }
    for (const one of [method].flat()) found.methods.add(one)
    known.set(url, found)
  })
  app.decorate('wrongMethod', ({ method, url }) => {
    const path = pathOf({ url })
    const allowed = [...known.values()].filter((k) => k.pattern.test(path)).flatMap((k) => [...k.methods])
    if (allowed.length === 0 || allowed.includes(method)) return undefined
    const allow = [...new Set(allowed)].toSorted().join(', ')
    return { error: new AppError(405, 'method_not_allowed', `${path} does not take ${method}, only ${allow}.`), allow }
  })
}

/** What is said to who asks by OPTIONS; call it before routes are added. */
export function watchOptions(app: FastifyInstance): void {
  const known: { pattern: RegExp; headers: Readonly<Record<string, string>> }[] = []
  app.decorate('announce', (route, headers) => void known.push({ pattern: patternOf(route), headers }))
  app.addHook('onSend', async (request, reply) => {
    if (request.method !== 'OPTIONS') return
    const path = pathOf(request)
    for (const { pattern, headers } of known) if (pattern.test(path)) reply.headers({ ...headers })
  })
}

/** `/songs/:id/cover` and `/files/*`; a slash at the end is forgiven, as the router does. */
function patternOf(url: string): RegExp {
  const literal = url.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${literal.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}/?$`)
}
