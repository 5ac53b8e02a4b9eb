import type { Server as HttpServer } from 'node:http'
import { Server, type Socket } from 'socket.io'
import { type Caller, isAdmin } from '#kernel/caller.ts'
import { AppError, messageOf, unauthorized } from '#kernel/errors.ts'
import { ACCESS_ENDED, type AccessEnded, cookieNames, type Identify } from '#kernel/identify.ts'
import { newId } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import type { PubSub } from '#kernel/pubsub/index.ts'
import { assertShape } from '#kernel/validate.ts'
import type { Realtime } from './realtime.ts'
import { createEnded, guardRecovery } from './recovery.ts'

const CHANNEL = 'kernel.realtime'
/** The same handlers answer on both. */
const NAMESPACES = ['/', '/realtime'] as const
const PAYLOAD_BYTES_MAX = 256 * 1024
const RECOVERY_MS = 2 * 60_000
const EVERYBODY = 'everybody'
const ADMINS = 'admins'
const userRoom = (userId: string) => `user:${userId}`
const sessionRoom = (sessionId: string) => `session:${sessionId}`

type Envelope = { room: string; event: string; payload: unknown }

/** Sends through pubsub, so that it does not matter which process holds the sockets. */
export function createRealtime(pubsub: PubSub, log: Log): Realtime {
  const send = (room: string, event: string, payload: unknown) => {
    pubsub
      .publish(CHANNEL, { room, event, payload } satisfies Envelope)
      .catch((err: unknown) => log.warn({ err, event }, 'a push could not be sent'))
  }
  return {
    toUser(userId, e, payload) {
      assertShape(e.payload, payload, `push ${e.name}`)
      send(userRoom(userId), e.name, payload)
    },
    toAdmins(e, payload) {
      assertShape(e.payload, payload, `push ${e.name}`)
      send(ADMINS, e.name, payload)
    },
    toAll(e, payload) {
      assertShape(e.payload, payload, `push ${e.name}`)
      send(EVERYBODY, e.name, payload)
    },
  }
}

type Deps = { http: HttpServer; identify: Identify; pubsub: PubSub; log: Log; origins: readonly string[] }
export type Sockets = { count(): number; close(): Promise<void> }

/** The Socket.IO gateway: WebSocket only, so that no sticky sessions are needed. Every socket is signed in. */
export function createSockets(d: Deps): Sockets {
  const io = new Server(d.http, {
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: PAYLOAD_BYTES_MAX,
    cors: { origin: [...d.origins], credentials: true },
    // The default would let a recovered connection in without asking who it is.
    connectionStateRecovery: { maxDisconnectionDuration: RECOVERY_MS, skipMiddlewares: false },
  })
  const spaces = NAMESPACES.map((n) => io.of(n))
  const ended = createEnded(RECOVERY_MS)
  for (const space of spaces) {
    guardRecovery(space, ended)
    space.use((socket, next) => void letIn(socket, d, next))
    space.on('connection', (socket) => welcome(socket))
  }
  const stops = [
    d.pubsub.subscribe(CHANNEL, (message) => {
      const { room, event, payload } = message as Envelope
      for (const space of spaces) space.to(room).emit(event, payload)
    }),
    d.pubsub.subscribe(ACCESS_ENDED, (message) => {
      const { userId, sessionId } = message as AccessEnded
      const room = sessionId ? sessionRoom(sessionId) : userRoom(userId)
      ended.add(room)
      for (const space of spaces) space.in(room).disconnectSockets(true)
    }),
  ]
  return {
    count: () => io.engine.clientsCount,
    async close() {
      for (const stop of stops) stop()
      io.disconnectSockets(true)
      io.engine.close()
    },
  }
}

async function letIn(socket: Socket, d: Deps, next: (refused?: Error) => void): Promise<void> {
  next(await signIn(socket, d).then(() => undefined, refusal))
}

async function signIn(socket: Socket, d: Deps): Promise<void> {
  const { token, fromCookie } = tokenOf(socket)
  if (!token) throw unauthorized()
  if (fromCookie && !sameOrigin(socket, d.origins))
    throw unauthorized('wrong_origin', 'A socket signed in by cookie must come from the web app itself.')
  const from = { address: socket.handshake.address, requestId: newId() }
  const who = await d.identify.token(token, from)
  const before = (socket.data as { who?: Caller }).who
  // A recovered connection has the rooms of whoever it was.
  if (before && !isSame(before, who)) for (const room of socket.rooms) if (room !== socket.id) void socket.leave(room)
  socket.data = { who } satisfies { who: Caller }
}

const isSame = (a: Caller, b: Caller): boolean =>
  a.userId === b.userId && a.sessionId === b.sessionId && a.role === b.role

function tokenOf(socket: Socket): { token: string | undefined; fromCookie: boolean } {
  const { auth, headers } = socket.handshake
  const given: unknown = auth.token ?? headers.authorization
  if (typeof given === 'string' && given !== '') return { token: given.replace(/^Bearer /i, ''), fromCookie: false }
  const cookies = new Map(
    (headers.cookie ?? '').split(/;\s*/).map((c) => [c.slice(0, c.indexOf('=')), c.slice(c.indexOf('=') + 1)]),
  )
  return { token: cookies.get(cookieNames(true).access) ?? cookies.get(cookieNames(false).access), fromCookie: true }
}

function sameOrigin(socket: Socket, allowed: readonly string[]): boolean {
  const { origin, host } = socket.handshake.headers
  if (!origin) return false
  return allowed.includes(origin) || (URL.canParse(origin) && new URL(origin).host === host)
}

function refusal(thrown: unknown): Error {
  const known = thrown instanceof AppError
  const error = new Error(known ? thrown.message : 'Something went wrong on our side.')
  return Object.assign(error, {
    data: { code: known ? thrown.code : 'internal', detail: known ? thrown.message : messageOf(error) },
  })
}

function welcome(socket: Socket): void {
  const { who } = socket.data as { who: Caller }
  const rooms = [
    EVERYBODY,
    userRoom(who.userId ?? ''),
    sessionRoom(who.sessionId ?? ''),
    ...(isAdmin(who) ? [ADMINS] : []),
  ]
  void socket.join(rooms)
  socket.emit('connected', { userId: who.userId })
}
