import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { Server } from 'socket.io'
import { connectRealtime, type Realtime } from './realtime.ts'
import type { ClientSession, Tokens } from './types.ts'

/** A gateway with the rules of the real one: WebSocket only, a token at the door, its refusal as `connect_error`. */
const http = createServer()
const gateway = new Server(http, { transports: ['websocket'] })
let validToken = 'new'
let baseUrl = ''

/** A session whose refresh answers the token that is valid now. */
function sessionWith(accessToken: string): { session: ClientSession; refreshes: () => number } {
  let tokens: Tokens | null = { accessToken, refreshToken: 'r', expiresAtMs: Date.now() + 60_000 }
  let count = 0
  const session: ClientSession = {
    baseUrl,
    cookieMode: false,
    tokens: () => tokens,
    async refresh() {
      count += 1
      tokens = { accessToken: validToken, refreshToken: 'r2', expiresAtMs: Date.now() + 60_000 }
      return tokens
    },
    keepFresh: async () => undefined,
  }
  return { session, refreshes: () => count }
}
const connected = (realtime: Realtime) => new Promise<void>((resolve) => realtime.onConnect(resolve))

before(async () => {
  gateway.of('/realtime').use((socket, next) => {
    const { token } = socket.handshake.auth as { token?: string }
    next(
      token === validToken
        ? undefined
        : Object.assign(new Error('Not any more.'), {
            data: { code: token === 'old' ? 'token_expired' : 'session_ended' },
          }),
    )
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const address = http.address()
  baseUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
})
after(() => gateway.close())

void describe('realtime', () => {
  void it('hears typed pushes until it stops listening', async () => {
    const { session, refreshes } = sessionWith('new')
    const realtime = connectRealtime(session)
    await connected(realtime)
    assert.equal(realtime.isConnected(), true)
    const heard: string[] = []
    const stop = realtime.on('library:changed', ({ kind }) => void heard.push(kind))
    const nextProgress = () => new Promise<void>((resolve) => realtime.on('analysis:progress', () => resolve()))
    gateway.of('/realtime').emit('library:changed', { kind: 'songs' })
    gateway.of('/realtime').emit('analysis:progress', {})
    await nextProgress()
    stop()
    gateway.of('/realtime').emit('library:changed', { kind: 'folders' })
    gateway.of('/realtime').emit('analysis:progress', {})
    await nextProgress()
    assert.deepEqual(heard, ['songs'])
    assert.equal(refreshes(), 0)
    realtime.close()
  })

  void it('comes in with a fresh token when the old one is refused, and does not ask for ever', async () => {
    const { session, refreshes } = sessionWith('old')
    const realtime = connectRealtime(session)
    await connected(realtime)
    assert.equal(refreshes(), 1)
    realtime.close()

    validToken = 'one that no refresh gives'
    const hopeless = sessionWith('old')
    hopeless.session.refresh = async () => null
    const refused = connectRealtime(hopeless.session)
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(refused.isConnected(), false)
    refused.close()
    validToken = 'new'
  })

  void it('comes back where the server has ended its socket', async () => {
    const { session, refreshes } = sessionWith('new')
    const realtime = connectRealtime(session)
    await connected(realtime)
    const back = connected(realtime)
    gateway.of('/realtime').disconnectSockets(true)
    await back
    assert.equal(refreshes(), 0)
    realtime.close()
  })

  void it('learns at the door that its session has ended, and ends it here too', async () => {
    const { session } = sessionWith('new')
    const realtime = connectRealtime(session)
    await connected(realtime)
    validToken = 'of somebody else'
    const asked = new Promise<void>((resolve) => {
      session.refresh = async () => {
        resolve()
        return null
      }
    })
    gateway.of('/realtime').disconnectSockets(true)
    await asked
    assert.equal(realtime.isConnected(), false)
    realtime.close()
    validToken = 'new'
  })
})
