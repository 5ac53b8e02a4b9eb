import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { startTestApp } from '#kernel/testing.ts'
import { door } from '#kernel/testing-sample.ts'

test('others verify our tokens by the published set, which has public halves only', async () => {
  await using t = await startTestApp({ modules: [door] })
  const { token } = (await t.nobody.post('/enter', { role: 'user' })).body as { token: string }
  const { body, headers } = await t.nobody.get('//.well-known/jwks.json')
  assert.match(headers.get('content-type') ?? '', /^application\/jwk-set\+json/)
  assert.equal(headers.get('cache-control'), 'public, max-age=300')
  for (const key of body.keys as Record<string, unknown>[])
    assert.deepEqual(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])
  const published = createRemoteJWKSet(new URL(`${t.url}/.well-known/jwks.json`))
  const { payload } = await jwtVerify(token, published, { issuer: 'tutti', audience: 'access' })
  assert.equal(typeof payload.sid, 'string')
})

test('the end of /.well-known is no page of the web app', async () => {
  await using t = await startTestApp({ modules: [door] })
  const answer = await t.nobody.get('//.well-known/nothing', { accept: 'text/html' })
  assert.deepEqual([answer.status, answer.body.code], [404, 'no_such_route'])
})
