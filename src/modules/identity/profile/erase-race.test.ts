import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientFor, startTestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { png } from '#test/fixtures/images.ts'

const PASSWORD = 'correct horse battery'
const ROUNDS = 6

/** Files on their way in or out are cut when the access they were asked with ends. */
const cutIsRefused = <T extends { status: number }>(answer: Promise<T>): Promise<T | { status: 401 }> =>
  answer.catch((thrown: unknown) => {
    if (thrown instanceof TypeError) return { status: 401 as const }
    throw thrown
  })

test('whatever runs while a person is erased is done or refused, never a fault, and leaves nothing', async () => {
  await using t = await startTestApp({ modules: [identity], config: { rateLimitPerMin: 1_000_000 } })
  await t.as('admin')
  const friend = await t.as('user')
  const { pool } = t.app.ports.db
  const { running } = t.app.wired.find((w) => w.module.name === 'identity') ?? assert.fail()
  const strays = running.cron?.find((c) => c.name === 'identity.forget-strays')
  for (let round = 0; round < ROUNDS; round++) {
    const username = `racer-${round}`
    const made = await t.nobody.post('/auth/register', {
      username,
      email: `${username}@example.org`,
      password: PASSWORD,
    })
    const her = clientFor(t.url, made.body.accessToken, made.body.user.id)
    // Without a password to look at, the erasure is in the middle of the rest.
    const isFast = round % 2 === 1
    if (isFast) await pool.query('update identity.users set password_hash = null where id = $1', [her.userId])
    const proof = isFast ? { username } : { password: PASSWORD }
    const authorization = `Bearer ${her.token}`
    const body = Uint8Array.from(png(20, 20))
    // Once: a second use ends the session, and with it the erasure that is asked for by it.
    const refresh = () => t.nobody.post('/auth/refresh', { refreshToken: made.body.refreshToken })
    const work = [
      () => her.patch('/users/me', { displayName: `Racer ${round}` }),
      () => her.put(`/blocks/${friend.userId}`),
      () => friend.put(`/blocks/${her.userId}`),
      () => her.post('/auth/api-keys', { name: 'k', scopes: ['read'] }),
      () => her.delete('/auth/sessions'),
      () => cutIsRefused(her.get('/users/me/export')),
      () => her.get('/users/me/stats'),
      () => t.nobody.post('/auth/login', { username, password: PASSWORD }),
      refresh,
      () => t.nobody.post('/auth/forgot-password', { email: `${username}@example.org` }),
      () => cutIsRefused(fetch(`${t.url}/api/v1/users/me/avatar`, { method: 'PUT', headers: { authorization }, body })),
    ]
    const erasing = () => her.send('DELETE', '/users/me', proof)
    // Before it, at the same time, and after it.
    const answers = await Promise.all([...work, erasing, ...work.filter((ask) => ask !== refresh)].map((ask) => ask()))
    const faults = answers.filter((a) => a.status >= 500)
    assert.deepEqual(
      faults.map((a) => [a.status, 'text' in a && typeof a.text === 'string' ? a.text : '']),
      [],
    )
    assert.equal(answers[work.length]?.status, 204)
    for (const table of ['sessions', 'api_keys', 'letters', 'mail_tokens', 'blocks'])
      await t.eventually(async () => {
        const { rows } = await pool.query(
          `select t::text as row from identity.${table} t where strpos(t::text, $1) > 0 or strpos(t::text, $2) > 0`,
          [her.userId, username],
        )
        return rows.length === 0
      }, `${table} to be empty of her`)
    await t.eventually(async () => {
      await strays?.run(new AbortController().signal)
      const { rows } = await pool.query('select from identity.audit_log where $1::uuid in (actor_id, subject_id)', [
        her.userId,
      ])
      return rows.length === 0
    }, 'the audit log to be empty of her')
  }
})
