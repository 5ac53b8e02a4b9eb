import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, before, test } from 'node:test'
import { system } from '#kernel/caller.ts'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, doorContract, notesContract } from '#kernel/testing-sample.ts'

type Heard = { url: string | undefined; host: string | undefined; hasToken: boolean }

/** Writes down what it is asked. */
async function listener(): Promise<{ heard: Heard[]; server: Server; host: string }> {
  const heard: Heard[] = []
  const server = createServer((request, response) => {
    const { host, 'x-tutti-internal': token } = request.headers
    heard.push({ url: request.url, host, hasToken: token !== undefined })
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[],"nextCursor":null}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { heard, server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` }
}

let service: Awaited<ReturnType<typeof listener>>
let elsewhere: Awaited<ReturnType<typeof listener>>
let gateway: TestApp
before(async () => {
  service = await listener()
  elsewhere = await listener()
  gateway = await startTestApp({
    modules: [door],
    config: { urls: { notes: `http://${service.host}` } },
    options: {
      offers: [
        { module: 'door', contract: doorContract },
        { module: 'notes', contract: notesContract },
      ],
    },
  })
})
after(async () => {
  await gateway.stop()
  service.server.close()
  elsewhere.server.close()
})

/** The answer to a request line as it stands: `fetch` would put it right. */
function ask(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () =>
      socket.write(`${line}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`),
    )
    let got = ''
    socket.on('data', (d) => {
      got += d
    })
    socket.on('close', () => resolve(got))
    socket.on('error', reject)
  })
}

test('a request line that names another host is answered by our own service, and tells the other nothing', async () => {
  for (const there of [`http://${elsewhere.host}`, `HTTP://user@${elsewhere.host}`, ''])
    assert.match(await ask(`GET ${there}/api/v1/notes?limit=3 HTTP/1.1`), /^HTTP\/1\.1 200 /, there)
  await ask(`GET //${elsewhere.host}/api/v1/notes HTTP/1.1`)
  assert.deepEqual(elsewhere.heard, [])
  assert.deepEqual(
    service.heard,
    Array.from({ length: 3 }, () => ({ url: '/api/v1/notes?limit=3', host: service.host, hasToken: true })),
  )
})

test('what is passed on is what was let in, to the letter: no step up to another operation', async () => {
  service.heard.length = 0
  const paths = ['..\\..\\..\\internal\\notes\\getNotes', '%2e%2e', '..', '%2E\\x?a=..\\..', 'x;y', '%5c..%5c', '.']
  for (const path of paths) await ask(`GET /api/v1/notes/${path} HTTP/1.1`)
  assert.deepEqual(
    service.heard.map((h) => h.url),
    paths.map((path) => `/api/v1/notes/${path}`),
  )
})

test('the token that is passed on with a request calls no operation between processes', async () => {
  const token = await gateway.app.identify.forwardedToken(system('x'))
  const call = (header: Record<string, string>) =>
    fetch(`${gateway.url}/internal/identity/authenticate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...header },
      body: '{"sessionId":"x"}',
    })
  assert.equal((await call({ 'x-tutti-internal': token })).status, 401)
  assert.equal((await call({})).status, 401)
  const between = await gateway.app.identify.internalToken(system('x'))
  assert.notEqual((await call({ 'x-tutti-internal': between })).status, 401)
  const passed = await gateway.nobody.get('/notes', { 'x-tutti-internal': between })
  assert.equal(passed.status, 401, 'nor the other way round')
})

test('what is passed on of who asks is bounded, so that it fits beside what they send', async () => {
  const { status } = await gateway.nobody.get('/notes', { 'user-agent': 'x'.repeat(9000) })
  assert.equal(status, 200)
})
