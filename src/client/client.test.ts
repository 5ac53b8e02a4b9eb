import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createClient } from './client.ts'
import { ApiError } from './errors.ts'
import { isUpToDate } from './generate.ts'
import type { Tokens } from './types.ts'

type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string }

/** A server that knows one valid access token and one valid refresh token, as the real one does after each refresh. */
let server: Server
let baseUrl = ''
let seen: Seen[] = []
let valid = { access: 'a1', refresh: 'r1' }

const json = (response: ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
const problem = (status: number, code: string) => ({ status, code, title: code, detail: `Because of ${code}.` })

function answer(request: Seen, response: ServerResponse): void {
  if (request.url === '/api/v1/auth/refresh') {
    const { refreshToken } = JSON.parse(request.body) as { refreshToken?: string }
    if (refreshToken !== valid.refresh) return json(response, 401, problem(401, 'refresh_reused'))
    valid = { access: `${valid.access}+`, refresh: `${valid.refresh}+` }
    return json(response, 200, { user: {}, accessToken: valid.access, refreshToken: valid.refresh, expiresIn: 900 })
  }
  if (request.url === '/api/v1/library/scan')
    return json(response, 400, { ...problem(400, 'bad'), errors: [{ path: '/full', message: 'no' }], requestId: 'q1' })
  if (request.headers.authorization !== `Bearer ${valid.access}`)
    return json(response, 401, problem(401, 'token_expired'))
  if (request.method === 'DELETE') return void response.writeHead(204).end()
  if (request.url === '/api/v1/auth/change-password') {
    valid = { access: 'changed', refresh: 'changed-r' }
    return json(response, 200, { user: {}, accessToken: 'changed', refreshToken: 'changed-r', expiresIn: 900 })
  }
  return json(response, 200, { url: request.url })
}

before(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => (body += part))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const one = { method, url, headers, body }
      seen.push(one)
      answer(one, response)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  baseUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
})
after(() => server.close())
beforeEach(() => {
  seen = []
  valid = { access: 'a1', refresh: 'r1' }
})

const tokens = (accessToken: string, more: Partial<Tokens> = {}): Tokens => ({
  accessToken,
  refreshToken: 'r1',
  expiresAtMs: Date.now() + 900_000,
  ...more,
})

void describe('typed client', () => {
  void it('has a route table that says what the contracts say', async () => {
    assert.equal(await isUpToDate(), true, 'run `node src/client/generate.ts`')
  })

  void it('puts names into the path and the rest into the query', async () => {
    const client = createClient({ baseUrl, tokens: tokens('a1') })
    await client.songs.getLyrics({ id: 'x/y' })
    await client.songs.listSongs({ limit: 50, q: 'a&b', genre: undefined as unknown as string })
    assert.deepEqual(
      seen.map((s) => s.url),
      ['/api/v1/songs/x%2Fy/lyrics', '/api/v1/songs?limit=50&q=a%26b'],
    )
    assert.equal(client.url.streamSong({ id: 'i', quality: 'low' }), `${baseUrl}/api/v1/songs/i/stream?quality=low`)
  })

  void it('refreshes once for many calls that find the token expired, and sends each again', async () => {
    const kept: (Tokens | null)[] = []
    const client = createClient({ baseUrl, tokens: tokens('old'), onTokens: (t) => kept.push(t) })
    const answers = await Promise.all(Array.from({ length: 8 }, () => client.songs.listGenres()))
    assert.equal(answers.length, 8)
    assert.equal(seen.filter((s) => s.url.endsWith('/auth/refresh')).length, 1)
    assert.equal(kept.at(-1)?.accessToken, 'a1+')
  })

  void it('takes turns with another client on the same store instead of using a refresh token twice', async () => {
    let shared: Tokens | null = tokens('old')
    const store = { load: () => shared, save: (t: Tokens | null) => void (shared = t) }
    const [one, two] = [createClient({ baseUrl, store }), createClient({ baseUrl, store })]
    await Promise.all([one.songs.listGenres(), two.songs.listGenres()])
    assert.equal(seen.filter((s) => s.url.endsWith('/auth/refresh')).length, 1)
  })

  void it('refreshes ahead of a call when the token is about to expire', async () => {
    const client = createClient({ baseUrl, tokens: tokens('a1', { expiresAtMs: Date.now() + 1000 }) })
    await client.songs.listGenres()
    assert.deepEqual(
      seen.map((s) => s.url),
      ['/api/v1/auth/refresh', '/api/v1/genres'],
    )
  })

  void it('says that the session ended when the refresh token is refused', async () => {
    let ended = 0
    const client = createClient({
      baseUrl,
      tokens: tokens('old', { refreshToken: 'stolen' }),
      onSignedOut: () => void (ended += 1),
    })
    await assert.rejects(client.songs.listGenres(), { code: 'token_expired', status: 401 })
    assert.equal(ended, 1)
    assert.equal(client.session.tokens(), null)
  })

  void it('asks for cookies in cookie mode and sends no token of its own', async () => {
    const client = createClient({ baseUrl, cookieMode: true })
    await assert.rejects(client.songs.listGenres(), ApiError)
    assert.equal(seen[0]?.headers['x-tutti-session'], 'cookie')
    assert.equal(seen[0]?.headers.authorization, undefined)
  })

  void it('throws the fields of a problem, and a readable error where no answer came', async () => {
    const client = createClient({ baseUrl, tokens: tokens('a1') })
    await assert.rejects(client.library.scanLibrary({ full: true }), (thrown: unknown) => {
      assert.ok(thrown instanceof ApiError)
      assert.deepEqual([thrown.code, thrown.requestId, thrown.errors[0]?.path], ['bad', 'q1', '/full'])
      return true
    })
    await assert.rejects(createClient({ baseUrl: 'http://127.0.0.1:1' }).songs.listGenres(), { code: 'unreachable' })
  })

  void it('writes a secret of a DELETE into its body, never into its address', async () => {
    await createClient({ baseUrl, tokens: tokens('a1') }).profile.eraseMe({ password: 'hidden words' })
    assert.deepEqual(
      seen.map((s) => [s.method, s.url, s.body]),
      [['DELETE', '/api/v1/users/me', '{"password":"hidden words"}']],
    )
  })

  void it('keeps the tokens of a changed password', async () => {
    const client = createClient({ baseUrl, tokens: tokens('a1') })
    await client.identity.changePassword({ newPassword: 'another quiet song' })
    assert.deepEqual(
      [client.session.tokens()?.accessToken, client.session.tokens()?.refreshToken],
      ['changed', 'changed-r'],
    )
  })

  void it('answers nothing for 204 and forgets the tokens at sign-out', async () => {
    const client = createClient({ baseUrl, tokens: tokens('a1') })
    assert.deepEqual(await client.library.removeFolder({ id: 'f' }), {})
    await client.identity.logout()
    assert.equal(JSON.parse(seen.at(-1)?.body ?? '{}').refreshToken, 'r1')
    assert.equal(client.session.tokens(), null)
  })
})
