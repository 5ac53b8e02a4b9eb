import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { startTestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { allowedHost } from '#kernel/http/hosts.ts'

const none = { corsOrigins: [] }

test('a server for this machine only knows its own names', () => {
  for (const host of ['127.0.0.1', 'localhost', '::1', '127.1.2.3']) {
    const isAllowed = allowedHost({ host, publicUrl: 'https://music.example.org:8443/x', ...none })
    assert.ok(isAllowed, host)
    for (const name of [
      'localhost',
      'LOCALHOST',
      '127.0.0.1',
      '[::1]',
      '::1',
      'tutti.localhost',
      '192.168.1.7',
      'music.example.org',
    ])
      assert.equal(isAllowed(name), true, name)
    for (const name of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'example.org', ''])
      assert.equal(isAllowed(name), false, name)
  }
})

test('a server for others may have any name', () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.7'])
    assert.equal(allowedHost({ host, publicUrl: undefined, ...none }), undefined)
})

test('a page that was rebound to this machine cannot make the first account', async () => {
  await using t = await startTestApp({ modules: [identity] })
  const ask = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const sent = request(`${t.url}/api/v1/auth/setup`, { headers: { host, origin: `http://${host}` } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      sent.on('error', reject).end()
    })
  assert.equal(await ask('evil.example'), 421)
  assert.equal(await ask(new URL(t.url).host), 200)
  assert.equal(await ask('localhost:3000'), 200)
})
