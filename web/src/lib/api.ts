import { createClient, type Tokens } from '#client/index.ts'
import { onKeptElsewhere, readText, writeText } from '#lib/storage.ts'

const EXPIRY = 'session-ends-ms'
type Ended = () => void
const endedListeners = new Set<Ended>()

/** Tokens are in httpOnly cookies; only their expiry is kept here, so that all tabs know when to refresh. */
const store = {
  load(): Tokens | null {
    const expiresAtMs = Number(readText(EXPIRY))
    return expiresAtMs > 0 ? { accessToken: '', refreshToken: '', expiresAtMs } : null
  },
  save: (tokens: Tokens | null) => writeText(EXPIRY, tokens ? String(tokens.expiresAtMs) : null),
}

/** The one client of the app: same origin, cookies. */
export const client = createClient({
  cookieMode: true,
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
