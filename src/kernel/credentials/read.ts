import type { FastifyRequest } from 'fastify'
import type { Config } from '#kernel/config/index.ts'
import { forbidden, unauthorized } from '#kernel/errors.ts'
import { API_KEY_HEADER, API_KEY_PREFIX, cookieNames, INTERNAL_HEADER } from './names.ts'

/** `token` is a JWT, of ours or of the configured outside issuer; a cookie carries only one of ours. */
export type Credential = { readonly kind: 'token' | 'cookie' | 'apiKey'; readonly text: string }

type Headers = Readonly<Record<string, unknown>>

/**
 * What a request shows of who it is, by header: never by its address, which ends up in logs and histories.
 * Throws 401 for an `Authorization` that is none of ours.
 */
export function headerCredential(headers: Headers): Credential | undefined {
  const { authorization } = headers
  if (typeof authorization === 'string') {
    const [scheme, text] = authorization.split(' ')
    if (scheme?.toLowerCase() === 'bearer' && text) return bearer(text)
    throw unauthorized('token_invalid', 'The Authorization header must be "Bearer <access token or API key>".')
  }
  const key = headers[API_KEY_HEADER]
  return typeof key === 'string' ? { kind: 'apiKey', text: key } : undefined
}

/** What stands behind `Bearer`. */
export const bearer = (text: string): Credential => ({
  kind: text.startsWith(API_KEY_PREFIX) ? 'apiKey' : 'token',
  text,
})

/** Over TLS a cookie without the prefix may have been set by a neighbour under the same domain: it says nothing. */
export function cookieCredential(
  cookies: Readonly<Record<string, string | undefined>>,
  isSecure: boolean,
): Credential | undefined {
  const text = cookies[cookieNames(isSecure).access]
  return text ? { kind: 'cookie', text } : undefined
}

const isHttps = (url: string | undefined): boolean => url?.startsWith('https:') ?? false

/** Whether people reach us by TLS, as far as this request and the configuration know. */
export function isSecure(request: FastifyRequest, config: Pick<Config, 'publicUrl'>): boolean {
  if (isHttps(config.publicUrl)) return true
  // A gateway of ours says how it was asked.
  if (request.headers[INTERNAL_HEADER] !== undefined) return request.headers['x-forwarded-proto'] === 'https'
  return request.protocol === 'https'
}

/** Origins whose pages may act with a cookie, besides the address itself: configured ones, and what people call this server. */
export const trustedOrigins = (config: Pick<Config, 'corsOrigins' | 'publicUrl'>): readonly string[] =>
  config.publicUrl ? [...config.corsOrigins, new URL(config.publicUrl).origin] : config.corsOrigins

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * A cookie is sent by any page's request; only our own pages may change things with it. Where people come by TLS, a page
 * of the same host without it is no page of ours: anybody on the way could have written it.
 */
export function requireSameOrigin(request: FastifyRequest, allowed: readonly string[]): void {
  if (SAFE.has(request.method)) return
  const origin = request.headers.origin
  const byTls = `https://${request.host}`
  const own = allowed.includes(byTls) ? byTls : `${request.protocol}://${request.host}`
  const site = request.headers['sec-fetch-site']
  if (origin === undefined ? site === 'same-origin' || site === 'none' : origin === own || allowed.includes(origin))
    return
  throw forbidden('A request signed in by cookie must come from the web app itself (Origin).', 'wrong_origin')
}

/** The refresh token of the web app, when the request comes from one of our pages. */
export function refreshCookieOf(
  request: FastifyRequest,
  config: Pick<Config, 'publicUrl' | 'corsOrigins'>,
): string | undefined {
  const token = request.cookies[cookieNames(isSecure(request, config)).refresh]
  // A gateway of ours has checked the origin before it passed the request on.
  if (token && !request.headers[INTERNAL_HEADER]) requireSameOrigin(request, trustedOrigins(config))
  return token
}
