import { io } from 'socket.io-client'
import type { ClientSession, Pushes } from './types.ts'

export type Realtime = {
  /** Listens to one kind of push; the answer stops it. */
  on<N extends keyof Pushes>(name: N, listener: (payload: Pushes[N]) => void): () => void
  /** Called at every (re)connect: what was pushed in between is lost, so read again what you show. */
  onConnect(listener: () => void): () => void
  onDisconnect(listener: () => void): () => void
  isConnected(): boolean
  close(): void
}

/** Longest pause between two tries to connect. */
const RETRY_MS_MAX = 15_000

type Refusal = Error & { data?: { code?: string } }
const isTokenRefusal = (refusal: Refusal) => /token|unauthorized/.test(`${refusal.data?.code ?? ''} ${refusal.message}`)

/** Opens the socket as the signed-in person of a client; it comes back by itself after a break or an expired token. */
export function connectRealtime(session: ClientSession): Realtime {
  const socket = io(`${session.baseUrl}/realtime`, {
    path: '/socket.io',
    transports: ['websocket'],
    reconnectionDelayMax: RETRY_MS_MAX,
    withCredentials: session.cookieMode,
    auth: (give: (data: Record<string, string>) => void) => {
      const token = session.tokens()?.accessToken ?? ''
      give(token === '' ? {} : { token })
    },
  })
  let refreshedForMs = 0
  socket.on('connect_error', (refusal: Refusal) => {
    // `active` means that Socket.IO tries again itself: it does so for a lost line, never for a refusal.
    if (socket.active || !isTokenRefusal(refusal) || Date.now() - refreshedForMs < RETRY_MS_MAX) return
    refreshedForMs = Date.now()
    session.refresh().then(
      (tokens) => (tokens ? socket.connect() : undefined),
      () => undefined,
    )
  })
  const listen = (name: string, listener: (payload: never) => void) => {
    socket.on(name, listener as (payload: unknown) => void)
    return () => void socket.off(name, listener as (payload: unknown) => void)
  }
  return {
    on: listen,
    onConnect: (listener) => listen('connect', listener),
    onDisconnect: (listener) => listen('disconnect', listener),
    isConnected: () => socket.connected,
    close: () => void socket.disconnect(),
  }
}
