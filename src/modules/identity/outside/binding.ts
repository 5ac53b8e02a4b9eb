import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import { isSecure } from '#kernel/identify.ts'
import { FLOW_COOKIE } from './contract.ts'

const BINDING_BYTES = 32
const BINDING = /^[A-Za-z0-9_-]{43}$/

const nameOf = (secure: boolean): string => (secure ? `__Host-${FLOW_COOKIE}` : FLOW_COOKIE)

/** By which a browser that comes back is known again; undefined for one that did not begin here. */
export function bindingOf(config: Config, request: FastifyRequest): string | undefined {
  const value = request.cookies[nameOf(isSecure(request, config))]
  return value !== undefined && BINDING.test(value) ? value : undefined
}

/** Gives the browser a binding for as long as a sign-in may take; one that has begun another keeps its own, for both. */
export function bind(config: Config, o: { request: FastifyRequest; reply: FastifyReply; maxAgeSec: number }): string {
  const secure = isSecure(o.request, config)
  const binding = bindingOf(config, o.request) ?? randomBytes(BINDING_BYTES).toString('base64url')
  o.reply.setCookie(nameOf(secure), binding, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure,
    maxAge: o.maxAgeSec,
  })
  return binding
}
