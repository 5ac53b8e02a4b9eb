import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { clientFor } from '#kernel/testing.ts'
import { LETTERS_MAX } from './passwords.ts'
import { listen, OTHER_PASSWORD, PASSWORD, startWorld, type World } from './testing-world.ts'

describe('a forgotten password', () => {
  let w: World
  before(async () => {
    w = await startWorld()
    await w.account('admin')
  })
  after(() => w[Symbol.asyncDispose]())
  const forgot = (email: string) => w.t.nobody.post('/auth/forgot-password', { email })
  const reset = (token: string, password = OTHER_PASSWORD) =>
    w.t.nobody.post('/auth/reset-password', { token, password })
  /** The token of the newest link to choose a password. */
  const linkFor = async (email: string, nth = 1): Promise<string> => {
    await forgot(email)
    return w.t.eventually(
      async () => w.smtp.mails.filter((m) => m.to.includes(email) && m.plain.includes('/reset#')).at(nth - 1)?.token,
      `link ${nth} to ${email}`,
    )
  }

  test('is replaced by a mailed link, which ends all that the old one had opened', async () => {
    const ann = await w.account('ann')
    const other = await w.signIn('ann')
    const ears = await Promise.all([listen(w.t.url, ann.token), listen(w.t.url, other.token)])
    const unused = await linkFor(ann.email)
    const token = await linkFor(ann.email, 2)
    assert.equal((await reset(token)).status, 204)
    await Promise.all(ears.map((e) => e.closed))
    for (const a of [ann, other]) {
      assert.equal((await a.get('/auth/me')).body.code, 'session_ended')
      assert.equal((await a.post('/auth/refresh', { refreshToken: a.refreshToken })).status, 401)
    }
    assert.equal((await w.login('ann')).status, 401)
    assert.equal((await reset(unused)).body.code, 'link_invalid', 'the other links are dropped')
    const again = await w.login('ann', OTHER_PASSWORD)
    assert.equal(again.status, 200)
    assert.equal(again.body.user.emailVerified, true, 'who could read the mail has the address')
    const notice = await w.t.eventually(
      async () => w.smtp.mails.find((m) => m.to.includes(ann.email) && /password was changed/.test(m.plain)),
      'the notice',
    )
    assert.equal(notice.token, '')
    const told = await w.sql<{ action: string; address: string }>(
      `select action, address from identity.audit_log where subject_id = $1 and action like 'account.password%' order by id`,
      [ann.userId],
    )
    assert.deepEqual(
      told.map((e) => e.action),
      ['account.password-reset-asked', 'account.password-reset-asked', 'account.password-reset'],
    )
    assert.ok(told.every((e) => e.address === '127.0.0.1'))
  })

  test('a link works once, for an hour, for its purpose, and is kept as a hash only', async () => {
    const bob = await w.account('bob')
    const verifying = (await w.smtp.to(bob.email)).token
    const token = await linkFor(bob.email)
    assert.ok(token.length >= 43, 'more than 128 bits')
    for (const bad of ['x', verifying, token.slice(1), `${token}A`, token.toLowerCase(), '\u2028'.repeat(9)])
      assert.deepEqual([(await reset(bad)).status, (await reset(bad)).body.code], [400, 'link_invalid'], bad)
    const rows = await w.sql<{ all_of: string }>(
      `select t::text || encode(t.hash, 'escape') as all_of from identity.mail_tokens t`,
    )
    assert.ok(rows.length > 0 && rows.every((r) => !r.all_of.includes(token)))
    for (const weak of ['password123', 'bob@example.org']) {
      const refused = await reset(token, weak)
      assert.deepEqual([refused.status, refused.body.code], [400, 'weak_password'])
    }
    assert.equal((await reset(token)).status, 204, 'a weak password did not use it up')
    assert.equal((await reset(token)).body.code, 'link_invalid')
    const late = await linkFor(bob.email, 2)
    await w.sql(`update identity.mail_tokens set expires_at = now() - interval '1 second' where user_id = $1`, [
      bob.userId,
    ])
    assert.equal((await reset(late, PASSWORD)).body.code, 'link_invalid')
    assert.equal((await w.login('bob', OTHER_PASSWORD)).status, 200)
  })

  test('of two who use one link at once, one wins', async () => {
    const cat = await w.account('cat')
    const token = await linkFor(cat.email)
    const passwords = ['one of two racing', 'two of two racing']
    const both = await Promise.all(passwords.map((p) => reset(token, p)))
    assert.deepEqual(both.map((b) => b.status).sort(), [204, 400])
    const won = both.findIndex((b) => b.status === 204)
    for (const [i, p] of passwords.entries()) assert.equal((await w.login('cat', p)).status, i === won ? 200 : 401)
  })

  test('nobody learns who has an account: same answer, same rows, mail only to people', async () => {
    const dan = await w.account('dan')
    const eve = await w.account('eve')
    await w.sql('update identity.users set is_blocked = true where id = $1', [eve.userId])
    await w.settled()
    const mailsBefore = w.smtp.mails.length
    const told = ['dan@example.org', 'no-such-person@example.org', 'eve@example.org']
    const answers = []
    for (const email of told) answers.push(await forgot(email))
    for (const a of answers) assert.deepEqual([a.status, a.body], [202, { delivery: 'mail' }])
    await w.settled()
    const sent = w.smtp.mails.slice(mailsBefore)
    assert.deepEqual(
      sent.map((m) => m.to),
      [[dan.email]],
    )
    assert.deepEqual(await w.sql('select from identity.letters'), [], 'nothing of them is kept')
    const [eveTokens] = await w.sql<{ n: number }>(
      `select count(*) as n from identity.mail_tokens where user_id = $1 and purpose = 'reset'`,
      [eve.userId],
    )
    assert.equal(eveTokens?.n, 0)
  })

  test('links of who was blocked meanwhile do not work', async () => {
    const fay = await w.account('fay')
    const token = await linkFor(fay.email)
    await w.sql('update identity.users set is_blocked = true where id = $1', [fay.userId])
    assert.equal((await reset(token)).body.code, 'link_invalid')
  })

  test('an account that only signs in with others gets a password this way', async () => {
    const gus = await w.account('gus')
    await w.sql('update identity.users set password_hash = null where id = $1', [gus.userId])
    assert.equal((await w.login('gus', '')).status, 400)
    assert.equal((await w.login('gus')).status, 401)
    assert.equal((await reset(await linkFor(gus.email))).status, 204)
    assert.equal((await w.login('gus', OTHER_PASSWORD)).body.user.hasPassword, true)
  })

  test('who typed the address of somebody else keeps nothing when its owner takes the account over', async () => {
    const accounts = [await w.account('liz'), await w.account('max')] as const
    const [, max] = accounts
    const proof = (await w.smtp.to(max.email)).token
    assert.equal((await w.t.nobody.post('/auth/verify-email', { token: proof })).status, 200)
    const left = []
    for (const account of accounts) {
      const { key } = (await account.post('/auth/api-keys', { name: 'mine', scopes: ['read', 'write'] })).body
      await w.sql(
        `insert into identity.identities (id, user_id, provider, issuer, subject)
         values (gen_random_uuid(), $1, 'oidc:x', 'https://x.example', $2)`,
        [account.userId, account.username],
      )
      assert.equal((await clientFor(w.t.url, key, '').get('/users/me')).status, 200)
      assert.equal((await reset(await linkFor(account.email))).status, 204)
      const links = await w.sql('select from identity.identities where user_id = $1', [account.userId])
      left.push([(await clientFor(w.t.url, key, '').get('/users/me')).status, links.length])
    }
    assert.deepEqual(left, [
      [401, 0],
      [200, 1],
    ])
    const [told] = await w.sql<{ detail: object }>(
      `select detail from identity.audit_log where subject_id = $1 and action = 'account.password-reset'`,
      [accounts[0].userId],
    )
    assert.deepEqual(told?.detail, { sessions: 1, apiKeys: 1, links: 1 })
  })

  test('one address gets some letters an hour, whether it has an account or not', async () => {
    await w.account('hal')
    for (const email of ['hal@example.org', 'nobody-at-all@example.org']) {
      for (let i = 0; i < LETTERS_MAX; i++) assert.equal((await forgot(email)).status, 202)
      const refused = await forgot(email.toUpperCase())
      assert.deepEqual([refused.status, refused.body.code], [429, 'rate_limited'])
      assert.ok(Number(refused.headers.get('retry-after')) > 3000)
    }
  })

  test('at most five links of one account work at a time: the newest', async () => {
    const ida = await w.account('ida')
    for (let i = 0; i < 7; i++)
      await w.sql(
        `insert into identity.mail_tokens (hash, user_id, purpose, email, created_at, expires_at)
         values (sha256(convert_to('old' || $2, 'utf8')), $1, 'reset', 'ida@example.org', now() - interval '50 min', now() + interval '10 min')`,
        [ida.userId, i],
      )
    const token = await linkFor(ida.email)
    const kept = await w.sql(`select from identity.mail_tokens where user_id = $1 and purpose = 'reset'`, [ida.userId])
    assert.equal(kept.length, 5)
    assert.equal((await reset(token)).status, 204)
  })

  test('what the log says of all this holds no link, no e-mail and nothing of a letter', async () => {
    const jan = await w.account('jan')
    w.smtp.refused.add(jan.email)
    await forgot(jan.email)
    await w.settled()
    w.smtp.refused.clear()
    assert.match(w.said(), /A letter is given up: The mail server refused/)
    assert.doesNotMatch(w.said(), /#token=|@example\.org|Choose a new password|password was changed/)
    for (const { token } of w.smtp.mails) assert.ok(token === '' || !w.said().includes(token))
    const [failed] = await w.sql<{ n: number }>(`select count(*) as n from kernel.jobs where error like '%@%'`)
    assert.equal(failed?.n, 0)
  })

  test('a mail server that is down for a moment is tried again, with a link of its own each time', async () => {
    const kim = await w.account('kim')
    await w.settled()
    let refusals = 0
    w.smtp.onLetter = async () => (refusals++ === 0 ? 451 : undefined)
    const token = await linkFor(kim.email)
    w.smtp.onLetter = undefined
    assert.equal(refusals, 2)
    assert.match(w.said(), /will be tried again/)
    assert.doesNotMatch(w.said(), /#token=|@example\.org/)
    const links = await w.sql(`select from identity.mail_tokens where user_id = $1 and purpose = 'reset'`, [kim.userId])
    assert.equal(links.length, 2)
    assert.equal((await reset(token)).status, 204)
  })
})

/** Asks as if this server had another name. `fetch` would not send such a Host. */
function postAs(host: string, url: string, body: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { host, 'x-forwarded-host': host, forwarded: `host=${host}`, 'content-type': 'application/json' }
    const asked = request(`${url}/api/v1/auth/forgot-password`, { method: 'POST', headers }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode ?? 0))
    })
    asked.on('error', reject)
    asked.end(JSON.stringify(body))
  })
}

describe('where a link leads', () => {
  const cases = [
    { config: {}, leadsTo: (url: string) => url },
    { config: { publicUrl: 'https://music.example.org/' }, leadsTo: () => 'https://music.example.org' },
    {
      config: { publicUrl: 'https://music.example.org', frontendUrl: 'https://app.example.org/signed-in' },
      leadsTo: () => 'https://app.example.org',
    },
  ]
  for (const { config, leadsTo } of cases)
    test(`is what the configuration says, never what a request says: ${JSON.stringify(config)}`, async () => {
      // Beyond loopback a server answers to every name.
      await using w = await startWorld({ mail: true, config: { ...config, host: '0.0.0.0' } })
      await w.sql(`delete from identity.setup_code`)
      await w.account('ann')
      assert.equal(await postAs('evil.example', w.t.url, { email: 'ann@example.org' }), 202)
      const { plain, raw } = await w.t.eventually(
        async () => w.smtp.mails.find((m) => m.plain.includes('/reset#')),
        'the link',
      )
      assert.ok(plain.includes(`\n${leadsTo(w.t.url)}/reset#token=`), plain)
      assert.doesNotMatch(raw, /evil/)
    })
})

describe('without a mail server', () => {
  test('one place asks for some links a minute, for whomever', async () => {
    await using w = await startWorld({ mail: false, config: { rateLimitAuthPerMin: 3 } })
    const statuses = []
    for (const name of ['a', 'b', 'c', 'd'])
      statuses.push((await w.t.nobody.post('/auth/forgot-password', { email: `${name}@example.org` })).status)
    assert.deepEqual(statuses, [202, 202, 202, 429])
  })

  test('the link is in the log, and works', async () => {
    await using w = await startWorld({ mail: false })
    await w.account('ann')
    const asked = await w.t.nobody.post('/auth/forgot-password', { email: 'ann@example.org' })
    assert.deepEqual([asked.status, asked.body], [202, { delivery: 'log' }])
    const token = await w.t.eventually(async () => /reset#token=([\w-]+)/.exec(w.said())?.[1], 'the link')
    assert.match(w.said(), /SMTP_URL/)
    const reset = await w.t.nobody.post('/auth/reset-password', { token, password: OTHER_PASSWORD })
    assert.equal(reset.status, 204)
    assert.equal((await w.login('ann', OTHER_PASSWORD)).status, 200)
    await w.settled()
    assert.doesNotMatch(w.said(), /password was changed/, 'nobody is told by a log')
    assert.deepEqual(w.smtp.mails, [])
  })
})
