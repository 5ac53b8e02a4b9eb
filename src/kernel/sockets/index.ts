import type { Server as HttpServer } from 'node:http'
import { Server, type Socket } from 'socket.io'
import { type Caller, isAdmin } from '#kernel/caller.ts'
import type { Config } from '#kernel/config/index.ts'
import type { Counters } from '#kernel/counters/index.ts'
import { AppError, messageOf } from '#kernel/errors.ts'
import { ACCESS_ENDED, type AccessEnded, type Connection, type Identify, trustedOrigins } from '#kernel/identify.ts'
import { newId } from '#kernel/ids.ts'
import type { Log } from '#kernel/log.ts'
import { requireScope } from '#kernel/policy.ts'
import { LINK_CHANNEL, type PubSub } from '#kernel/pubsub/index.ts'
import { assertShape } from '#kernel/validate.ts'
import { handshakeCredential } from './handshake.ts'
import { createHandshakes, type Handshakes } from './limits.ts'
import { watchLiving } from './living.ts'
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
const keyRoom = (keyId: string) => `key:${keyId}`

/** INVARIANT: a socket is in the room of every notice that ends it, and in no room that it shares by lack of an id. */
function roomsOf({ userId, sessionId, keyId, ...who }: Caller): string[] {
  const own = [
    userId === undefined ? undefined : userRoom(userId),
    sessionId === undefined ? undefined : sessionRoom(sessionId),
    keyId === undefined ? undefined : keyRoom(keyId),
  ].filter((room) => room !== undefined)
  return [EVERYBODY, ...own, ...(isAdmin(who) ? [ADMINS] : [])]
}

/** The room of those whose access a notice ends. */
function roomOfEnded({ userId, sessionId, keyId }: AccessEnded): string {
  if (sessionId !== undefined) return sessionRoom(sessionId)
  return keyId === undefined ? userRoom(userId) : keyRoom(keyId)
}

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

type Deps = {
  http: HttpServer
  identify: Identify
  pubsub: PubSub
  log: Log
  counters: Counters
  config: Pick<Config, 'publicUrl' | 'corsOrigins' | 'trustProxy' | 'rateLimitPerMin'>
}
export type Sockets = { count(): number; close(): Promise<void> }
/** What a socket keeps of who it is. */
type Data = { connection: Connection }

/** The Socket.IO gateway: WebSocket only, so that no sticky sessions are needed. Every socket is signed in. */
export function createSockets(d: Deps): Sockets {
  const io = new Server(d.http, {
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: PAYLOAD_BYTES_MAX,
    cors: { origin: [...trustedOrigins(d.config)], credentials: true },
    // The default would let a recovered connection in without asking who it is.
    connectionStateRecovery: { maxDisconnectionDuration: RECOVERY_MS, skipMiddlewares: false },
  })
  const spaces = NAMESPACES.map((n) => io.of(n))
  const ended = createEnded(RECOVERY_MS)
  const handshakes = createHandshakes(d.counters, d.config)
  for (const space of spaces) {
    guardRecovery(space, ended)
    space.use((socket, next) => void letIn(socket, { ...d, handshakes }, next))
    space.on('connection', (socket) => welcome(socket))
  }
  const all = () => spaces.flatMap((space) => [...space.sockets.values()])
  const living = watchLiving<Socket>({ all, connectionOf, end: (socket) => socket.disconnect(true) })
  const stops = [
    d.pubsub.subscribe(CHANNEL, (message) => {
      const { room, event, payload } = message as Envelope
      for (const space of spaces) space.to(room).emit(event, payload)
    }),
    d.pubsub.subscribe(ACCESS_ENDED, (message) => {
      const room = roomOfEnded(message as AccessEnded)
      ended.add(room)
      for (const space of spaces) space.in(room).disconnectSockets(true)
    }),
    d.pubsub.subscribe(LINK_CHANNEL, (state) => {
      // Notices may have been missed: nothing that broke before is recovered, and everybody is asked for again.
      ended.addAll()
      if (state !== 'down') living.askAll()
    }),
    living.stop,
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

const connectionOf = (socket: Socket): Connection => (socket.data as Data).connection

type Entrance = Deps & { handshakes: Handshakes }

async function letIn(socket: Socket, d: Entrance, next: (refused?: Error) => void): Promise<void> {
  next(await signIn(socket, d).then(() => undefined, refusal))
}

async function signIn(socket: Socket, d: Entrance): Promise<void> {
  const from = { address: await d.handshakes.addressOf(socket), requestId: newId() }
  const connection = await d.identify.connection(handshakeCredential(socket, d.config), from)
  requireScope(connection.who, 'read')
  const before = (socket.data as Partial<Data>).connection?.who
  // A recovered connection has the rooms of whoever it was.
  if (before && !isSame(before, connection.who))
    for (const room of socket.rooms) if (room !== socket.id) void socket.leave(room)
  socket.data = { connection } satisfies Data
}

const isSame = (a: Caller, b: Caller): boolean => String(roomsOf(a)) === String(roomsOf(b))

function refusal(thrown: unknown): Error {
  const known = thrown instanceof AppError
  const error = new Error(known ? thrown.message : 'Something went wrong on our side.')
  return Object.assign(error, {
    data: { code: known ? thrown.code : 'internal', detail: known ? thrown.message : messageOf(error) },
  })
}

function welcome(socket: Socket): void {
  const { who, hasEnded } = connectionOf(socket)
  void socket.join(roomsOf(who))
  // A notice that came between the question and the rooms found no socket to close.
  if (hasEnded()) socket.disconnect(true)
  else socket.emit('connected', { userId: who.userId })
}
