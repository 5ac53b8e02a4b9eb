import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { startTestApp, type TestApp } from '#kernel/testing.ts'
import { door, notes } from '#kernel/testing-sample.ts'

const APP = 'https://app.example.org'
const EVIL = 'https://evil.example'
const PUBLIC = 'https://music.example.org'

let t: TestApp
before(async () => {
  t = await startTestApp({ modules: [door, notes], config: { corsOrigins: [APP], publicUrl: PUBLIC } })
})
after(() => t.stop())

const preflight = (origin: string, method: string) =>
  fetch(`${t.url}/api/v1/notes`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization,content-type,idempotency-key,if-match',
    },
  })

describe('another web app', () => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
    test(`of a configured origin may ${method}, with credentials`, async () => {
      const { status, headers } = await preflight(APP, method)
      assert.equal(status, 204)
      assert.equal(headers.get('access-control-allow-origin'), APP)
      assert.equal(headers.get('access-control-allow-credentials'), 'true')
      assert.ok(headers.get('access-control-allow-methods')?.split(/,\s*/).includes(method))
      for (const name of ['authorization', 'idempotency-key', 'if-match'])
        assert.ok(headers.get('access-control-allow-headers')?.includes(name), name)
    })

  test('of any other origin may not', async () => {
    for (const origin of [EVIL, 'null', PUBLIC])
      assert.equal((await preflight(origin, 'GET')).headers.get('access-control-allow-origin'), null, origin)
  })
})

test('with a cookie only pages of the server, of its public address and of configured origins may write', async () => {
  const { token } = (await t.nobody.post('/enter', { role: 'user' })).body as { token: string }
  const write = async (headers: Record<string, string>) =>
    (await t.nobody.send('POST', '/notes', { text: 'x' }, { cookie: `__Host-tutti-access=${token}`, ...headers }))
      .status
  for (const origin of [t.url, APP, PUBLIC]) assert.equal(await write({ origin }), 201, origin)
  for (const origin of [EVIL, 'null', `${PUBLIC}.evil.example`, PUBLIC.replace('https', 'http')])
    assert.equal(await write({ origin }), 403, origin)
  assert.equal(await write({}), 403)
  assert.equal(await write({ 'sec-fetch-site': 'cross-site' }), 403)
  assert.equal(await write({ 'sec-fetch-site': 'same-origin' }), 201)
  assert.equal(await writeAs(new URL(PUBLIC).host, PUBLIC, token), 201)
  assert.equal(await writeAs(new URL(PUBLIC).host, PUBLIC.replace('https', 'http'), token), 403, 'not without TLS')
})

/** Asks as the proxy passes it on. `fetch` would not send such a Host. */
function writeAs(host: string, origin: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { host, origin, cookie: `__Host-tutti-access=${token}`, 'content-type': 'application/json' }
    const asked = request(`${t.url}/api/v1/notes`, { method: 'POST', headers }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode ?? 0))
    })
    asked.on('error', reject)
    asked.end('{"text":"x"}')
  })
}
