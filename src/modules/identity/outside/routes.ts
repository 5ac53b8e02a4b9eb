import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '#kernel/caller.ts'
import type { RawHandlers } from '#kernel/contract.ts'
import { AppError } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import type { Tables } from '#modules/identity/tables.ts'
import { frontPage, redirectUriOf, returnPath, sameMachineElsewhere } from './addresses.ts'
import { become, linkTo, type Proven } from './become.ts'
import { bind, bindingOf } from './binding.ts'
import { issueCode } from './codes.ts'
import type { links } from './contract.ts'
import { beginFlow, finishFlow, type Flow, FLOW_LIFE_SEC, takeFlow } from './flows.ts'
import type { Provider } from './provider.ts'
import type { Providers } from './providers.ts'
import { flowInvalid } from './refusals.ts'
import { hashOf } from '#modules/identity/secrets.ts'

type Context = Ctx<Tables>
type Http = { request: FastifyRequest; reply: FastifyReply }

export function createSignInRoutes(ctx: Context, providers: Providers): RawHandlers<typeof links> {
  return {
    oidcLogin: async (_who, input, request, reply) =>
      login(ctx, providers.oidc(input.provider), input, { request, reply }),
    spotifyLogin: async (_who, input, request, reply) => login(ctx, providers.spotify(), input, { request, reply }),
    oidcCallback: async (who, input, request, reply) =>
      callback(ctx, providers.oidc(input.provider), who, { request, reply }),
    spotifyCallback: async (who, _input, request, reply) => callback(ctx, providers.spotify(), who, { request, reply }),
  }
}

const wantsJson = (request: FastifyRequest): boolean => /\bapplication\/json\b/.test(request.headers.accept ?? '')

/** Somebody looks at what comes: they are better told by a page of ours than by a problem in JSON. */
const isPerson = (request: FastifyRequest): boolean => /\btext\/html\b/.test(request.headers.accept ?? '')

type Asked = { returnTo?: string; codeChallenge?: string }

async function login(ctx: Context, provider: Provider, asked: Asked, { request, reply }: Http): Promise<FastifyReply> {
  reply.header('cache-control', 'no-store')
  const returnTo = returnPath(asked.returnTo)
  const here = { host: request.host, path: request.url }
  const elsewhere = sameMachineElsewhere(redirectUriOf(provider, ctx.origin()), here)
  if (elsewhere && !wantsJson(request)) return reply.redirect(elsewhere)
  const binding = bind(ctx.config, { request, reply, maxAgeSec: FLOW_LIFE_SEC })
  try {
    const authUrl = await beginFlow(ctx, provider, { returnTo, binding, codeChallenge: asked.codeChallenge })
    return wantsJson(request) ? reply.send({ authUrl }) : reply.redirect(authUrl)
  } catch (thrown) {
    if (!(thrown instanceof AppError) || !isPerson(request)) throw thrown
    return reply.redirect(frontPage(ctx.config, { error: thrown.code, returnTo }))
  }
}

/** Ends at the front end's page whatever happens: a person is looking at it. */
async function callback(
  ctx: Context,
  provider: Provider,
  who: Caller,
  { request, reply }: Http,
): Promise<FastifyReply> {
  reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer')
  const query = request.url.split('?')[1] ?? ''
  const state = new URLSearchParams(query).get('state') ?? undefined
  const flow = await takeFlow(ctx, provider, state)
  const toFront = (told: Record<string, string>) =>
    reply.redirect(frontPage(ctx.config, { ...told, returnTo: flow?.return_to }, flow?.front ?? ''))
  try {
    if (!flow || state === undefined) throw flowInvalid()
    const found = await finishFlow(ctx, provider, { flow, state, query })
    const told = await arrive(ctx, flow, {
      proven: { provider: provider.key, found, who },
      binding: bindingOf(ctx.config, request),
    })
    return toFront(told)
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return toFront({ error: thrown.code })
  }
}

type Arrival = { proven: Proven; binding: string | undefined }

/** What the front end is told of somebody who has proven who they are: a code, or that the link is made. */
async function arrive(ctx: Context, flow: Flow, o: Arrival): Promise<Record<string, string>> {
  if (flow.user_id !== null) return arriveToLink(ctx, flow.user_id, o.proven)
  const user = await ctx.write((tx) => become(ctx, tx, o.proven))
  const isBound = o.binding !== undefined && flow.binding_hash?.equals(hashOf(o.binding)) === true
  const code = await issueCode(ctx, {
    userId: user.id,
    method: o.proven.provider,
    bindingHash: isBound ? flow.binding_hash : null,
    codeChallenge: flow.code_challenge,
  })
  return { code }
}

/**
 * Links at once in the browser of the very account that began it. In any other the account has to ask for it: else one
 * could send somebody the address of a link that one began, and become known by their identity.
 */
async function arriveToLink(ctx: Context, userId: string, proven: Proven): Promise<Record<string, string>> {
  if (proven.who.userId === userId && proven.who.sessionId !== undefined) {
    await ctx.write((tx) => linkTo(ctx, tx, proven, userId))
    return { linked: proven.provider.replace(/^oidc:/, '') }
  }
  const asked = { userId, method: proven.provider, link: proven.found, bindingHash: null, codeChallenge: null }
  return { linkCode: await issueCode(ctx, asked) }
}
