import { ApiError } from './errors.ts'
import type { ClientSession, Tokens, TokenStore } from './types.ts'

type Grant = { accessToken: string; refreshToken: string; expiresIn: number }
/** Trades the refresh token (from the cookie where it is empty) for new ones. */
export type Trade = (refreshToken: string) => Promise<Grant>

type Locks = { request<T>(name: string, work: () => Promise<T>): Promise<T> }

/** A store for one process: tokens are forgotten with it. */
export function memoryStore(first: Tokens | null, onTokens?: (tokens: Tokens | null) => void): TokenStore {
  let kept = first
  return {
    load: () => kept,
    save: (tokens) => {
      kept = tokens
      onTokens?.(tokens)
    },
  }
}

/** One at a time over all tabs where the browser has locks; else over this tab alone. */
function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = (globalThis.navigator as { locks?: Locks } | undefined)?.locks
  return locks ? locks.request(name, work) : work()
}

export const tokensOf = (grant: Grant, nowMs = Date.now()): Tokens => ({
  accessToken: grant.accessToken,
  refreshToken: grant.refreshToken,
  expiresAtMs: nowMs + grant.expiresIn * 1000,
})

/**
 * Keeps the tokens of one person fresh. Invariant: a refresh token is used once, because using an old one again ends
 * the whole session; so calls of one tab share one refresh, tabs take turns, and who waited takes what the other got.
 */
export function makeSession(o: {
  baseUrl: string
  cookieMode: boolean
  store: TokenStore
  trade: Trade
  onSignedOut?: () => void
}): ClientSession {
  let underWay: Promise<Tokens | null> | undefined

  async function trade(stale: Tokens | null): Promise<Tokens | null> {
    const kept = o.store.load()
    if (kept && stale && kept.expiresAtMs > stale.expiresAtMs) return kept
    if (!kept) return null
    try {
      const fresh = tokensOf(await o.trade(kept.refreshToken))
      o.store.save(fresh)
      return fresh
    } catch (thrown) {
      const ended = thrown instanceof ApiError && (thrown.status === 401 || thrown.status === 400)
      if (!ended) throw thrown
      o.store.save(null)
      o.onSignedOut?.()
      return null
    }
  }

  function refresh(stale = o.store.load()): Promise<Tokens | null> {
    underWay ??= alone(`tutti-refresh ${o.baseUrl}`, () => trade(stale)).finally(() => {
      underWay = undefined
    })
    return underWay
  }

  return {
    baseUrl: o.baseUrl,
    cookieMode: o.cookieMode,
    tokens: () => o.store.load(),
    refresh,
    async keepFresh(marginMs) {
      const kept = o.store.load()
      if (kept && kept.expiresAtMs - Date.now() < marginMs) await refresh()
    },
  }
}
