import type { Socket } from 'socket.io'
import type { Config } from '#kernel/config/index.ts'
import { bearer, type Credential, cookieCredential, headerCredential } from '#kernel/credentials/read.ts'
import { unauthorized } from '#kernel/errors.ts'
import { trustedOrigins } from '#kernel/identify.ts'

type Pages = Pick<Config, 'publicUrl' | 'corsOrigins'>

/**
 * What a socket shows of who it is: `auth.token` of the handshake (access token or API key), a header, or the cookie of
 * the web app. Never the query: addresses end up in logs.
 */
export function handshakeCredential(socket: Socket, config: Pages): Credential {
  const { auth, headers } = socket.handshake
  const given: unknown = auth.token
  if (typeof given === 'string' && given !== '') return bearer(given.replace(/^Bearer /i, ''))
  const shown = headerCredential(headers) ?? cookieOf(socket, config)
  if (!shown) throw unauthorized()
  return shown
}

function cookieOf(socket: Socket, config: Pages): Credential | undefined {
  const cookies = cookiesOf(socket.handshake.headers.cookie)
  const isShown = [true, false].some((secure) => cookieCredential(cookies, secure))
  if (isShown && !isOfOurPages(socket, config))
    throw unauthorized('wrong_origin', 'A socket signed in by cookie must come from the web app itself.')
  return cookieCredential(cookies, isSecure(socket, config))
}

const cookiesOf = (header = ''): Record<string, string> =>
  Object.fromEntries(header.split(/;\s*/).map((c) => [c.slice(0, c.indexOf('=')), c.slice(c.indexOf('=') + 1)]))

/** A page over TLS opens sockets over TLS; a cookie counts only with the page's origin, so that says it. */
const isSecure = ({ handshake }: Socket, { publicUrl }: Pages): boolean =>
  handshake.secure || [publicUrl, handshake.headers.origin].some((url) => url?.startsWith('https:'))

function isOfOurPages(socket: Socket, config: Pages): boolean {
  const { origin, host } = socket.handshake.headers
  if (!origin) return false
  const allowed = trustedOrigins(config)
  if (allowed.includes(origin) || allowed.includes(`https://${host}`)) return allowed.includes(origin)
  return URL.canParse(origin) && new URL(origin).host === host
}
