import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { system } from '#kernel/caller.ts'
import { apiOf } from '#kernel/app/wire.ts'
import { links } from '#modules/identity/schema.ts'
import { openBrowser, openWorld, type World } from './testing-world.ts'

const KEY_OF_NOW = 'a key of thirty-two characters or more'
const KEY_OF_LATER = 'another key of thirty-two characters or more'

type Token = { accessToken: string; expiresAt: string; scopes: string[] } | null

const ask = (world: World, userId: string): Promise<Token> => {
  const wired = world.t.app.wired.find((x) => x.module.name === 'identity')
  assert.ok(wired)
  return apiOf(wired, links)['outsideToken']?.(system('test'), { userId, provider: 'spotify' }) as Promise<Token>
}

describe('tokens of Spotify', () => {
  let w: World
  before(async () => {
    w = await openWorld()
  })
  after(() => w.stop())

  async function person(name: string): Promise<string> {
    w.spotify.people.set(name, { id: name, email: `${name}@example.org`, display_name: name, country: 'DE' })
    const browser = openBrowser()
    return (await w.exchange(browser, await w.signIn(browser, 'spotify', name))).body.user.id as string
  }
  const isAccepted = async (token: Token) =>
    (await fetch(`${w.spotify.url}/v1/me`, { headers: { authorization: `Bearer ${token?.accessToken}` } })).status ===
    200
  /** An hour later, here and there. */
  async function runOut(userId: string): Promise<void> {
    w.spotify.expireTokens()
    const vault = w.t.app.ports.vault
    const [row] = await w.sql('select id, tokens from identity.identities where user_id = $1', [userId])
    const about = `identity.identities:${String(row?.id)}:tokens`
    const tokens = JSON.parse(vault.open(String(row?.tokens), about) ?? '')
    const old = JSON.stringify({ ...tokens, expiresAt: new Date().toISOString() })
    await w.sql('update identity.identities set tokens = $2 where id = $1', [row?.id, vault.seal(old, about)])
  }

  test('are given out while they live, and renewed when they have run out', async () => {
    const id = await person('ann')
    const first = await ask(w, id)
    assert.ok(await isAccepted(first))
    assert.deepEqual((await ask(w, id))?.accessToken, first?.accessToken)
    assert.ok(first?.scopes.includes('playlist-read-private'))
    for (const rotates of [false, true, true, false]) {
      w.spotify.rotates = rotates
      await runOut(id)
      assert.ok(!(await isAccepted(first)))
      assert.ok(await isAccepted(await ask(w, id)), `rotates: ${rotates}`)
    }
  })

  test('are renewed once, however many ask, in however many processes', async () => {
    const id = await person('kim')
    w.spotify.rotates = true
    await runOut(id)
    const before = w.spotify.renewals
    const keep = { dataDir: w.t.dataDir, databaseUrl: w.t.databaseUrl }
    const other = await openWorld({ keep, config: spotifyOf(w) })
    try {
      const asked = Array.from({ length: 10 }, (_, i) => ask(i % 2 ? w : other, id))
      const tokens = new Set((await Promise.all(asked)).map((t) => t?.accessToken))
      assert.equal(tokens.size, 1)
      assert.equal(w.spotify.renewals - before, 1)
    } finally {
      await other.stop()
    }
  })

  test('are gone when the person takes the consent back, which is shown until they link again', async () => {
    const id = await person('sam')
    w.spotify.revoke('sam')
    await runOut(id)
    assert.equal(await ask(w, id), null)
    const before = w.spotify.renewals
    assert.equal(await ask(w, id), null)
    assert.equal(w.spotify.renewals, before, 'asked once only')
    const browser = openBrowser()
    await w.exchange(browser, await w.signIn(browser, 'spotify', 'sam'))
    const shown = async () => (await browser.script('GET', w.at('/auth/links'))).body.items[0].needsConsent
    assert.equal(await shown(), false)
    assert.ok(await isAccepted(await ask(w, id)))
    w.spotify.revoke('sam')
    await runOut(id)
    assert.equal(await ask(w, id), null)
    assert.equal(await shown(), true)
  })

  test('nobody without a link has one', async () => {
    assert.equal(await ask(w, (await w.t.as('admin')).userId), null)
  })

  test('a process that died while renewing holds nobody up for ever', async () => {
    const id = await person('zoe')
    await runOut(id)
    await w.sql(
      `update identity.identities set renewing_until = now() + interval '300 milliseconds' where user_id = $1`,
      [id],
    )
    assert.ok(await isAccepted(await ask(w, id)))
  })

  test('stand sealed in the database and nowhere else, and no row can pass for another', async () => {
    const [a, b] = [await person('one'), await person('two')]
    const token = await ask(w, a)
    const dump = JSON.stringify(
      await w.sql('select * from identity.identities, identity.flows, identity.exchange_codes'),
    )
    assert.ok(!dump.includes(String(token?.accessToken)))
    await w.sql(
      'update identity.identities set tokens = (select tokens from identity.identities where user_id = $1) where user_id = $2',
      [a, b],
    )
    assert.equal(await ask(w, b), null)
  })

  test('are sealed anew at the start after the key has changed', async () => {
    const id = await person('rotated')
    const former = (await ask(w, id))?.accessToken
    const keep = { dataDir: w.t.dataDir, databaseUrl: w.t.databaseUrl }
    const sealed = async () =>
      String((await w.sql('select tokens from identity.identities where user_id = $1', [id]))[0]?.tokens)
    const before = await sealed()
    const later = { ...spotifyOf(w), encryptKey: KEY_OF_LATER, encryptKeysPrevious: [KEY_OF_NOW] }
    const turned = await openWorld({ keep, config: later })
    const after = await sealed()
    assert.notEqual(after, before)
    assert.equal((await ask(turned, id))?.accessToken, former)
    await turned.stop()
    const without = await openWorld({ keep, config: { ...later, encryptKeysPrevious: [] } })
    assert.equal((await ask(without, id))?.accessToken, former)
    await without.stop()
    assert.equal(await sealed(), after)
  })
})

const spotifyOf = ({ spotify }: World) => ({
  spotifyClientId: spotify.clientId,
  spotifyClientSecret: spotify.clientSecret,
  spotifyAccountsUrl: spotify.url,
  spotifyApiUrl: spotify.url,
})
