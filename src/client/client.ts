import { ApiError } from './errors.ts'
import { type Fields, type Route, requestOf, send, urlOf } from './request.ts'
import { routes } from './routes.ts'
import { makeSession, memoryStore, tokensOf } from './session.ts'
import type { CallOptions, Client, ClientSession, Output, Tokens, TokenStore } from './types.ts'

export type ClientOptions = {
  /** Origin of the server, as `https://music.example`; empty in a page that the server itself serves. */
  baseUrl?: string
  /** Tokens of a person who signed in before; for bearer mode. */
  tokens?: Tokens | null
  /** Told whenever tokens change, so that they can be kept; null at the end of the session. */
  onTokens?: (tokens: Tokens | null) => void
  /** In place of `tokens` and `onTokens` where several tabs or processes share one session. */
  store?: TokenStore
  /** Tokens live in httpOnly cookies of the browser; the store then keeps only the expiry. */
  cookieMode?: boolean
  /** The session ended on the server: send the person to sign in. */
  onSignedOut?: () => void
  fetch?: typeof fetch
}

/** Refresh before a call when the access token ends sooner than this: media elements cannot try again themselves. */
const REFRESH_MARGIN_MS = 30_000
const COOKIE_HEADER = { 'x-tutti-session': 'cookie' }

type Sender = (route: Route, input: Fields, options?: CallOptions) => Promise<unknown>

const isRefusedToken = (thrown: unknown, session: ClientSession): boolean =>
  thrown instanceof ApiError &&
  thrown.status === 401 &&
  session.tokens() !== null &&
  // The browser drops an expired cookie by itself, so there the server sees no credentials at all.
  (thrown.code === 'token_expired' || session.cookieMode)

/** Sends without thought of freshness; identity's own calls go this way, or a refresh would wait for itself. */
function makeSender(o: { baseUrl: string; cookieMode: boolean; fetcher: typeof fetch; store: TokenStore }): Sender {
  return (route, input, options = {}) => {
    const { url, init } = requestOf(o.baseUrl, route, input)
    const token = o.cookieMode ? '' : (o.store.load()?.accessToken ?? '')
    const headers = {
      ...init.headers,
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey }),
      ...(o.cookieMode ? COOKIE_HEADER : {}),
    }
    return send(o.fetcher, url, {
      ...init,
      headers,
      credentials: o.cookieMode ? 'same-origin' : 'omit',
      ...(options.signal ? { signal: options.signal } : {}),
    })
  }
}

const withFreshTokens =
  (sender: Sender, session: ClientSession): Sender =>
  async (route, input, options) => {
    await session.keepFresh(REFRESH_MARGIN_MS)
    const used = session.tokens()
    try {
      return await sender(route, input, options)
    } catch (thrown) {
      if (!isRefusedToken(thrown, session) || !(await session.refresh(used))) throw thrown
      return sender(route, input, options)
    }
  }

type Keep = (route: Route) => (input?: Fields, options?: CallOptions) => Promise<unknown>

/** Calls that answer a session, whose tokens are then the kept ones. */
const keeper =
  (send: Sender, store: TokenStore): Keep =>
  (route) =>
  async (input = {}, options) => {
    const granted = (await send(route, input, options)) as Output<'identity', 'login'>
    store.save(tokensOf(granted))
    return granted
  }

/** Register and sign-in keep the tokens that they answer; sign-out forgets them, also when the server cannot be told. */
function identityCalls(sender: Sender, store: TokenStore) {
  const keep = keeper(sender, store)
  return {
    register: keep(routes.identity.register),
    login: keep(routes.identity.login),
    setup: (input: Fields = {}, options?: CallOptions) => sender(routes.identity.setup, input, options),
    async logout(input: Fields = {}, options?: CallOptions) {
      const refreshToken = store.load()?.refreshToken
      try {
        return await sender(routes.identity.logout, refreshToken ? { refreshToken, ...input } : input, options)
      } finally {
        store.save(null)
      }
    },
  }
}

/**
 * One typed method per operation (`client.songs.listSongs({ limit: 50 })`), addresses of bytes under `client.url`.
 * An access token that has expired is refreshed once, however many calls find it so, and the call is sent again.
 */
export function createClient(options: ClientOptions = {}): Client {
  const baseUrl = (options.baseUrl ?? '').replace(/\/+$/, '')
  const cookieMode = options.cookieMode ?? false
  const store = options.store ?? memoryStore(options.tokens ?? null, options.onTokens)
  const fetcher: typeof fetch = options.fetch ?? ((...args) => globalThis.fetch(...args))
  const sender = makeSender({ baseUrl, cookieMode, fetcher, store })
  const session = makeSession({
    baseUrl,
    cookieMode,
    store,
    trade: async (refreshToken) =>
      (await sender(routes.identity.refresh, refreshToken === '' ? {} : { refreshToken })) as Output<
        'identity',
        'refresh'
      >,
    ...(options.onSignedOut ? { onSignedOut: options.onSignedOut } : {}),
  })
  const fresh = withFreshTokens(sender, session)
  const calls: Record<string, Record<string, unknown>> = {}
  const url: Record<string, unknown> = {}
  for (const [contract, operations] of Object.entries(routes)) {
    const group: Record<string, unknown> = {}
    for (const [name, route] of Object.entries(operations) as [string, Route][]) {
      if (route.kind === 'raw') url[name] = (input: Fields) => urlOf(baseUrl, route, input)
      else group[name] = (input: Fields = {}, o?: CallOptions) => fresh(route, input, o)
    }
    calls[contract] = group
  }
  Object.assign(calls['identity'] ?? {}, identityCalls(sender, store), {
    changePassword: keeper(fresh, store)(routes.identity.changePassword),
  })
  Object.assign(calls['links'] ?? {}, { exchange: keeper(sender, store)(routes.links.exchange) })
  // The table and the types come from the same contracts; the generator's test keeps them together.
  return { ...calls, url, session } as unknown as Client
}
