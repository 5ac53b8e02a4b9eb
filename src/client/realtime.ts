import { io, type Socket } from 'socket.io-client'
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
const isTokenRefusal = (refusal: Refusal) =>
  /token|unauthorized|session_ended/.test(`${refusal.data?.code ?? ''} ${refusal.message}`)

const MARGIN_MS = 30_000

/**
 * Socket.IO does not come back by itself where the server has ended the socket: because access ended (the refusal at the
 * door then says so, and the refresh ends the session here too), or because it changed (another role: new rooms).
 */
function comeBack(socket: Socket, session: ClientSession): () => void {
  let endedAtMs = 0
  let isOver = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const connect = async () => {
    await session.keepFresh(MARGIN_MS).catch(() => undefined)
    if (!isOver) socket.connect()
  }
  socket.on('disconnect', (reason) => {
    clearTimeout(timer)
    if (reason !== 'io server disconnect') return
    const isAgain = Date.now() - endedAtMs < RETRY_MS_MAX
    endedAtMs = Date.now()
    timer = setTimeout(() => void connect(), isAgain ? RETRY_MS_MAX : 0)
  })
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}

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
  const stopComingBack = comeBack(socket, session)
  const listen = (name: string, listener: (payload: never) => void) => {
    socket.on(name, listener as (payload: unknown) => void)
    return () => void socket.off(name, listener as (payload: unknown) => void)
  }
  return {
    on: listen,
    onConnect: (listener) => listen('connect', listener),
    onDisconnect: (listener) => listen('disconnect', listener),
    isConnected: () => socket.connected,
    close() {
      stopComingBack()
      socket.disconnect()
    },
  }
}
