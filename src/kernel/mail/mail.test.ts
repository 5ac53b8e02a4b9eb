import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { after, afterEach, before, describe, test } from 'node:test'
import { createLog } from '#kernel/log.ts'
import { createMail, type Letter, MailError } from './index.ts'
import { smtpOptions } from './smtp.ts'
import { startSmtp, type TestSmtp } from './testing-smtp.ts'

const mailFrom = 'Tutti <tutti@example.org>'
const letter: Letter = {
  to: 'ann@example.org',
  subject: 'Grüße',
  text: `Open https://music.example.org/reset#token=${'x'.repeat(43)} now.`,
  html: '<p>Open it.</p>',
}

function mailTo(smtpUrl: string | undefined) {
  const lines: string[] = []
  const log = createLog({ level: 'debug', pretty: false, write: (line) => lines.push(line) })
  return { ...createMail({ config: { smtpUrl, mailFrom }, log }), said: () => lines.join('') }
}

/** How sending failed. */
const failure = async (sending: Promise<void>): Promise<MailError> => {
  const thrown = await sending.then(
    () => undefined,
    (err: unknown) => err,
  )
  assert.ok(thrown instanceof MailError, String(thrown))
  assert.doesNotMatch(`${thrown.stack} ${JSON.stringify(thrown)}`, /ann@|token=|geheim/)
  assert.equal(thrown.cause, undefined)
  return thrown
}

describe('mail by SMTP', () => {
  let smtp: TestSmtp
  before(async () => {
    smtp = await startSmtp()
  })
  afterEach(() => {
    smtp.mails.length = 0
    smtp.onLetter = undefined
    smtp.refused.clear()
  })
  after(() => smtp.close())

  test('arrives as it was written, over TLS where the server offers it, and leaves no trace in the log', async () => {
    const mail = mailTo(smtp.url)
    assert.equal(mail.isConfigured, true)
    await mail.send(letter)
    const [got] = smtp.mails
    assert.ok(got)
    assert.deepEqual([got.from, got.to, got.isEncrypted], ['tutti@example.org', ['ann@example.org'], true])
    assert.match(got.raw, /^Subject: =\?UTF-8\?Q\?Gr=C3=BC=C3=9Fe\?=\r$/m)
    assert.match(got.raw, /^From: Tutti <tutti@example\.org>\r$/m)
    assert.match(got.raw, /^Auto-Submitted: auto-generated\r$/m)
    assert.equal(got.token, 'x'.repeat(43))
    assert.ok(got.plain.includes(letter.html))
    assert.equal(mail.said(), '')
  })

  test('a refused recipient and a refused letter are final; a full mailbox and a wrong sender are not', async () => {
    const mail = mailTo(smtp.url)
    smtp.refused.add('ann@example.org')
    assert.equal((await failure(mail.send(letter))).isPermanent, true)
    smtp.refused.clear()
    for (const [code, isPermanent] of [
      [554, true],
      [452, false],
    ] as const) {
      smtp.onLetter = async () => code
      const refusal = await failure(mail.send(letter))
      assert.deepEqual([refusal.isPermanent, refusal.message.includes(String(code))], [isPermanent, true])
    }
    assert.equal(mail.said(), '')
  })

  test('a server that is down, silent or of another kind is worth another try', async () => {
    const silentServer = createServer(() => {})
    silentServer.listen(0, '127.0.0.1')
    await once(silentServer, 'listening')
    const { port } = silentServer.address() as AddressInfo
    const stop = AbortSignal.timeout(200)
    const waited = await failure(mailTo(`smtp://127.0.0.1:${port}`).send(letter, { signal: stop }))
    silentServer.close()
    await once(silentServer, 'close')
    const down = await failure(mailTo(`smtp://127.0.0.1:${port}`).send(letter))
    const plainOnly = await failure(mailTo(smtp.url.replace('smtp:', 'smtps:')).send(letter))
    assert.deepEqual(
      [waited, down, plainOnly].map((e) => e.isPermanent),
      [false, false, false],
    )
    assert.match(waited.message, /EABORT/)
    assert.match(down.message, /cannot be reached \(ESOCKET\)/)
    assert.deepEqual(smtp.mails, [])
  })

  test('signs in with the user and password of the address, whatever characters they have', async () => {
    const guarded = await startSmtp({
      authOptional: false,
      onAuth: ({ username, password }, _session, done) =>
        username === 'me@x' && password === 'p:/@ s' ? done(null, { user: 1 }) : done(new Error('no')),
    })
    const at = (user: string) => guarded.url.replace('//', `//${user}@`)
    await mailTo(at(`${encodeURIComponent('me@x')}:${encodeURIComponent('p:/@ s')}`)).send(letter)
    assert.equal(guarded.mails.length, 1)
    const refused = await failure(mailTo(at('me:geheim')).send(letter))
    assert.deepEqual([refused.isPermanent, /SMTP_URL/.test(refused.message)], [false, true])
    await guarded.close()
  })

  test('smtps is TLS from the start', async () => {
    const tls = await startSmtp({ secure: true })
    await mailTo(tls.url).send(letter)
    assert.equal(tls.mails[0]?.isEncrypted, true)
    await tls.close()
  })

  test('no head line and no second recipient can be put in', async () => {
    const mail = mailTo(smtp.url)
    const bad: Partial<Letter>[] = [
      { subject: 'Hello\r\nBcc: eve@example.org' },
      { subject: 'Hello\nBcc: eve@example.org' },
      { subject: 'Hello\u0000' },
      { subject: 'x'.repeat(201) },
      { to: 'ann@example.org\r\nBcc: eve@example.org' },
      { to: 'ann@example.org>\r\nRCPT TO:<eve@example.org' },
      { to: 'ann@example.org, eve@example.org' },
      { to: 'ann@example.org;eve@example.org' },
      { to: '"ann@example.org, eve"@example.org' },
      { to: 'Ann <eve@example.org>' },
      { to: 'group:eve@example.org' },
      { to: 'ann@example.org@evil.example ' },
      { to: `${'a'.repeat(250)}@example.org` },
      { to: '' },
    ]
    for (const part of bad) await assert.rejects(mail.send({ ...letter, ...part }), Error, JSON.stringify(part))
    assert.equal(smtp.mails.length, 0)
    for (const to of ["o'brien+tutti@example.org", 'a.b@sub.example.org', 'ann@[127.0.0.1]'])
      await mail.send({ ...letter, to })
    assert.deepEqual(
      smtp.mails.map((m) => m.to),
      [["o'brien+tutti@example.org"], ['a.b@sub.example.org'], ['ann@[127.0.0.1]']],
    )
    assert.ok(smtp.mails.every((m) => !/^Bcc:/im.test(m.raw)))
  })
})

test('without a mail server the text with its link is in the log, and how to change that', async () => {
  const mail = mailTo(undefined)
  assert.equal(mail.isConfigured, false)
  await mail.send(letter)
  const line = JSON.parse(mail.said()) as { level: number; msg: string }
  assert.equal(line.level, 30)
  assert.ok(line.msg.includes(letter.text) && line.msg.includes('SMTP_URL'))
  await assert.rejects(mail.send({ ...letter, to: 'nobody' }))
})

test('a password goes to another machine over TLS only, and its certificate must be good; times are bounded', () => {
  const far = smtpOptions('smtp://me:geheim@mail.example.org:2525')
  assert.deepEqual(
    [far.host, far.port, far.secure, far.requireTLS, far.tls],
    ['mail.example.org', 2525, false, true, { rejectUnauthorized: true }],
  )
  assert.equal(smtpOptions('smtp://mail.example.org').requireTLS, false)
  const tls = smtpOptions('smtps://mail.example.org')
  assert.deepEqual([tls.secure, tls.tls, tls.port], [true, { rejectUnauthorized: true }, undefined])
  for (const here of ['localhost', '127.0.0.1', '[::1]'])
    assert.deepEqual(smtpOptions(`smtp://me:x@${here}`).tls, { rejectUnauthorized: false }, here)
  for (const away of ['localhost.example.org', '127.0.0.1.example.org'])
    assert.deepEqual(smtpOptions(`smtp://me:x@${away}`).tls, { rejectUnauthorized: true }, away)
  const { connectionTimeout, greetingTimeout, socketTimeout, dnsTimeout } = tls
  for (const ms of [connectionTimeout, greetingTimeout, socketTimeout, dnsTimeout]) assert.ok(ms && ms <= 30_000)
})
