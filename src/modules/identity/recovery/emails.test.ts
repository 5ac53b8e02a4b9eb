import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import { OTHER_PASSWORD, PASSWORD, startWorld, type World } from './testing-world.ts'

const me = async (client: Client) => (await client.get('/auth/me')).body

describe('e-mails where mail is sent', () => {
  let w: World
  before(async () => {
    w = await startWorld()
    await w.account('admin')
  })
  after(() => w[Symbol.asyncDispose]())
  const verify = (token: string) => w.t.nobody.post('/auth/verify-email', { token })
  const subjects = (email: string) =>
    w.smtp.mails.filter((m) => m.to.includes(email)).map((m) => /^Subject: (.*)\r$/m.exec(m.raw)?.[1])

  test('a new account is asked to prove its address, and does so once', async () => {
    const ann = await w.account('ann')
    assert.equal((await me(ann)).emailVerified, false)
    const { plain, token } = await w.smtp.to(ann.email)
    assert.ok(plain.includes(`${w.t.url}/verify#token=${token}`))
    const done = await verify(token)
    assert.deepEqual([done.status, done.body], [200, { emailVerified: true }])
    assert.equal((await me(ann)).emailVerified, true)
    assert.deepEqual([(await verify(token)).status, (await verify(token)).body.code], [400, 'link_invalid'])
    const again = await ann.post('/auth/verify-email/resend')
    assert.deepEqual([again.status, again.body], [202, { emailVerified: true }])
    await w.settled()
    assert.equal(subjects(ann.email).length, 1, 'nothing more was sent')
    assert.deepEqual(
      await w.sql(`select action from identity.audit_log where subject_id = $1 and action = 'account.email-verified'`, [
        ann.userId,
      ]),
      [{ action: 'account.email-verified' }],
    )
  })

  test('whoever registers with an address that is not theirs, again and again, does not fill the mailbox behind it', async () => {
    const email = 'kay@example.org'
    for (let i = 0; i < 8; i++) {
      const kay = await w.account('kay')
      for (const [now, next] of i === 0
        ? []
        : ([
            [PASSWORD, OTHER_PASSWORD],
            [OTHER_PASSWORD, PASSWORD],
          ] as const))
        assert.equal((await kay.post('/auth/change-password', { currentPassword: now, newPassword: next })).status, 200)
      await w.settled()
      assert.equal((await kay.post('/users/me/erase', { password: PASSWORD })).status, 204)
    }
    const told = subjects(email)
    assert.deepEqual(
      ['Is this your e-mail? (Tutti)', 'Your password was changed (Tutti)'].map(
        (subject) => told.filter((s) => s === subject).length,
      ),
      [5, 5],
    )
  })

  test('the link is sent again to whom asks, some times an hour; an old one is too old after a day', async () => {
    const bob = await w.account('bob')
    const { token: first } = await w.smtp.to(bob.email)
    await w.sql(`update identity.mail_tokens set expires_at = now() - interval '1 second'`)
    assert.equal((await verify(first)).body.code, 'link_invalid')
    assert.equal((await w.t.nobody.post('/auth/verify-email/resend')).status, 401)
    const answers = []
    for (let i = 0; i < 6; i++) answers.push(await bob.post('/auth/verify-email/resend'))
    assert.deepEqual(
      answers.map((a) => a.status),
      [202, 202, 202, 202, 202, 429],
    )
    assert.deepEqual(answers[0]?.body, { emailVerified: false })
    const { token } = await w.smtp.to(bob.email, 6)
    assert.equal((await verify(token)).status, 200)
  })

  test('a link to choose a password does not prove an address, nor the other way round', async () => {
    const cat = await w.account('cat')
    // The letters come one after the other: the first is there before the second is asked for.
    await w.smtp.to(cat.email)
    await w.t.nobody.post('/auth/forgot-password', { email: cat.email })
    const { token } = await w.smtp.to(cat.email, 2)
    assert.equal((await verify(token)).body.code, 'link_invalid')
  })

  test('another address takes effect when it is proven; the former is told and leads nowhere any more', async () => {
    const dan = await w.account('dan')
    const { token: ofOld } = await w.smtp.to(dan.email)
    await w.t.nobody.post('/auth/forgot-password', { email: dan.email })
    const { token: reset } = await w.smtp.to(dan.email, 2)
    const asked = await dan.post('/auth/change-email', { email: 'New-Dan@example.org', password: PASSWORD })
    assert.equal(asked.status, 200, asked.text)
    assert.deepEqual([asked.body.user.email, asked.body.pendingEmail], [dan.email, 'new-dan@example.org'])
    const { token } = await w.smtp.to('new-dan@example.org')
    const again = await dan.post('/auth/verify-email/resend')
    assert.equal(again.status, 202)
    assert.equal(
      (await verify((await w.smtp.to(dan.email, 3)).token)).status,
      200,
      'the present one may still be proven',
    )
    assert.equal((await me(dan)).email, dan.email, 'nothing has changed yet')
    assert.equal((await verify(token)).status, 200)
    const now = await me(dan)
    assert.deepEqual([now.email, now.emailVerified], ['new-dan@example.org', true])
    await w.settled()
    assert.match(String(subjects(dan.email).at(-1)), /e-mail was changed/)
    assert.equal((await verify(ofOld)).body.code, 'link_invalid', 'the old address does not come back')
    const late = await w.t.nobody.post('/auth/reset-password', { token: reset, password: OTHER_PASSWORD })
    assert.equal(late.body.code, 'link_invalid', 'who reads the old mailbox does not get in')
    assert.equal(
      (await w.t.nobody.post('/auth/login', { email: 'new-dan@example.org', password: PASSWORD })).status,
      200,
    )
  })

  test('of two changes only the last can take effect', async () => {
    const eve = await w.account('eve')
    const change = (email: string) => eve.post('/auth/change-email', { email, password: PASSWORD })
    await change('eve-1@example.org')
    const { token: first } = await w.smtp.to('eve-1@example.org')
    await change('eve-2@example.org')
    const { token: second } = await w.smtp.to('eve-2@example.org')
    assert.equal((await verify(first)).body.code, 'link_invalid')
    assert.equal((await verify(second)).status, 200)
  })

  test('an address that another account has is not told of, but by mail to its owner', async () => {
    const fay = await w.account('fay')
    await w.account('gus')
    const [free, taken] = [
      await fay.post('/auth/change-email', { email: 'free@example.org', password: PASSWORD }),
      await fay.post('/auth/change-email', { email: 'GUS@example.org', password: PASSWORD }),
    ]
    assert.deepEqual([free.status, taken.status], [200, 200])
    assert.deepEqual(
      { ...free.body, pendingEmail: 'gus@example.org' },
      taken.body,
      'the same but for the address that was given',
    )
    await w.settled()
    assert.match(String(subjects('gus@example.org').at(-1)), /have an account already/)
    assert.equal((await me(fay)).email, fay.email)
  })

  test('two who are promised one address: the first who proves it has it', async () => {
    const [hal, ida] = [await w.account('hal'), await w.account('ida')]
    for (const one of [hal, ida])
      await one.post('/auth/change-email', { email: 'both@example.org', password: PASSWORD })
    const tokens = [(await w.smtp.to('both@example.org')).token, (await w.smtp.to('both@example.org', 2)).token]
    const both = await Promise.all(tokens.map((t) => verify(t)))
    assert.deepEqual(both.map((b) => b.status).sort(), [200, 409])
    assert.equal(both.find((b) => b.status === 409)?.body.code, 'name_taken')
  })

  test('it needs the password; a change that a thief began ends with a new password', async () => {
    const jan = await w.account('jan')
    const without = await jan.post('/auth/change-email', { email: 'thief@example.org' })
    assert.deepEqual([without.status, without.body.code], [400, 'invalid_input'])
    const wrong = await jan.post('/auth/change-email', { email: 'thief@example.org', password: 'guessed' })
    assert.deepEqual([wrong.status, wrong.body.code], [403, 'wrong_password'])
    const right = await jan.post('/auth/change-email', { email: 'thief@example.org', password: PASSWORD })
    assert.equal(right.status, 200)
    const { token } = await w.smtp.to('thief@example.org')
    await w.t.nobody.post('/auth/forgot-password', { email: jan.email })
    const { token: reset } = await w.smtp.to(jan.email, 2)
    await w.t.nobody.post('/auth/reset-password', { token: reset, password: OTHER_PASSWORD })
    assert.equal((await verify(token)).body.code, 'link_invalid')
  })

  test('who has no password may do it right after signing in, and not later', async () => {
    const kim = await w.account('kim')
    await w.sql('update identity.users set password_hash = null, email = null where id = $1', [kim.userId])
    const none = await kim.post('/auth/verify-email/resend')
    assert.deepEqual([none.status, none.body.code], [409, 'no_email'])
    const fresh = await kim.post('/auth/change-email', { email: 'kim-new@example.org' })
    assert.equal(fresh.status, 200, fresh.text)
    assert.equal((await verify((await w.smtp.to('kim-new@example.org')).token)).status, 200)
    assert.equal((await me(kim)).email, 'kim-new@example.org')
    await w.sql(`update identity.sessions set created_at = now() - interval '11 minutes' where user_id = $1`, [
      kim.userId,
    ])
    for (const [path, body] of [
      ['/auth/change-email', { email: 'kim-2@example.org' }],
      ['/auth/change-password', { newPassword: OTHER_PASSWORD }],
    ] as const) {
      const late = await kim.post(path, body)
      assert.deepEqual([late.status, late.body.code], [403, 'sign_in_again'])
    }
  })

  test('what has run out is removed', async () => {
    const lea = await w.account('lea')
    await w.settled()
    const insert = (table: string, columns: string, ages: string) =>
      w.sql(`insert into identity.${table} (${columns}) select ${ages} from generate_series(1, 2) i`)
    await insert(
      'letters',
      'id, kind, email, created_at',
      `gen_random_uuid(), 'reset', 'x', now() - i * interval '20 h'`,
    )
    await w.sql(`update identity.mail_tokens set expires_at = now() - interval '1 s' where user_id = $1`, [lea.userId])
    await insert(
      'exchange_codes',
      'hash, user_id, method, expires_at',
      `sha256(i::text::bytea), '${lea.userId}', 'oidc:x', now() + (i - 1.5) * interval '1 h'`,
    )
    const task = w.t.app.wired
      .flatMap((one) => one.running.cron ?? [])
      .find((cron) => cron.name === 'identity.prune-links')
    await task?.run(new AbortController().signal)
    const left = async (table: string, where: string) =>
      (await w.sql(`select from identity.${table} where ${where}`)).length
    assert.deepEqual(
      [
        await left('letters', `kind = 'reset' and email = 'x'`),
        await left('mail_tokens', `user_id = '${lea.userId}'`),
        await left('exchange_codes', `user_id = '${lea.userId}'`),
      ],
      [1, 0, 1],
    )
  })
})

describe('e-mails where no mail is sent', () => {
  test('nobody is asked to prove anything, and a change takes effect at once, unproven', async () => {
    await using w = await startWorld({ mail: false })
    const ann = await w.account('ann')
    await w.account('bob')
    assert.deepEqual(await w.sql('select from identity.letters'), [])
    const resend = await ann.post('/auth/verify-email/resend')
    assert.deepEqual([resend.status, resend.body.code], [503, 'mail_not_configured'])
    const taken = await ann.post('/auth/change-email', { email: 'bob@example.org', password: PASSWORD })
    assert.deepEqual([taken.status, taken.body.code], [409, 'name_taken'])
    const changed = await ann.post('/auth/change-email', { email: 'ann-2@example.org', password: PASSWORD })
    assert.equal(changed.status, 200, changed.text)
    assert.deepEqual(
      [changed.body.user.email, changed.body.user.emailVerified, changed.body.pendingEmail],
      ['ann-2@example.org', false, null],
    )
    assert.equal((await w.t.nobody.post('/auth/login', { email: 'ann-2@example.org', password: PASSWORD })).status, 200)
    assert.doesNotMatch(w.said(), /#token=/)
  })
})
