import type { ColumnType, Kysely } from 'kysely'
import type { Role, Scope } from '#kernel/caller.ts'
import type { LetterKind } from './recovery/texts.ts'
import type { Preferences } from './things.ts'

/** A column the database fills when a row does not name it. */
type Made<T> = ColumnType<T, T | undefined, T>

export type UsersTable = {
  id: string
  username: string
  email: string | null
  email_verified_at: Made<Date | null>
  display_name: string
  password_hash: string | null
  avatar: Made<string | null>
  role: Role
  is_blocked: Made<boolean>
  is_anonymous: Made<boolean>
  preferences: ColumnType<Partial<Preferences>, string | undefined, string>
  revision: Made<number>
  created_at: Made<Date>
  updated_at: Made<Date>
}
export type SessionsTable = {
  id: string
  user_id: string
  user_agent: string | null
  address: string | null
  method: string
  created_at: Made<Date>
  used_at: Made<Date>
  expires_at: Date
  ended_at: Made<Date | null>
}
export type ApiKeysTable = {
  id: string
  user_id: string
  name: string
  hint: string
  hash: Buffer
  scopes: Scope[]
  created_at: Made<Date>
  expires_at: Date | null
  used_at: Made<Date | null>
}
export type IdentitiesTable = {
  id: string
  user_id: string
  provider: string
  issuer: string
  subject: string
  email: string | null
  email_verified: boolean
  name: string | null
  tokens: string | null
  scopes: string | null
  renewing_until: Made<Date | null>
  consent_ended_at: Made<Date | null>
  created_at: Made<Date>
  used_at: Made<Date>
}
export type FlowsTable = {
  state_hash: Buffer
  provider: string
  verifier: string
  nonce: string
  redirect_uri: string
  binding_hash: Buffer | null
  code_challenge: string | null
  front: string | null
  return_to: string | null
  user_id: string | null
  expires_at: Date
}
export type ExchangeCodesTable = {
  hash: Buffer
  user_id: string
  method: string
  link: string | null
  binding_hash: Buffer | null
  code_challenge: string | null
  expires_at: Date
}
export type MailTokensTable = {
  hash: Buffer
  user_id: string
  purpose: 'reset' | 'verify'
  email: string
  created_at: Made<Date>
  expires_at: Date
}
export type LettersTable = {
  id: string
  kind: LetterKind
  email: string
  user_id: string | null
  address: string | null
  user_agent: string | null
  created_at: Made<Date>
}
export type AuditTable = {
  id: string
  at: Made<Date>
  action: string
  actor_id: string | null
  subject_id: string | null
  address: string | null
  user_agent: string | null
  detail: ColumnType<Record<string, unknown>, string | undefined, string>
}

export type Tables = {
  'identity.users': UsersTable
  'identity.sessions': SessionsTable
  'identity.refresh_tokens': { hash: Buffer; session_id: string; used_at: Date | null }
  'identity.setup_code': { one: boolean; code: string }
  'identity.api_keys': ApiKeysTable
  'identity.identities': IdentitiesTable
  'identity.flows': FlowsTable
  'identity.exchange_codes': ExchangeCodesTable
  'identity.mail_tokens': MailTokensTable
  'identity.letters': LettersTable
  'identity.blocks': { user_id: string; blocked_id: string; created_at: Made<Date> }
  'identity.audit_log': AuditTable
}
/** The database or a transaction of it. */
export type Db = Kysely<Tables>
