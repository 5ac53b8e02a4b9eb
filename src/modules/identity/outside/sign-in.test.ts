import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startTestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { agree, COOKIES, openBrowser, openWorld, type World } from './testing-world.ts'

const SAM_ID = '01a1f9bc-0000-7000-8000-000000000001'

const openBare = () => startTestApp({ modules: [identity] })

describe('signing in with others', () => {
  let w: World
  before(async () => {
    w = await openWorld()
    w.oidc.people.set('ann', {
      sub: 'kc-ann',
      email: 'Ann@Example.org',
      email_verified: true,
      name: 'Ann Lee',
      preferred_username: 'annlee',
    })
    w.spotify.people.set('sam', { id: 'sam-1', email: 'sam@example.org', display_name: 'Sám Ö', country: 'DE' })
  })
  after(() => w.stop())

  test('those who are configured are listed, with where to go', async () => {
    const { body } = await w.t.nobody.get('/auth/providers')
    assert.deepEqual(body.items, [
      { provider: 'keycloak', label: 'Keycloak', loginUrl: '/api/v1/auth/oidc/keycloak/login' },
      { provider: 'spotify', label: 'Spotify', loginUrl: '/api/v1/auth/spotify/login' },
    ])
  })

  test('OpenID Connect: a browser goes there and comes back with a code, which is a session once', async () => {
    const browser = openBrowser()
    const landed = await w.signIn(browser, 'keycloak', 'ann', { query: '?returnTo=/library%3Fq%3Dbach' })
    assert.equal(landed.url.origin + landed.url.pathname, `${w.t.url}/signed-in`)
    assert.equal(landed.url.searchParams.get('returnTo'), '/library?q=bach')
    const session = await w.exchange(browser, landed)
    assert.equal(session.status, 200, JSON.stringify(session.body))
    const { user } = session.body
    assert.deepEqual(
      [user.username, user.displayName, user.email, user.emailVerified, user.role, user.hasPassword],
      ['annlee', 'Ann Lee', 'ann@example.org', true, 'user', false],
    )
    assert.deepEqual([session.body.accessToken, session.body.refreshToken], ['', ''])
    assert.equal((await browser.script('GET', w.at('/auth/me'))).body.username, 'annlee')
    const sessions = await browser.script('GET', w.at('/auth/sessions'))
    assert.equal(sessions.body.items[0].method, 'oidc:keycloak')
    const again = await w.exchange(browser, landed)
    assert.deepEqual([again.status, again.body.code], [401, 'code_invalid'])
  })

  test('no token, secret or e-mail stands in any address on the way', async () => {
    const browser = openBrowser()
    const landed = await w.signIn(browser, 'keycloak', 'ann')
    const session = await w.exchange(browser, landed, {}, {})
    const secrets = [session.body.accessToken, session.body.refreshToken, w.oidc.clientSecret, 'example.org']
    for (const address of landed.visited) for (const s of secrets) assert.ok(!address.includes(s), address)
    assert.deepEqual([...landed.url.searchParams.keys()], ['code'])
  })

  test('who comes back is the same person', async () => {
    const browser = openBrowser()
    const first = await w.exchange(browser, await w.signIn(browser, 'keycloak', 'ann'))
    const other = openBrowser()
    const second = await w.exchange(other, await w.signIn(other, 'keycloak', 'ann'))
    assert.equal(first.body.user.id, second.body.user.id)
  })

  test('Spotify: by its pages and rules; the name makes a username, the e-mail is not taken', async () => {
    const browser = openBrowser()
    const landed = await w.signIn(browser, 'spotify', 'sam', { query: '?returnTo=/home' })
    const asked = new URL(landed.visited.find((a) => a.startsWith(`${w.spotify.url}/authorize`)) ?? '')
    assert.equal(asked.searchParams.get('code_challenge_method'), 'S256')
    assert.equal(asked.searchParams.get('redirect_uri'), w.at('/auth/spotify/callback'))
    const { status, body } = await w.exchange(browser, landed)
    assert.equal(status, 200, JSON.stringify(body))
    assert.deepEqual([body.user.username, body.user.displayName, body.user.email], ['SamO', 'Sám Ö', null])
    const [row] = await w.sql(`select tokens, scopes from identity.identities where provider = 'spotify'`)
    assert.match(String(row?.tokens), /^sealed:v1:/)
    assert.match(String(row?.scopes), /user-read-currently-playing/)
  })

  test('/auth/spotify is the same, and scripts get the address as JSON', async () => {
    for (const path of ['/auth/spotify', '/auth/spotify/login', '/auth/oidc/keycloak/login']) {
      const { status, body } = await openBrowser().script('GET', w.at(path))
      assert.equal(status, 200)
      assert.ok(body.authUrl.startsWith(path.includes('spotify') ? w.spotify.url : w.oidc.issuer), body.authUrl)
    }
  })

  test('who does not agree comes back with a word of ours', async () => {
    for (const [path, name] of [
      ['/auth/oidc/keycloak/login', 'ann'],
      ['/auth/spotify', 'sam'],
    ] as const) {
      const browser = openBrowser()
      const page = await browser.open(`${w.at(path)}?returnTo=/back`)
      const landed = await browser.submit(page, { login: name, choice: 'cancel' })
      assert.equal(landed.url.search, '?error=sign_in_cancelled&returnTo=%2Fback')
    }
  })

  test('unknown providers are 404; what is not set up says what is missing', async () => {
    const unknown = await w.t.nobody.get('/auth/oidc/nobody/login')
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'not_found'])
    await using bare = await openBare()
    for (const [path, setting] of [
      ['/auth/spotify', 'SPOTIFY_CLIENT_ID'],
      ['/auth/oidc/google/login', 'OIDC_<NAME>_ISSUER'],
    ] as const) {
      const answer = await bare.nobody.get(path)
      assert.deepEqual([answer.status, answer.body.code], [503, 'provider_not_configured'])
      assert.ok(answer.body.detail.includes(setting), answer.text)
    }
    assert.deepEqual((await bare.nobody.get('/auth/providers')).body.items, [])
  })

  test('without a key that seals what has to be kept, nobody is sent away', async () => {
    await using keyless = await startTestApp({ modules: [identity], config: { spotifyClientId: 'x' } })
    assert.deepEqual((await keyless.nobody.get('/auth/providers')).body.items, [])
    const answer = await keyless.nobody.get('/auth/spotify')
    assert.deepEqual([answer.status, answer.body.code], [503, 'encrypt_key_missing'])
  })

  test('behind TLS the binding is tied to the host', async () => {
    const config = {
      spotifyClientId: 'x',
      encryptKey: 'a key of thirty-two characters or more',
      publicUrl: 'https://music.example.org',
    }
    await using behind = await startTestApp({ modules: [identity], config })
    const answer = await behind.nobody.get('/auth/spotify', { accept: 'application/json' })
    assert.match(
      String(answer.headers.get('set-cookie')),
      /^__Host-tutti-flow=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    const redirect = new URL(answer.body.authUrl).searchParams.get('redirect_uri')
    assert.equal(redirect, 'https://music.example.org/api/v1/auth/spotify/callback')
  })

  test('behind TLS a binding counts only by the name that no neighbour under the same domain can set', async () => {
    const config = { publicUrl: 'https://music.example.org' }
    await using behind = await startTestApp({ modules: [identity], config })
    const { pool } = behind.app.ports.db
    await pool.query(`insert into identity.users (id, username, display_name) values ($1, 'sam', 'Sam')`, [SAM_ID])
    const statuses = []
    for (const name of ['tutti-flow', '__Host-tutti-flow']) {
      await pool.query(
        `insert into identity.exchange_codes (hash, user_id, method, binding_hash, expires_at)
         values (sha256('stranger'), $1, 'spotify', sha256('binding'), now() + interval '1 minute')`,
        [SAM_ID],
      )
      const cookie = { ...COOKIES, cookie: `${name}=binding`, origin: 'https://music.example.org' }
      statuses.push((await behind.nobody.send('POST', '/auth/exchange', { code: 'stranger' }, cookie)).status)
    }
    assert.deepEqual(statuses, [403, 200])
  })

  test('through a gateway, as in one process', async () => {
    const gateway = await startTestApp({
      modules: [identity],
      keep: { dataDir: w.t.dataDir, databaseUrl: w.t.databaseUrl },
      config: { encryptKey: 'a key of thirty-two characters or more', urls: { identity: w.t.url } },
      options: { mounts: () => false },
    })
    try {
      const at = (path: string) => `${gateway.url}/api/v1${path}`
      const browser = openBrowser()
      const begun = await browser.open(`${at('/auth/spotify')}?returnTo=/home`)
      const landed = await agree(browser, begun, 'sam')
      const code = landed.url.searchParams.get('code')
      const session = await browser.script('POST', at('/auth/exchange'), { code }, COOKIES)
      assert.deepEqual([session.status, session.body.user?.username], [200, 'SamO'], JSON.stringify(session.body))
      assert.equal((await browser.script('GET', at('/auth/me'))).body.username, 'SamO')
      const { body } = await browser.script('POST', at('/auth/links/keycloak'), {}, { origin: gateway.url })
      const linked = await agree(browser, await browser.open(body.authUrl), 'ann')
      assert.equal(linked.url.searchParams.get('error'), 'identity_taken')
    } finally {
      await gateway.stop()
    }
  })

  test('a provider that is away is said to be, and nothing is broken when it is back', async () => {
    const away = { issuer: 'http://127.0.0.1:9', clientId: 'x', clientSecret: undefined, label: 'Away' }
    const other = await openWorld({ config: { oidc: { away } } })
    try {
      const answer = await other.t.nobody.get('/auth/oidc/away/login')
      assert.deepEqual([answer.status, answer.body.code], [503, 'provider_unreachable'])
      assert.ok(Number(answer.headers.get('retry-after')) > 0)
      const page = await openBrowser().open(other.at('/auth/oidc/away/login?returnTo=/home'))
      assert.equal(page.url.search, '?error=provider_unreachable&returnTo=%2Fhome')
      other.spotify.people.set('sam', { id: 'sam-1', email: 's@example.org', display_name: 'Sam', country: 'DE' })
      other.spotify.limit(1, 7)
      const browser = openBrowser()
      const landed = await other.signIn(browser, 'spotify', 'sam')
      assert.equal(landed.url.search, '?error=provider_unreachable')
      assert.ok((await other.signIn(browser, 'spotify', 'sam')).url.searchParams.has('code'))
    } finally {
      await other.stop()
    }
  })
})
