import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export type Received = {
  readonly from: string
  readonly to: readonly string[]
  readonly isEncrypted: boolean
  /** As it came, head and body. */
  readonly raw: string
  /** The same without line folding and quoted-printable. */
  readonly plain: string
  /** The one-time token of its link. */
  readonly token: string
}
export type TestSmtp = {
  readonly url: string
  readonly mails: Received[]
  /** Mail to this address, once it is there; `nth` counts from 1. */
  to(address: string, nth?: number): Promise<Received>
  /** Runs before a letter is taken; a number is the code of a refusal. */
  onLetter: (() => Promise<number | void>) | undefined
  readonly refused: Set<string>
  close(): Promise<void>
}

const WAIT_MS_MAX = 15_000
const REFUSAL = 550

export const plainOf = (raw: string): string =>
  raw
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** Its words repeat what it was told, as those of many servers do. */
const refusal = (code: number) => Object.assign(new Error('no <ann@example.org> here'), { responseCode: code })

/** For tests: a real mail server on this machine that keeps what it gets. */
export async function startSmtp(o: SMTPServerOptions = {}): Promise<TestSmtp> {
  const mails: Received[] = []
  const refused = new Set<string>()
  const arrived = new Set<() => void>()
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    closeTimeout: 200,
    onRcptTo: ({ address }, _session, done) => done(refused.has(address) ? refusal(REFUSAL) : null),
    onData(stream, { envelope: { mailFrom, rcptTo }, secure }, done) {
      const keep = async () => {
        // A client that hangs up in the middle has sent no letter, and there is nobody to answer.
        const chunks = (await stream.toArray().catch(() => undefined)) as Buffer[] | undefined
        if (!chunks) return
        const raw = Buffer.concat(chunks).toString()
        const code = await smtp.onLetter?.()
        if (code) return done(refusal(code))
        const plain = plainOf(raw)
        const token = /#token=([\w-]+)/.exec(plain)?.[1] ?? ''
        const to = rcptTo.map((r) => r.address)
        mails.push({ from: mailFrom ? mailFrom.address : '', to, isEncrypted: secure, raw, plain, token })
        for (const look of arrived) look()
        done()
      }
      void keep()
    },
    ...o,
  })
  // A client that hangs up in the middle is what some tests are about.
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const { port } = server.server.address() as AddressInfo
  const smtp: TestSmtp = {
    url: `${o.secure ? 'smtps' : 'smtp'}://127.0.0.1:${port}`,
    mails,
    refused,
    onLetter: undefined,
    to: (address, nth = 1) =>
      waitFor(arrived, () => mails.filter((m) => m.to.includes(address))[nth - 1], `mail ${nth} to ${address}`),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return smtp
}

function waitFor<T>(changes: Set<() => void>, find: () => T | undefined, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      changes.delete(look)
      reject(new Error(`waited ${WAIT_MS_MAX} ms for ${what}`))
    }, WAIT_MS_MAX)
    const look = () => {
      const found = find()
      if (found === undefined) return
      clearTimeout(timer)
      changes.delete(look)
      resolve(found)
    }
    changes.add(look)
    look()
  })
}
