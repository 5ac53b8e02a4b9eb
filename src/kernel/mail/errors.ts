import type { NodemailerError } from 'nodemailer'

/** A letter that was not taken. It holds nothing of the letter or of the server's words, which may repeat it. */
export class MailError extends Error {
  /** The server will never take it: another try is of no use. */
  readonly isPermanent: boolean

  constructor(message: string, isPermanent: boolean) {
    super(message)
    this.name = 'MailError'
    this.isPermanent = isPermanent
  }
}

/** Commands whose refusal is about this recipient or this letter; of all others the settings are to blame. */
const ABOUT_THE_LETTER = new Set(['RCPT TO', 'DATA'])

const REASONS: Readonly<Record<string, string>> = {
  EAUTH: 'refused user or password of SMTP_URL',
  EDNS: 'has a name that cannot be found',
  ETLS: 'could not be spoken to over TLS',
  ETIMEDOUT: 'did not answer in time',
  ESOCKET: 'cannot be reached',
  ECONNECTION: 'closed the connection',
  EENVELOPE: 'refused sender or recipient',
  EMESSAGE: 'refused the letter',
  EABORT: 'was not waited for',
}

export function toMailError(thrown: unknown): MailError {
  const { code = '', responseCode, command = '', permanent } = thrown as NodemailerError
  const details = [code, responseCode].filter((d) => d !== undefined && d !== '').join(' ')
  const why = REASONS[code] ?? 'could not be used'
  return new MailError(
    `The mail server ${why}${details && ` (${details})`}.`,
    permanent === true && ABOUT_THE_LETTER.has(command),
  )
}
