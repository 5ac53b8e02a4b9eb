/** What must stand in no log: the whole product talks as much as it can, while secrets go in at every door. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { io } from 'socket.io-client'
import { clientFor } from '#kernel/testing.ts'
import { makeHouse } from '../chaos/house.ts'

const SMALL_BYTES_MAX = 4 * 1024 * 1024
const secret = (n: number) => `sentinel-${n}-ß-correct-horse-battery`

/** Files of the data folder that people read: logs, notes, settings; not the database's own. */
function textsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => /\.(log|txt|json|out|err)(\.\d+)?$|postgres\.log/.test(path) && statSync(path).isFile())
    .filter((path) => statSync(path).size < SMALL_BYTES_MAX)
    .map((path) => readFileSync(path, 'utf8'))
}

test('no password, token or key reaches a log, wherever it is typed', async (t) => {
  const house = makeHouse(t)
  const product = await house.start({ LOG_LEVEL: 'debug' })
  const nobody = clientFor(product.base, '', '')
  const made = await nobody.post('/auth/register', {
    email: 'sentinel-mail@example.org',
    username: 'sentinel',
    password: secret(1),
  })
  assert.equal(made.status, 201, made.text)
  const { accessToken, refreshToken } = made.body as { accessToken: string; refreshToken: string }
  const user = clientFor(product.base, accessToken, '')
  const key = (await user.post('/auth/api-keys', { name: 'Player', scopes: ['read'] })).body.key as string
  assert.match(key, /^tutti_/)

  await nobody.post('/auth/login', { username: secret(2), password: secret(3) })
  await nobody.post('/auth/login', { username: 'sentinel', password: secret(4) })
  await nobody.post('/auth/register', { email: 'x', username: 'y', password: secret(5), role: secret(6) })
  await nobody.get(`/auth/me?password=${encodeURIComponent(secret(7))}&access_token=${accessToken}&apiKey=${key}`)
  await nobody.get(`/songs/${accessToken}?token=${accessToken}`)
  await nobody.get(`//${accessToken}/${key}?u=sentinel&p=${encodeURIComponent(secret(8))}`)
  await nobody.get('/auth/me', { authorization: `Bearer ${accessToken}x`, 'x-api-key': `${key}x` })
  await nobody.get('/auth/me', { cookie: `tutti-access=${accessToken}y`, 'x-tutti-internal': `${accessToken}z` })
  await nobody.get('/auth/me', { authorization: `Basic ${Buffer.from(`sentinel:${secret(9)}`).toString('base64')}` })
  await user.get('/auth/me')
  await clientFor(product.base, key, '').get('/auth/me')
  const broken = { 'content-type': 'application/json' }
  await fetch(`${product.base}/api/v1/auth/login`, {
    method: 'POST',
    headers: broken,
    body: `{"password": "${secret(10)}"`,
  }).then((r) => r.text())
  for (const token of [accessToken, `${accessToken}x`, key]) await knock(product.base, token)
  const next = (await nobody.post('/auth/refresh', { refreshToken })).body as { refreshToken: string }
  await nobody.post('/auth/refresh', { refreshToken })
  await user.post('/auth/logout')
  assert.equal(await product.end('SIGTERM'), 0)

  const said = [product.said(), house.postgresLog(), ...textsBelow(house.data)].join('\n')
  assert.match(said, /ready at/)
  const secrets = {
    accessToken: accessToken.slice(-24),
    refreshToken,
    next: next.refreshToken,
    key: key.slice(-24),
    mail: 'sentinel-mail',
  }
  for (const [name, text] of Object.entries(secrets)) assert.ok(text && !said.includes(text), `${name} stands in a log`)
  for (const spelling of [
    'correct-horse-battery',
    encodeURIComponent(secret(7)),
    Buffer.from(`sentinel:${secret(9)}`).toString('base64'),
  ])
    assert.ok(
      !said.includes(spelling),
      `${spelling} stands in a log: ${said.slice(said.indexOf(spelling) - 200, said.indexOf(spelling) + 60)}`,
    )
})

/** A socket that comes and goes. */
async function knock(base: string, token: string): Promise<void> {
  const socket = io(base, { transports: ['websocket'], reconnection: false, auth: { token } })
  await new Promise<void>((resolve) => {
    socket.on('connected', () => resolve())
    socket.on('connect_error', () => resolve())
  })
  socket.close()
}
