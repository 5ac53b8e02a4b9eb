import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { io } from 'socket.io-client'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, notes } from '#kernel/testing-sample.ts'

describe('handshakes', () => {
  let t: TestApp
  before(async () => {
    t = await startTestApp({ modules: [door, notes], config: { rateLimitPerMin: 10, trustProxy: ['loopback'] } })
  })
  after(() => t.stop())

  function outcome(token: string, from: string): Promise<string> {
    const socket = io(t.url, {
      auth: { token },
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      extraHeaders: { 'x-forwarded-for': from },
    })
    return new Promise<string>((resolve) => {
      socket.on('connected', () => resolve('connected'))
      socket.on('connect_error', (e) => resolve((e as Error & { data?: { code: string } }).data?.code ?? e.message))
    }).finally(() => socket.close())
  }

  test('made-up tokens end, and keep nobody out who comes from elsewhere', async () => {
    const { token } = (await t.nobody.post('/enter', { role: 'user' })).body as { token: string }
    const guesses = await Promise.all(Array.from({ length: 13 }, (_, i) => outcome(`made-up-${i}`, '198.51.100.1')))
    assert.deepEqual(guesses.toSorted(), [...Array(3).fill('rate_limited'), ...Array(10).fill('token_invalid')])
    assert.equal(await outcome(token, '198.51.100.1'), 'rate_limited')
    assert.equal(await outcome(token, '198.51.100.2'), 'connected')
  })
})
