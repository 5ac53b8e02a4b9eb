import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import { agree, type Browser, COOKIES, openBrowser, openWorld, type World } from './testing-world.ts'

const PASSWORD = 'correct horse battery'

const linksOf = async (client: Client) =>
  (await client.get('/auth/links')).body.items as {
    id: string
    provider: string
    label: string
    name: string
    email: string
  }[]

describe('linking accounts of others with one’s own', () => {
  let w: World
  let count = 0
  before(async () => {
    w = await openWorld()
    for (const name of ['ann', 'eve', 'kim', 'app', 'only'])
      w.spotify.people.set(name, { id: `sp-${name}`, email: `${name}@example.org`, display_name: name, country: 'DE' })
    for (const name of ['ann', 'eve', 'only']) w.oidc.people.set(name, { sub: `kc-${name}`, name })
  })
  after(() => w.stop())

  /** Somebody signed in to the web app by cookie. */
  async function person(): Promise<{ browser: Browser; client: Client }> {
    const username = `person${++count}`
    const client = await w.register({ username, email: `${username}@example.org`, isVerified: false })
    const browser = openBrowser()
    await browser.script('POST', w.at('/auth/login'), { username, password: PASSWORD }, COOKIES)
    return { browser, client }
  }
  const begin = (browser: Browser, provider: string, body: object = {}) =>
    browser.script('POST', w.at(`/auth/links/${provider}`), body, COOKIES)
  async function link(browser: Browser, provider: string, name: string) {
    const { body } = await begin(browser, provider, { returnTo: '/settings/links' })
    return agree(browser, await browser.open(body.authUrl), name)
  }
  test('in the browser that began, at once; then one signs in with it', async () => {
    const { browser, client } = await person()
    const landed = await link(browser, 'spotify', 'ann')
    assert.equal(landed.url.search, '?linked=spotify&returnTo=%2Fsettings%2Flinks')
    await link(browser, 'keycloak', 'ann')
    const [spotify, keycloak] = await linksOf(client)
    assert.deepEqual(
      [spotify?.provider, spotify?.label, spotify?.name, spotify?.email],
      ['spotify', 'Spotify', 'ann', 'ann@example.org'],
    )
    assert.deepEqual([keycloak?.provider, keycloak?.label], ['keycloak', 'Keycloak'])
    for (const provider of ['spotify', 'keycloak'] as const) {
      const other = openBrowser()
      const { body } = await w.exchange(other, await w.signIn(other, provider, 'ann'))
      assert.equal(body.user.id, client.userId)
    }
  })

  test('what is linked with another account is not linked again', async () => {
    const { browser, client } = await person()
    assert.equal((await link(browser, 'spotify', 'ann')).url.searchParams.get('error'), 'identity_taken')
    assert.deepEqual(await linksOf(client), [])
  })

  test('linking twice is linking once', async () => {
    const { browser, client } = await person()
    await link(browser, 'spotify', 'kim')
    assert.equal((await link(browser, 'spotify', 'kim')).url.searchParams.get('linked'), 'spotify')
    assert.equal((await linksOf(client)).length, 1)
  })

  test('a link that one began does not take in somebody else who opens its address', async () => {
    const eve = await person()
    const { body } = await begin(eve.browser, 'spotify')
    const victim = await person()
    const landed = await agree(victim.browser, await victim.browser.open(body.authUrl), 'eve')
    assert.deepEqual([...landed.url.searchParams.keys()], ['linkCode'])
    const linkCode = landed.url.searchParams.get('linkCode')
    const byVictim = await victim.browser.script('POST', w.at('/auth/links'), { linkCode })
    assert.deepEqual([byVictim.status, byVictim.body.code], [403, 'code_not_bound'])
    assert.equal((await eve.client.post('/auth/links', { linkCode })).body.code, 'code_invalid', 'spent by the try')
    for (const client of [eve.client, victim.client]) assert.deepEqual(await linksOf(client), [])
  })

  test('an app whose browser is not signed in completes the link itself', async () => {
    const { client } = await person()
    const begun = await client.post('/auth/links/spotify', {})
    assert.equal(begun.status, 200, begun.text)
    const browser = openBrowser()
    const landed = await agree(browser, await browser.open(String(begun.body.authUrl)), 'app')
    const linkCode = landed.url.searchParams.get('linkCode')
    assert.equal((await w.t.nobody.post('/auth/links', { linkCode })).status, 401)
    const asSession = await w.t.nobody.post('/auth/exchange', { code: linkCode })
    assert.equal(asSession.body.code, 'code_invalid', 'a code of a link opens no session')
    const again = await agree(
      browser,
      await browser.open(String((await client.post('/auth/links/spotify')).body.authUrl)),
      'app',
    )
    const done = await client.post('/auth/links', { linkCode: again.url.searchParams.get('linkCode') })
    assert.deepEqual([done.status, done.body.provider, done.body.name], [200, 'spotify', 'app'])
    assert.equal((await linksOf(client)).length, 1)
  })

  test('who opened the server as localhost comes back there, where they are signed in', async () => {
    const { browser } = await person()
    const local = w.t.url.replace('127.0.0.1', 'localhost')
    const username = `person${count}`
    await browser.script('POST', `${local}/api/v1/auth/login`, { username, password: PASSWORD }, COOKIES)
    w.spotify.people.set('local', { id: 'sp-local', email: 'l@example.org', display_name: 'l', country: 'DE' })
    const { body } = await browser.script('POST', `${local}/api/v1/auth/links/spotify`, {})
    const elsewhere = openBrowser()
    const landed = await agree(elsewhere, await elsewhere.open(body.authUrl), 'local')
    assert.equal(landed.url.origin, local)
    const linkCode = landed.url.searchParams.get('linkCode')
    assert.equal((await browser.script('POST', `${local}/api/v1/auth/links`, { linkCode })).status, 200)
    const evil = { origin: 'https://evil.example' }
    const client = await w.register({ username: 'elsewhere', email: 'e@example.org', isVerified: false })
    const begun = await client.send('POST', '/auth/links/spotify', {}, evil)
    const back = await agree(elsewhere, await elsewhere.open(String(begun.body.authUrl)), 'local')
    assert.equal(back.url.origin, w.t.url)
  })

  test('a code of a sign-in makes no link', async () => {
    const { client } = await person()
    const landed = await w.signIn(openBrowser(), 'keycloak', 'eve')
    const answer = await client.post('/auth/links', { linkCode: landed.url.searchParams.get('code') })
    assert.deepEqual([answer.status, answer.body.code], [401, 'code_invalid'])
  })

  test('one takes away what is one’s own', async () => {
    const { browser, client } = await person()
    w.spotify.people.set('mine', { id: 'sp-mine', email: 'm@example.org', display_name: null, country: 'DE' })
    await link(browser, 'spotify', 'mine')
    const [mine] = await linksOf(client)
    assert.ok(mine)
    const other = await person()
    for (const stranger of [other.client, await w.t.as('admin')])
      assert.equal((await stranger.delete(`/auth/links/${mine.id}`)).status, 404)
    assert.equal((await client.delete(`/auth/links/${mine.id}`)).status, 204)
    assert.equal((await client.delete(`/auth/links/${mine.id}`)).status, 404)
    assert.deepEqual(await w.sql(`select id from identity.identities where subject = 'sp-mine'`), [])
    const actions = await w.sql('select action from identity.audit_log where subject_id = $1 order by id', [
      client.userId,
    ])
    assert.deepEqual(
      actions.slice(-2).map((r) => r.action),
      ['identity.linked', 'identity.unlinked'],
    )
  })

  test('the last way to sign in stays; of two that go at once, one does', async () => {
    const browser = openBrowser()
    await w.exchange(browser, await w.signIn(browser, 'keycloak', 'only'))
    const remove = (id: string) => browser.script('DELETE', w.at(`/auth/links/${id}`))
    const list = async () => (await browser.script('GET', w.at('/auth/links'))).body.items as { id: string }[]
    const refused = await remove((await list())[0]?.id ?? '')
    assert.deepEqual([refused.status, refused.body.code], [409, 'last_sign_in'])
    await link(browser, 'spotify', 'only')
    const both = await list()
    assert.equal(both.length, 2)
    const answers = await Promise.all(both.map((l) => remove(l.id)))
    assert.deepEqual(answers.map((a) => a.status).sort(), [204, 409])
    assert.equal((await list()).length, 1)
  })

  test('a link with a provider that is not set up any more is no way in', async () => {
    w.oidc.people.set('old', { sub: 'kc-old', name: 'old' })
    const browser = openBrowser()
    const { body } = await w.exchange(browser, await w.signIn(browser, 'keycloak', 'old'))
    await w.sql(
      `insert into identity.identities (id, user_id, provider, issuer, subject)
       values (gen_random_uuid(), $1, 'oidc:former', 'https://former.example.org', 'x')`,
      [body.user.id],
    )
    const { items } = (await browser.script('GET', w.at('/auth/links'))).body as {
      items: { id: string; label: string; provider: string }[]
    }
    const living = items.find((l) => l.provider === 'keycloak')
    assert.equal(items.find((l) => l.provider === 'former')?.label, 'former.example.org')
    const answer = await browser.script('DELETE', w.at(`/auth/links/${living?.id}`))
    assert.equal(answer.body.code, 'last_sign_in')
  })

  test('an API key is not enough to change who may act as the account', async () => {
    const { client } = await person()
    const made = await client.post('/auth/api-keys', { name: 'all', scopes: ['read', 'write'] })
    assert.equal(made.status, 201, made.text)
    const key = { authorization: `Bearer ${made.body.key}` }
    for (const [method, path] of [
      ['GET', '/auth/links'],
      ['POST', '/auth/links/spotify'],
      ['DELETE', '/auth/links/00000000-0000-7000-8000-000000000000'],
    ] as const) {
      const answer = await w.t.nobody.send(method, path, method === 'POST' ? {} : undefined, key)
      assert.ok([401, 403].includes(answer.status), `${method} ${path}: ${answer.text}`)
    }
  })
})
