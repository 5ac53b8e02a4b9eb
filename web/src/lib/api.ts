import { createClient, type Tokens } from '#client/index.ts'
import { KEPT_HEADER } from '#lib/offline/names.ts'
import { connection, isBack, noAnswer } from '#lib/offline/reach.svelte.ts'
import { onKeptElsewhere, readText, writeText } from '#lib/storage.ts'

const EXPIRY = 'session-ends-ms'
type Ended = () => void
const endedListeners = new Set<Ended>()

/** Tokens are in httpOnly cookies; only their expiry is kept here, so that all tabs know when to refresh. */
const store = {
  load(): Tokens | null {
    const expiresAtMs = Number(readText(EXPIRY))
    if (!(expiresAtMs > 0)) return null
    // Who cannot reach the server cannot refresh either, and what is kept needs no token.
    return {
      accessToken: '',
      refreshToken: '',
      expiresAtMs: connection.isOffline ? Number.MAX_SAFE_INTEGER : expiresAtMs,
    }
  },
  save: (tokens: Tokens | null) => writeText(EXPIRY, tokens ? String(tokens.expiresAtMs) : null),
}

/** Every call tells whether the server answers; what the worker had kept is no answer of the server. */
async function watchedFetch(...args: Parameters<typeof fetch>): Promise<Response> {
  try {
    const answer = await fetch(...args)
    if (answer.headers.has(KEPT_HEADER)) noAnswer()
    else if (answer.status < 500) isBack()
    return answer
  } catch (thrown) {
    if (!(thrown instanceof DOMException && thrown.name === 'AbortError')) noAnswer()
    throw thrown
  }
}

/** The one client of the app: same origin, cookies. */
export const client = createClient({
  cookieMode: true,
  fetch: watchedFetch,
  store,
  onSignedOut: () => {
    for (const tell of endedListeners) tell()
  },
})

/** Called when the server has ended the session. */
export const onSessionEnded = (listener: Ended): void => void endedListeners.add(listener)

/** Called when another tab has signed in (true) or out (false). */
export function onSessionElsewhere(listener: (isIn: boolean) => void): void {
  onKeptElsewhere(EXPIRY, (value) => listener(value !== null))
}

/** Media elements cannot refresh a token, so the page does it ahead of time, and at once when it wakes. */
const KEEP_FRESH_EVERY_MS = 60_000
const KEEP_FRESH_MARGIN_MS = 150_000
const tick = () => void client.session.keepFresh(KEEP_FRESH_MARGIN_MS).catch(() => undefined)

export function keepSessionFresh(): () => void {
  const timer = setInterval(tick, KEEP_FRESH_EVERY_MS)
  document.addEventListener('visibilitychange', tick)
  return () => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', tick)
  }
}
