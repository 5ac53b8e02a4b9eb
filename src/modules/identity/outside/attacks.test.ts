import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { agree, type Browser, COOKIES, openBrowser, openWorld, type Page, type World } from './testing-world.ts'

const KEYCLOAK = '/auth/oidc/keycloak/login'
const changed = (page: Page, change: (q: URLSearchParams) => void): string => {
  const url = new URL(page.url)
  change(url.searchParams)
  return url.href
}

describe('attacks on signing in with others', () => {
  let w: World
  before(async () => {
    w = await openWorld()
    w.oidc.people.set('ann', { sub: 'kc-ann', email: 'ann@example.org', email_verified: true, name: 'Ann Lee' })
    w.oidc.people.set('eve', { sub: 'kc-eve', email: 'eve@example.org', email_verified: true, name: 'Eve' })
    w.spotify.people.set('ann', { id: 'sp-ann', email: 'ann@example.org', display_name: 'Ann', country: 'DE' })
    w.spotify.people.set('eve', { id: 'sp-eve', email: 'eve@example.org', display_name: 'Eve', country: 'DE' })
  })
  after(() => w.stop())

  const isCallback = (url: URL) => url.origin === w.t.url && url.pathname.endsWith('/callback')
  /** Up to the address with the provider's code, which is not opened. */
  async function upToCallback(
    browser: Browser,
    path: string,
    person: string,
    change?: (authUrl: URL) => void,
  ): Promise<Page> {
    const { body } = await browser.script('GET', w.at(path))
    const authUrl = new URL(body.authUrl)
    change?.(authUrl)
    const page = await browser.open(authUrl.href, { until: isCallback })
    return page.status === 0 ? page : browser.submit(page, { login: person, choice: 'agree' }, { until: isCallback })
  }
  const errorAt = async (browser: Browser, address: string): Promise<string | null> => {
    const landed = await browser.open(address)
    assert.equal(landed.url.origin + landed.url.pathname, `${w.t.url}/signed-in`)
    assert.ok(!landed.url.searchParams.has('code'), landed.url.href)
    return landed.url.searchParams.get('error')
  }

  for (const path of [KEYCLOAK, '/auth/spotify/login'])
    test(`a state is good once, here, for ten minutes, and not a made-up one: ${path}`, async () => {
      const browser = openBrowser()
      const page = await upToCallback(browser, path, 'ann')
      const made = changed(page, (q) => q.set('state', randomBytes(32).toString('base64url')))
      assert.equal(await errorAt(browser, made), 'flow_invalid')
      assert.equal(
        await errorAt(
          browser,
          changed(page, (q) => q.delete('state')),
        ),
        'flow_invalid',
      )
      assert.ok((await browser.open(page.url.href)).url.searchParams.has('code'))
      assert.equal(await errorAt(browser, page.url.href), 'flow_invalid')
      const late = await upToCallback(browser, path, 'ann')
      await w.sql(`update identity.flows set expires_at = now() - interval '1 second'`)
      assert.equal(await errorAt(browser, late.url.href), 'flow_invalid')
    })

  test('a state of one provider is not good at another, and is spent', async () => {
    const browser = openBrowser()
    const page = await upToCallback(browser, KEYCLOAK, 'ann')
    const mixed = page.url.href.replace('/auth/oidc/keycloak/', '/auth/spotify/')
    assert.equal(await errorAt(browser, mixed), 'flow_invalid')
    assert.equal(await errorAt(browser, page.url.href), 'flow_invalid')
  })

  test('an answer of another issuer, or of none, is refused', async () => {
    for (const change of [
      (q: URLSearchParams) => q.set('iss', 'https://evil.example'),
      (q: URLSearchParams) => q.delete('iss'),
    ]) {
      const browser = openBrowser()
      const page = await upToCallback(browser, KEYCLOAK, 'ann')
      assert.equal(page.url.searchParams.get('iss'), w.oidc.issuer)
      assert.equal(await errorAt(browser, changed(page, change)), 'provider_refused')
    }
  })

  test('an ID token with another nonce is refused', async () => {
    const browser = openBrowser()
    const page = await upToCallback(browser, KEYCLOAK, 'ann', (u) => u.searchParams.set('nonce', 'another'))
    assert.equal(await errorAt(browser, page.url.href), 'provider_refused')
  })

  test("a stranger's code put into one's own sign-in is refused: it has another verifier", async () => {
    for (const path of [KEYCLOAK, '/auth/spotify/login']) {
      const stolen = (await upToCallback(openBrowser(), path, 'eve')).url.searchParams.get('code') ?? ''
      const browser = openBrowser()
      const page = await upToCallback(browser, path, 'ann')
      assert.equal(
        await errorAt(
          browser,
          changed(page, (q) => q.set('code', stolen)),
        ),
        'provider_refused',
        path,
      )
    }
  })

  test('taking PKCE out of the way there does not take it out here', async () => {
    const browser = openBrowser()
    const page = await upToCallback(browser, '/auth/spotify/login', 'ann', (u) => {
      u.searchParams.delete('code_challenge')
      u.searchParams.delete('code_challenge_method')
    })
    assert.ok(page.url.searchParams.has('code'))
    assert.equal(await errorAt(browser, page.url.href), 'provider_refused')
  })

  test("what a provider's error says is not repeated", async () => {
    const { body } = await openBrowser().script('GET', w.at('/auth/spotify'))
    const state = new URL(body.authUrl).searchParams.get('state') ?? ''
    const address = `${w.at('/auth/spotify/callback')}?error=%3Cscript%3E&error_description=call+0900&state=${state}`
    const landed = await openBrowser().open(address)
    assert.equal(landed.url.search, '?error=provider_refused')
  })

  test('a code is good for a minute', async () => {
    const browser = openBrowser()
    const landed = await w.signIn(browser, 'keycloak', 'ann')
    await w.sql(`update identity.exchange_codes set expires_at = now() - interval '1 second'`)
    const answer = await w.exchange(browser, landed)
    assert.deepEqual([answer.status, answer.body.code], [401, 'code_invalid'])
  })

  describe('login CSRF: nobody is signed in to the account of another', () => {
    test('with the answer that a stranger got from the provider', async () => {
      const page = await upToCallback(openBrowser(), KEYCLOAK, 'eve')
      const victim = openBrowser()
      await victim.script('GET', w.at(KEYCLOAK))
      const landed = await victim.open(page.url.href)
      const answer = await w.exchange(victim, landed)
      assert.deepEqual([answer.status, answer.body.code], [403, 'code_not_bound'])
      assert.equal((await victim.script('GET', w.at('/auth/me'))).status, 401)
    })

    test('with the code that a stranger brought back', async () => {
      const begun = openBrowser()
      await begun.script('GET', w.at(KEYCLOAK))
      for (const victim of [openBrowser(), begun]) {
        const landed = await w.signIn(openBrowser(), 'keycloak', 'eve')
        const answer = await w.exchange(victim, landed)
        assert.deepEqual([answer.status, answer.body.code], [403, 'code_not_bound'])
        assert.equal((await w.exchange(victim, landed)).body.code, 'code_invalid', 'spent by the try')
      }
    })
    test('nor by saying in the body what only the browser can carry', async () => {
      const eve = openBrowser()
      const landed = await w.signIn(eve, 'keycloak', 'eve')
      const binding = eve.cookies('127.0.0.1').find((c) => c.name === 'tutti-flow')?.value
      const answer = await w.exchange(openBrowser(), landed, { binding, mode: 'bearer' })
      assert.deepEqual([answer.status, answer.body.code], [403, 'code_not_bound'])
    })

    test('the binding is a cookie that no script reads and no foreign form sends', async () => {
      const browser = openBrowser()
      await browser.script('GET', w.at(KEYCLOAK))
      const cookie = browser.cookies('127.0.0.1').find((c) => c.name === 'tutti-flow')
      assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.path], [true, 'lax', '/'])
      const life = (cookie?.expiresAt ?? 0) - Date.now()
      assert.ok(life > 0 && life <= 600_000, `${life} ms`)
      const [row] = await w.sql('select count(*)::int as n from identity.flows where binding_hash is null')
      assert.equal(row?.n, 0)
    })
  })

  test('returnTo leads nowhere else', async () => {
    const evil = [
      'https://evil.example',
      '//evil.example',
      '///evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/.//evil.example',
      '/..//evil.example',
      '/%2e%2e//evil.example',
      '/a/..//evil.example',
      '/\t/evil.example',
      '/\n/evil.example',
      'javascript:alert(1)',
      'evil.example',
      '@evil.example',
      '/a b',
      `/${'a'.repeat(600)}`,
    ]
    for (const returnTo of evil)
      for (const path of [KEYCLOAK, '/auth/spotify']) {
        const answer = await w.t.nobody.get(`${path}?returnTo=${encodeURIComponent(returnTo)}`, {
          accept: 'application/json',
        })
        assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_input'], JSON.stringify(returnTo))
      }
    const signed = await (await w.t.as('user')).send('POST', '/auth/links/spotify', { returnTo: '//evil.example' })
    assert.equal(signed.status, 400)
  })

  test('a blocked account has no way in, at no step', async () => {
    const browser = openBrowser()
    const landed = await w.signIn(browser, 'keycloak', 'eve')
    await w.sql(`update identity.users set is_blocked = true where email = 'eve@example.org'`)
    const answer = await w.exchange(browser, landed)
    assert.deepEqual([answer.status, answer.body.code], [403, 'account_blocked'])
    assert.equal((await w.signIn(openBrowser(), 'keycloak', 'eve')).url.search, '?error=account_blocked')
    await w.sql(`update identity.users set is_blocked = false where email = 'eve@example.org'`)
  })

  test('who opens the server as localhost begins where they will come back to', async () => {
    const browser = openBrowser()
    const local = w.at('/auth/spotify/login').replace('127.0.0.1', 'localhost')
    const landed = await agree(browser, await browser.open(`${local}?returnTo=/home`), 'ann')
    assert.equal(landed.url.origin, w.t.url)
    assert.equal(landed.url.searchParams.get('returnTo'), '/home')
    assert.equal(
      (await browser.script('POST', w.at('/auth/exchange'), { code: landed.url.searchParams.get('code') }, COOKIES))
        .status,
      200,
    )
  })
})
