import type { SMTPTransportOptions } from 'nodemailer'
import { toMailError } from './errors.ts'
import type { Letter } from './letter.ts'

const CONNECT_MS_MAX = 10_000
const GREETING_MS_MAX = 10_000
const SILENCE_MS_MAX = 30_000
const DNS_MS_MAX = 5000
/** For the whole of one letter, whatever the server does. */
const LETTER_MS_MAX = 60_000
const RESPONSE_BYTES_MAX = 64 * 1024

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/**
 * `smtps:` is TLS from the start; `smtp:` becomes TLS when the server offers it, and must when there is a password to
 * keep. On this machine nobody stands between, so there a certificate of its own making will do.
 */
export function smtpOptions(smtpUrl: string): SMTPTransportOptions {
  const url = new URL(smtpUrl)
  const isHere = LOOPBACK.test(url.hostname)
  const auth = url.username
    ? { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
    : undefined
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    secure: url.protocol === 'smtps:',
    requireTLS: auth !== undefined && !isHere,
    tls: { rejectUnauthorized: !isHere },
    connectionTimeout: CONNECT_MS_MAX,
    greetingTimeout: GREETING_MS_MAX,
    socketTimeout: SILENCE_MS_MAX,
    dnsTimeout: DNS_MS_MAX,
    maxResponseSize: RESPONSE_BYTES_MAX,
    allowInternalNetworkInterfaces: true,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
    ...(url.port ? { port: Number(url.port) } : {}),
    ...(auth ? { auth } : {}),
  }
}

/** Sends one letter over a connection of its own. The library is loaded with the first one. */
export function createSmtp(smtpUrl: string, from: string) {
  const options = smtpOptions(smtpUrl)
  return async ({ to, subject, text, html }: Letter, signal?: AbortSignal): Promise<void> => {
    const { createTransport } = await import('nodemailer')
    const late = AbortSignal.timeout(LETTER_MS_MAX)
    try {
      await createTransport(options).sendMail({
        from,
        to: { name: '', address: to },
        subject,
        text,
        html,
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal: signal ? AbortSignal.any([signal, late]) : late,
      })
    } catch (thrown) {
      throw toMailError(thrown)
    }
  }
}
