import type { Config } from '#kernel/config/index.ts'
import type { Log } from '#kernel/log.ts'
import { assertLetter, type Letter } from './letter.ts'
import { createSmtp } from './smtp.ts'

export { MailError } from './errors.ts'
export type { Letter } from './letter.ts'

/** Mail to one person at a time, such as a link to choose a new password. */
export type Mail = {
  /** Whether there is a mail server. Without one a letter's text goes to the log: the way to try things out. */
  readonly isConfigured: boolean
  /** Resolves when the server has taken it. Throws a {@link MailError}; a job tries again unless it is permanent. */
  send(letter: Letter, o?: { signal?: AbortSignal }): Promise<void>
}

type Deps = { config: Pick<Config, 'smtpUrl' | 'mailFrom'>; log: Log }

/** With `SMTP_URL` nothing of a letter is logged, whatever happens to it. */
export function createMail({ config, log }: Deps): Mail {
  const smtp = config.smtpUrl === undefined ? undefined : createSmtp(config.smtpUrl, config.mailFrom)
  return {
    isConfigured: smtp !== undefined,
    async send(letter, o = {}) {
      assertLetter(letter)
      if (smtp) return smtp(letter, o.signal)
      log.info({ module: 'mail' }, `Not sent, for want of a mail server (SMTP_URL): ${letter.subject}\n${letter.text}`)
    },
  }
}
