import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openBrowser, openWorld, type World } from './testing-world.ts'

describe('who somebody becomes whom a provider has named', () => {
  let w: World
  let count = 0
  before(async () => {
    w = await openWorld()
  })
  after(() => w.stop())

  /** Signs in as a new person of the provider and answers the account. */
  async function arrive(claims: object, sub = `sub-${++count}`) {
    w.oidc.people.set(sub, { sub, ...claims })
    const browser = openBrowser()
    const { status, body } = await w.exchange(browser, await w.signIn(browser, 'keycloak', sub), {}, {})
    assert.equal(status, 200, JSON.stringify(body))
    return body.user as {
      id: string
      username: string
      email: string | null
      emailVerified: boolean
      displayName: string
    }
  }

  test('a proven e-mail on both sides is the same person', async () => {
    const mia = await w.register({ username: 'mia', email: 'mia@example.org', isVerified: true })
    const user = await arrive({ email: 'MIA@example.org', email_verified: true, name: 'Somebody' })
    assert.equal(user.id, mia.userId)
    assert.equal(user.username, 'mia')
    const { body } = await mia.get('/auth/links')
    assert.deepEqual([body.items[0].provider, body.items[0].email], ['keycloak', 'MIA@example.org'])
  })

  test('pre-hijacking: who registers the e-mail of another beforehand gets nothing of theirs', async () => {
    const eve = await w.register({ username: 'hijacker', email: 'victim@example.org', isVerified: false })
    const victim = await arrive({ email: 'victim@example.org', email_verified: true, name: 'Victim' }, 'sub-victim')
    assert.notEqual(victim.id, eve.userId)
    assert.deepEqual([victim.email, victim.emailVerified], [null, false])
    assert.deepEqual((await eve.get('/auth/links')).body.items, [])
    const again = await arrive({ email: 'victim@example.org', email_verified: true, name: 'Victim' }, 'sub-victim')
    assert.equal(again.id, victim.id)
    // Also when the address was proven later: what was decided at first stays.
    await w.sql('update identity.users set email_verified_at = now() where id = $1', [eve.userId])
    const later = await arrive({ email: 'victim@example.org', email_verified: true, name: 'Victim' }, 'sub-victim')
    assert.equal(later.id, victim.id)
  })

  test('an e-mail that the provider does not vouch for opens nothing and is not taken', async () => {
    const held = await w.register({ username: 'holder', email: 'held@example.org', isVerified: true })
    for (const vouched of [false, undefined, 'false', 1]) {
      const user = await arrive({ email: 'held@example.org', email_verified: vouched, name: 'Mallory' })
      assert.notEqual(user.id, held.userId)
      assert.equal(user.email, null)
    }
    const open = await w.register({ username: 'opener', email: 'open@example.org', isVerified: false })
    const both = await arrive({ email: 'open@example.org', email_verified: false })
    assert.notEqual(both.id, open.userId)
    assert.equal((await arrive({ email: 'free@example.org', email_verified: false })).email, null)
  })

  test('an address that only looks the same in small letters is another one', async () => {
    const kim = await w.register({ username: 'kim', email: 'kim@example.org', isVerified: true })
    for (const email of ['\u212aim@example.org', 'kim@example.org\r\nBcc: eve@example.org', 'K\u0130m@example.org']) {
      const user = await arrive({ email, email_verified: true })
      assert.notEqual(user.id, kim.userId)
      assert.equal(user.email, null)
    }
  })

  test('a vouched e-mail that nobody has is taken, as proven', async () => {
    const user = await arrive({ email: 'Free@Example.org', email_verified: true })
    assert.deepEqual([user.email, user.emailVerified], ['free@example.org', true])
  })

  test("Spotify's e-mail is never a proof", async () => {
    const owner = await w.register({ username: 'owner', email: 'owner@example.org', isVerified: true })
    w.spotify.people.set('x', { id: 'sp-x', email: 'owner@example.org', display_name: 'Owner', country: 'DE' })
    const browser = openBrowser()
    const { body } = await w.exchange(browser, await w.signIn(browser, 'spotify', 'x'))
    assert.notEqual(body.user.id, owner.userId)
    assert.equal(body.user.email, null)
  })

  test('a blocked account is not opened by its e-mail either', async () => {
    const gone = await w.register({ username: 'gone', email: 'gone@example.org', isVerified: true })
    await w.sql('update identity.users set is_blocked = true where id = $1', [gone.userId])
    w.oidc.people.set('gone', { sub: 'sub-gone', email: 'gone@example.org', email_verified: true })
    assert.equal((await w.signIn(openBrowser(), 'keycloak', 'gone')).url.search, '?error=account_blocked')
    assert.deepEqual(await w.sql(`select id from identity.identities where subject = 'sub-gone'`), [])
  })

  test('names make usernames: free, short, in plain letters, and never out of an e-mail', async () => {
    const cases: [object, RegExp][] = [
      [{ name: 'Zoë Ångström' }, /^ZoeAngstrom$/],
      [{ name: 'Zoë Ångström' }, /^ZoeAngstrom\d{4}$/],
      [{ name: 'x', preferred_username: 'bach.js' }, /^bach\.js$/],
      [{ preferred_username: 'secret.address@example.org', name: 'Kim Park' }, /^KimPark$/],
      [{ name: 'Иван' }, /^listener\d{4}$/],
      [{ name: '王' }, /^listener\d{4}$/],
      [{}, /^listener\d{4}$/],
      [{ name: '_-.--' }, /^listener\d{4}$/],
      [{ name: 'A'.repeat(300) }, /^A{20}$/],
      [{ name: 'A'.repeat(300) }, /^A{16}\d{4}$/],
      [{ name: "Rob'); drop table users;--" }, /^Robdroptableusers--$/],
    ]
    for (const [claims, expected] of cases)
      assert.match((await arrive(claims)).username, expected, JSON.stringify(claims))
    const odd = await arrive({ name: `a\u0000b\n\ud800${'💥'.repeat(60)}` })
    assert.ok(odd.displayName.startsWith('a b') && odd.displayName.length <= 80, odd.displayName)
    assert.ok(odd.displayName.isWellFormed())
  })

  test('many first sign-ins of one person at the same time make one account', async () => {
    w.oidc.people.set('twin', { sub: 'sub-twin', email: 'twin@example.org', email_verified: true, name: 'Twin' })
    const ids = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const browser = openBrowser()
        return (await w.exchange(browser, await w.signIn(browser, 'keycloak', 'twin'))).body.user.id as string
      }),
    )
    assert.equal(new Set(ids).size, 1)
    const [row] = await w.sql(`select count(*)::int as n from identity.identities where subject = 'sub-twin'`)
    assert.equal(row?.n, 1)
  })

  test('what happened stands in the audit log', async () => {
    const user = await arrive({ name: 'Audited' })
    const rows = await w.sql('select action, detail from identity.audit_log where subject_id = $1 order by id', [
      user.id,
    ])
    assert.deepEqual(
      rows.map((r) => r.action),
      ['account.registered', 'identity.linked', 'sign-in.succeeded'],
    )
    assert.deepEqual(rows[2]?.detail, { method: 'oidc:keycloak' })
  })

  test('the first account: only where it needs no set-up code', async () => {
    const fresh = await openWorld({ isFirst: true })
    try {
      fresh.oidc.people.set('first', { sub: 'first', name: 'First One' })
      await fresh.sql(`insert into identity.setup_code (code) values ('ABCDEF')`)
      assert.equal((await fresh.signIn(openBrowser(), 'keycloak', 'first')).url.search, '?error=setup_code_needed')
      assert.deepEqual(await fresh.sql('select id from identity.users'), [])
      await fresh.sql('delete from identity.setup_code')
      const browser = openBrowser()
      const { body } = await fresh.exchange(browser, await fresh.signIn(browser, 'keycloak', 'first'))
      assert.equal(body.user.role, 'admin')
    } finally {
      await fresh.stop()
    }
  })
})
