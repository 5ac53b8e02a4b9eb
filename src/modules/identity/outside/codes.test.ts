import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { SESSIONS_MAX } from '#modules/identity/sessions/open.ts'
import { openBrowser, openWorld, type World } from './testing-world.ts'

describe('codes of apps without cookies', () => {
  let w: World
  before(async () => {
    w = await openWorld()
    w.oidc.people.set('ann', { sub: 'kc-ann', email: 'ann@example.org', email_verified: true, name: 'Ann Lee' })
  })
  after(() => w.stop())

  const verifier = randomBytes(32).toString('base64url')
  const codeChallenge = createHash('sha256').update(verifier).digest('base64url')

  test('prove with the verifier of their challenge that they began', async () => {
    const query = `?codeChallenge=${codeChallenge}`
    for (const [more, code] of [
      [{}, 'code_verifier_wrong'],
      [{ codeVerifier: randomBytes(32).toString('base64url') }, 'code_verifier_wrong'],
    ] as const) {
      const landed = await w.signIn(openBrowser(), 'keycloak', 'ann', { query })
      const answer = await w.exchange(openBrowser(), landed, more, {})
      assert.deepEqual([answer.status, answer.body.code], [401, code])
      const late = await w.exchange(openBrowser(), landed, { codeVerifier: verifier }, {})
      assert.equal(late.body.code, 'code_invalid', 'spent by the wrong try')
    }
    const landed = await w.signIn(openBrowser(), 'keycloak', 'ann', { query })
    const session = await w.exchange(openBrowser(), landed, { codeVerifier: verifier }, {})
    assert.equal(session.status, 200)
    assert.ok(session.body.accessToken.length > 20)
  })

  test('a challenge is asked for in the browser, too', async () => {
    const browser = openBrowser()
    const landed = await w.signIn(browser, 'keycloak', 'ann', { query: `?codeChallenge=${codeChallenge}` })
    assert.equal((await w.exchange(browser, landed)).body.code, 'code_verifier_wrong')
  })

  test('without a challenge the code alone is enough, by bearer only', async () => {
    const landed = await w.signIn(openBrowser(), 'keycloak', 'ann')
    const session = await w.exchange(openBrowser(), landed, {}, {})
    assert.equal(session.status, 200)
    assert.equal(session.headers.getSetCookie().length, 0)
  })

  test('one session more than fits ends the one that was used longest ago, as with a password', async () => {
    const landed = await w.signIn(openBrowser(), 'keycloak', 'ann')
    const { body } = await w.exchange(openBrowser(), landed, {}, {})
    const sessions = 'from identity.sessions where user_id = $1 and ended_at is null'
    await w.sql(
      `insert into identity.sessions (id, user_id, used_at, expires_at)
       select gen_random_uuid(), $1, now() - interval '1 hour', now() + interval '1 day' from generate_series(1, $2)`,
      [body.user.id, SESSIONS_MAX],
    )
    await w.exchange(openBrowser(), await w.signIn(openBrowser(), 'keycloak', 'ann'), {}, {})
    assert.deepEqual(await w.sql(`select count(*)::int as n ${sessions}`, [body.user.id]), [{ n: SESSIONS_MAX }])
  })

  test('a challenge that is none is refused at the beginning', async () => {
    for (const bad of ['short', 'a'.repeat(44), `${'a'.repeat(42)}=`])
      assert.equal((await w.t.nobody.get(`/auth/spotify?codeChallenge=${bad}`)).status, 400, bad)
  })
})
