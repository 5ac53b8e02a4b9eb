import type { Letter } from '#kernel/mail/index.ts'

export const LETTER_KINDS = ['reset', 'verify', 'password-changed', 'email-changed', 'email-taken'] as const
export type LetterKind = (typeof LETTER_KINDS)[number]

/** What a letter is about: `link` for those that carry one. */
export type About = { kind: LetterKind; username: string; site: string; link?: string }
type Text = { subject: string; lines: readonly string[]; link?: string }

const texts: Record<LetterKind, (about: About) => Text> = {
  reset: ({ username, site, link }) => ({
    subject: 'Choose a new password',
    lines: [
      `Somebody, you we hope, has asked for a new password for ${username} at ${site}.`,
      'This link lets you choose one. It works once, within an hour:',
      'If it was not you, do nothing: your password stays as it is.',
    ],
    ...(link === undefined ? {} : { link }),
  }),
  verify: ({ username, site, link }) => ({
    subject: 'Is this your e-mail?',
    lines: [
      `The account ${username} at ${site} has given this e-mail as its own.`,
      'This link says that it is. It works once, within a day:',
      'If you know nothing of it, do nothing: do not open the link.',
    ],
    ...(link === undefined ? {} : { link }),
  }),
  'password-changed': ({ username, site }) => ({
    subject: 'Your password was changed',
    lines: [
      `The password of ${username} at ${site} has just been changed, and its other sessions were ended.`,
      'If it was not you, choose a new one at once: “Forgot password?” on the sign-in page sends you a link.',
    ],
  }),
  'email-changed': ({ username, site }) => ({
    subject: 'Your e-mail was changed',
    lines: [
      `The account ${username} at ${site} has another e-mail now; this one does not belong to it any more.`,
      'If it was not you, ask the admin of that server.',
    ],
  }),
  'email-taken': ({ site }) => ({
    subject: 'You have an account already',
    lines: [
      `Somebody, you we hope, wanted to give this e-mail to another account at ${site}. It belongs to yours already, so nothing was changed.`,
      'If you have forgotten its password, “Forgot password?” on the sign-in page sends you a link.',
    ],
  }),
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

/** In plain words and the same in HTML; a link stands behind the second line, alone. */
export function letterText(about: About): Omit<Letter, 'to'> {
  const { subject, lines, link } = texts[about.kind](about)
  const text = lines.flatMap((line, i) => (i === 1 && link ? [line, link] : [line]))
  const html = lines.flatMap((line, i) => [
    `<p>${escaped(line)}</p>`,
    ...(i === 1 && link ? [`<p><a href="${escaped(link)}">${escaped(link)}</a></p>`] : []),
  ])
  return { subject: `${subject} (Tutti)`, text: `${text.join('\n\n')}\n`, html: `<!doctype html>${html.join('\n')}` }
}
