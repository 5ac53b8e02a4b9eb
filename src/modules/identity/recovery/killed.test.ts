import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startSmtp } from '#kernel/mail/testing-smtp.ts'
import { startTestApp } from '#kernel/testing.ts'
import { startChild } from '#kernel/testing-child.ts'
import identity from '#modules/identity/index.ts'

const ann = { email: 'ann@example.org', username: 'ann', password: 'four words are fine' }

test('kill -9 while a link is being sent: the next start sends another, nothing else is left of the first', async () => {
  const smtp = await startSmtp()
  // Answers only: the jobs are the child's.
  await using t = await startTestApp({ modules: [identity], duties: ['http'] })
  assert.equal((await t.nobody.post('/auth/register', ann)).status, 201)
  const child = startChild(join(import.meta.dirname, 'testing-app.ts'), [t.databaseUrl, t.dataDir, smtp.url])
  await child.line(/at work/)
  const held = new Promise<void>((resolve) => {
    smtp.onLetter = () => {
      resolve()
      return new Promise(() => {})
    }
  })
  assert.equal((await t.nobody.post('/auth/forgot-password', { email: ann.email })).status, 202)
  await held
  child.kill('SIGKILL')
  await child.gone
  smtp.onLetter = undefined
  const links = async () =>
    (await t.app.ports.db.pool.query('select hash from identity.mail_tokens order by created_at')).rows
  assert.equal((await links()).length, 1, 'the link was made before the letter went')

  await using next = await startTestApp({
    modules: [identity],
    keep: { databaseUrl: t.databaseUrl, dataDir: t.dataDir },
    config: { smtpUrl: smtp.url },
  })
  const { token } = await smtp.to(ann.email)
  assert.equal((await links()).length, 2)
  const reset = await next.nobody.post('/auth/reset-password', { token, password: 'rainy evening jazz' })
  assert.equal(reset.status, 204)
  assert.deepEqual(await links(), [])
  await next.eventually(
    async () => (await t.app.ports.db.pool.query('select from identity.letters')).rowCount === 0,
    'the letters to be gone',
  )
  assert.equal(smtp.mails.filter((m) => m.token !== '').length, 1)
  await smtp.close()
})
