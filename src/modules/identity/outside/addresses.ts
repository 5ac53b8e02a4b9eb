import type { Config } from '#kernel/config/index.ts'
import { badRequest } from '#kernel/errors.ts'
import type { Provider } from './provider.ts'

const BASE_PATH = '/api/v1'
const LOOPBACK_NAMES = /^(localhost|127(\.\d+){3}|\[::1\])$/
const SIGNED_IN_PATH = '/signed-in'

/**
 * Where a provider sends the browser back: below `origin`, which comes from the configuration and never from a request.
 * Spotify refuses `localhost`, so it is spelled as the address that it means.
 */
export function redirectUriOf(provider: Provider, origin: string): string {
  const address = new URL(provider.redirectUri ?? `${origin.replace(/\/$/, '')}${BASE_PATH}${provider.path}/callback`)
  if (provider.key === 'spotify' && address.hostname === 'localhost') address.hostname = '127.0.0.1'
  return address.href
}

/** The origin, if it is this server by another name of this machine. Any other host in a request may be anybody's. */
export function sameMachine(asked: string, own: string): string | undefined {
  const [here, there] = [asked, own].map((o) => (URL.canParse(o) ? new URL(o) : undefined))
  const isOneMachine = [here, there].every((o) => o?.protocol === 'http:' && LOOPBACK_NAMES.test(o.hostname))
  return isOneMachine && here?.port === there?.port ? here?.origin : undefined
}

/**
 * Cookies belong to a host: who opened this server as `localhost` and will come back to `127.0.0.1` must begin there,
 * else the browser that returns is not known to be the one that left.
 */
export function sameMachineElsewhere(redirectUri: string, asked: { host: string; path: string }): string | undefined {
  const { origin, host } = new URL(redirectUri)
  const isElsewhere = host !== asked.host && sameMachine(`http://${asked.host}`, origin) !== undefined
  return isElsewhere ? `${origin}${asked.path}` : undefined
}

type Told = Readonly<Record<string, string | null | undefined>>

/**
 * The page of the front end that takes a sign-in on, with what it is told. Relative where the web app is served by this
 * server at whatever address the browser knows, or below `front`, the name of this machine that it was opened by.
 */
export function frontPage(config: Config, told: Told, front = ''): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(told)) if (value) query.set(name, value)
  const page = signedInPage(config)
  return `${page.startsWith('/') ? front : ''}${page}?${query.toString()}`
}

function signedInPage({ frontendUrl, publicUrl }: Config): string {
  const front = frontendUrl ?? publicUrl
  if (front === undefined) return SIGNED_IN_PATH
  const { origin, pathname } = new URL(front)
  // Who names a page means it; who names an origin (or where Tutti stands) means the usual page there.
  const path =
    frontendUrl !== undefined && pathname !== '/' ? pathname : `${pathname.replace(/\/$/, '')}${SIGNED_IN_PATH}`
  return origin + path
}

const NOWHERE = 'http://front.invalid'

/**
 * A path of the front end as it stands when every browser has put it right. Throws 400 for what could lead to another
 * host: `//evil`, `/\evil`, `/.//evil`, `https:evil`.
 */
export function returnPath(given: string | undefined): string | undefined {
  if (given === undefined) return undefined
  const plain = URL.canParse(given, NOWHERE) ? new URL(given, NOWHERE) : undefined
  const stays = given.startsWith('/') && plain?.origin === NOWHERE && !plain.pathname.startsWith('//')
  if (stays) return plain.pathname + plain.search + plain.hash
  const message = 'must be a path of the front end, such as /library'
  throw badRequest('invalid_input', `returnTo ${message}.`, [{ path: '/returnTo', message }])
}
