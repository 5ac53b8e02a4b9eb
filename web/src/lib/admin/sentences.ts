import type { Input, Output } from '#client/index.ts'
import { methodName } from '#lib/account/methods.ts'
import { count } from '#lib/format.ts'
import type { IconName } from '#lib/ui/icons.ts'
import { type Role, roleName } from './roles.ts'

export type Entry = Output<'admin', 'auditLog'>['items'][number]
export type Action = NonNullable<Input<'admin', 'auditLog'>['action']>

/** `{actor}` and `{subject}` stand for people, `{self}` for the one whose account it is where they did it themselves. */
type Told = { name: string; icon: IconName; says: (e: Entry) => string; grave?: true }

const text = (e: Entry, field: string): string => {
  const value = e.detail[field]
  return typeof value === 'string' ? value : ''
}
const amount = (e: Entry, field: string): number => Number(e.detail[field] ?? 0)
const isOwn = (e: Entry): boolean => e.actor === null || e.actor.id === e.subject?.id
const by = (method: string): string => (method === '' || method === 'password' ? '' : ` by ${methodName(method)}`)
const role = (e: Entry, field: string): string => roleName(text(e, field) as Role).toLowerCase()

const ended = (e: Entry): string => {
  const many = amount(e, 'ended')
  const what =
    many > 1 ? count(many, 'session') : many === 1 || e.detail['ended'] === undefined ? 'a session' : 'no session'
  return isOwn(e) ? `{subject} ended ${what}` : `{actor} ended ${what} of {subject}`
}

/** Of what belongs to a person the log knows no title, so that none outlives them. */
const thing = (e: Entry, kind: 'song' | 'album'): string => {
  if (text(e, 'title')) return `the ${kind} “${text(e, 'title')}”`
  return `${kind === 'song' ? 'a song' : 'an album'} of {subject}`
}

/** Every action of the log in words; the compiler asks for one that is missing. */
const TOLD: Readonly<Record<Action, Told>> = {
  'account.registered': {
    name: 'Account made',
    icon: 'plus',
    says: (e) => `{subject} made an account${by(text(e, 'provider'))}`,
  },
  'account.erased': {
    name: 'Account deleted',
    icon: 'trash',
    grave: true,
    says: (e) => (isOwn(e) ? 'An account was deleted by its owner' : '{actor} deleted an account'),
  },
  'account.blocked': { name: 'Blocked', icon: 'block', grave: true, says: () => '{actor} blocked {subject}' },
  'account.unblocked': { name: 'Let in again', icon: 'check', says: () => '{actor} let {subject} in again' },
  'account.role-changed': {
    name: 'Role changed',
    icon: 'people',
    says: (e) =>
      `{actor} changed the role of {subject}${text(e, 'from') ? ` from ${role(e, 'from')}` : ''}${text(e, 'to') ? ` to ${role(e, 'to')}` : ''}`,
  },
  'account.password-changed': { name: 'Password changed', icon: 'lock', says: () => '{subject} changed the password' },
  'account.password-reset-asked': {
    name: 'Password forgotten',
    icon: 'mail',
    says: () => 'Somebody asked for a new password for {subject}',
  },
  'account.password-reset': {
    name: 'Password reset',
    icon: 'lock',
    says: () => '{subject} chose a new password by mail',
  },
  'account.email-changed': { name: 'E-mail changed', icon: 'mail', says: () => '{subject} changed the e-mail' },
  'account.email-verified': { name: 'E-mail verified', icon: 'mail', says: () => '{subject} verified the e-mail' },
  'account.exported': { name: 'Data downloaded', icon: 'download', says: () => '{subject} downloaded their data' },
  'sign-in.succeeded': {
    name: 'Signed in',
    icon: 'signOut',
    says: (e) => `{subject} signed in${by(text(e, 'method'))}`,
  },
  'sign-in.failed': {
    name: 'Sign-in refused',
    icon: 'warn',
    grave: true,
    says: (e) => (e.subject ? 'A sign-in as {subject} was refused' : 'A sign-in with an unknown name was refused'),
  },
  'sign-in.limited': {
    name: 'Too many sign-ins',
    icon: 'warn',
    grave: true,
    says: (e) => (e.subject ? 'Too many sign-ins as {subject} were refused' : 'Too many sign-ins were refused'),
  },
  'session.ended': { name: 'Session ended', icon: 'signOut', says: ended },
  'session.refresh-reused': {
    name: 'Token used twice',
    icon: 'warn',
    grave: true,
    says: () => 'A token of {subject} was used twice; its session was ended',
  },
  'api-key.made': { name: 'API key made', icon: 'key', says: () => '{subject} made an API key' },
  'api-key.revoked': { name: 'API key revoked', icon: 'key', says: () => '{subject} revoked an API key' },
  'identity.linked': {
    name: 'Account linked',
    icon: 'link',
    says: (e) => `{subject} linked ${methodName(text(e, 'provider')) || 'an account'}`,
  },
  'identity.unlinked': {
    name: 'Account unlinked',
    icon: 'link',
    says: (e) => `{subject} unlinked ${methodName(text(e, 'provider')) || 'an account'}`,
  },
  'song.hidden': { name: 'Song hidden', icon: 'block', grave: true, says: (e) => `{actor} hid ${thing(e, 'song')}` },
  'song.shown': { name: 'Song shown again', icon: 'check', says: (e) => `{actor} showed ${thing(e, 'song')} again` },
  'album.hidden': { name: 'Album hidden', icon: 'block', grave: true, says: (e) => `{actor} hid ${thing(e, 'album')}` },
  'album.shown': { name: 'Album shown again', icon: 'check', says: (e) => `{actor} showed ${thing(e, 'album')} again` },
}

export const ACTIONS: readonly { value: Action; name: string }[] = (Object.entries(TOLD) as [Action, Told][])
  .map(([value, { name }]) => ({ value, name }))
  .sort((a, b) => a.name.localeCompare(b.name))

export type Part = { text: string; person?: { id: string; username: string | null } }
export type Sentence = { parts: Part[]; icon: IconName; isGrave: boolean }

const personPart = (who: Entry['actor'], otherwise: string): Part =>
  who ? { text: who.username ?? 'a deleted account', person: who } : { text: otherwise }

/** What happened, as a sentence with people in it. A newer server may tell of what this page does not know. */
export function sentenceOf(e: Entry): Sentence {
  const told = TOLD[e.action as Action] as Told | undefined
  const pattern = told?.says(e) ?? e.action
  const parts = pattern
    .split(/(\{actor\}|\{subject\})/)
    .filter((p) => p !== '')
    .map((p): Part => {
      if (p === '{actor}') return personPart(e.actor, 'Somebody')
      return p === '{subject}' ? personPart(e.subject, 'somebody') : { text: p }
    })
  const [first, ...rest] = parts
  const capital = first
    ? [{ ...first, text: first.person ? first.text : first.text.charAt(0).toUpperCase() + first.text.slice(1) }]
    : []
  return { parts: [...capital, ...rest], icon: told?.icon ?? 'info', isGrave: told?.grave ?? false }
}
