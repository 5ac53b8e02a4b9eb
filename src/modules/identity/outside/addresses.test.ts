import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readConfig } from '#kernel/config/index.ts'
import { frontPage, redirectUriOf, returnPath, sameMachine, sameMachineElsewhere } from './addresses.ts'
import { createProviders } from './providers.ts'

const spotify = { SPOTIFY_CLIENT_ID: 'x' }

const uriOf = (env: Record<string, string>, origin: string, name = 'spotify') =>
  redirectUriOf(createProviders(readConfig({ ...spotify, ...env })).byName(name), origin)

const pageOf = (env: Record<string, string>, front?: string) =>
  frontPage(readConfig(env), { code: 'a&b', returnTo: null }, front)

describe('addresses of signing in with others', () => {
  test('where a provider sends the browser back', () => {
    const path = '/api/v1/auth/spotify/callback'
    assert.equal(uriOf({}, 'http://127.0.0.1:3000'), `http://127.0.0.1:3000${path}`)
    assert.equal(uriOf({}, 'https://music.example.org/'), `https://music.example.org${path}`)
    assert.equal(uriOf({}, 'https://example.org/music'), `https://example.org/music${path}`)
    // Spotify refuses it; the address that it means is the one to register.
    assert.equal(uriOf({}, 'http://localhost:3000'), `http://127.0.0.1:3000${path}`)
    assert.equal(uriOf({ SPOTIFY_REDIRECT_URI: 'http://localhost:8888/cb' }, 'http://x'), 'http://127.0.0.1:8888/cb')
    const google = { OIDC_GOOGLE_ISSUER: 'https://accounts.google.com', OIDC_GOOGLE_CLIENT_ID: 'x' }
    const googlePath = '/api/v1/auth/oidc/google/callback'
    assert.equal(uriOf(google, 'http://localhost:3000', 'google'), `http://localhost:3000${googlePath}`)
  })

  test('the page of the front end', () => {
    assert.equal(pageOf({}), '/signed-in?code=a%26b')
    assert.equal(pageOf({}, 'http://localhost:3000'), 'http://localhost:3000/signed-in?code=a%26b')
    assert.equal(pageOf({ PUBLIC_URL: 'https://music.example.org' }), 'https://music.example.org/signed-in?code=a%26b')
    assert.equal(pageOf({ PUBLIC_URL: 'https://example.org/music/' }), 'https://example.org/music/signed-in?code=a%26b')
    const app = { PUBLIC_URL: 'https://api.example.org', FRONTEND_URL: 'https://app.example.org' }
    assert.equal(pageOf(app, 'http://localhost:3000'), 'https://app.example.org/signed-in?code=a%26b')
    assert.equal(
      pageOf({ ...app, FRONTEND_URL: 'https://app.example.org/arrive' }),
      'https://app.example.org/arrive?code=a%26b',
    )
  })

  test('two names of one machine, and nothing else', () => {
    const own = 'http://127.0.0.1:3000'
    assert.equal(sameMachine('http://localhost:3000', own), 'http://localhost:3000')
    assert.equal(sameMachine('http://[::1]:3000', own), 'http://[::1]:3000')
    const others = [
      'http://localhost:3001',
      'https://localhost:3000',
      'http://evil.example:3000',
      'http://localhost.evil.example:3000',
      'http://127.0.0.1.evil.example:3000',
      'null',
      '',
    ]
    for (const other of others) assert.equal(sameMachine(other, own), undefined, other)
    assert.equal(sameMachine('http://localhost:3000', 'http://music.example.org:3000'), undefined)
    const elsewhere = (host: string) => sameMachineElsewhere(`${own}/callback`, { host, path: '/login?a=1' })
    assert.equal(elsewhere('localhost:3000'), `${own}/login?a=1`)
    for (const host of ['127.0.0.1:3000', 'evil.example', 'localhost:5173', '@', ''])
      assert.equal(elsewhere(host), undefined, host)
  })

  test('a path to go on to is put right as a browser would', () => {
    assert.equal(returnPath('/a/../b?q=1#c'), '/b?q=1#c')
    assert.equal(returnPath('/'), '/')
    assert.equal(returnPath(undefined), undefined)
    for (const evil of ['//x', '/.//x', '/a/..//x', '/%2e%2e//x', 'x', 'https://x', '/\\x', '/\t/x'])
      assert.throws(() => returnPath(evil), { code: 'invalid_input' }, evil)
  })
})
