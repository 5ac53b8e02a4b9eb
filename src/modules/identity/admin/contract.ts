import { ROLES } from '#kernel/caller.ts'
import { contract, op } from '#kernel/contract.ts'
import { Empty, Id, Nullable, OneOf, Page, pageQuery, Strict, Text, Time, Type } from '#kernel/schema.ts'
import { AUDIT_ACTIONS } from '#modules/identity/audit/audit.ts'
import { User } from '#modules/identity/things.ts'

export const USER_SORTS = ['newest', 'oldest', 'username', '-username'] as const

/** An account, as admins see it. */
export const AdminUser = Type.Object(
  { ...User.properties, lastSeenAt: Nullable({ ...Time, description: 'When a session of theirs was last renewed' }) },
  { $id: 'AdminUser' },
)
export const UserSession = Type.Object(
  {
    id: Id,
    method: Type.String({ description: 'How it was opened: password, spotify, oidc:<name>' }),
    address: Nullable(Type.String()),
    userAgent: Nullable(Type.String()),
    createdAt: Time,
    usedAt: Time,
    expiresAt: Time,
  },
  { $id: 'UserSession' },
)

const Named = Nullable(
  Type.Object({ id: Id, username: Nullable(Type.String({ description: 'Null when the account is gone' })) }),
)
export const AuditEntry = Type.Object(
  {
    id: Id,
    at: Time,
    action: Type.String(),
    actor: { ...Named, description: 'Who did it; null for nobody and for a person who was erased' },
    subject: { ...Named, description: 'Whose account it is about' },
    address: Nullable(Type.String()),
    userAgent: Nullable(Type.String()),
    detail: Type.Record(Type.String(), Type.Unknown()),
  },
  { $id: 'AuditEntry' },
)

/** What an admin may do to accounts. Nothing here may be done to oneself, and the last admin stays one. */
export const admin = contract('admin', 'Administration', {
  adminUsers: op({
    method: 'GET',
    path: '/admin/users',
    auth: 'admin',
    summary: 'Accounts, the newest first',
    input: Strict({
      ...pageQuery,
      q: Type.Optional(Text(200, { description: 'Words of username, e-mail or display name, in any case' })),
      role: Type.Optional(OneOf(ROLES)),
      isBlocked: Type.Optional(Type.Boolean()),
      sort: Type.Optional(OneOf(USER_SORTS, { default: 'newest' })),
    }),
    inputAliases: { blocked: 'isBlocked', is_blocked: 'isBlocked', search: 'q' },
    output: Page(AdminUser),
  }),
  adminUser: op({
    method: 'GET',
    path: '/admin/users/:id',
    auth: 'admin',
    summary: 'One account',
    input: Strict({ id: Id }),
    output: AdminUser,
  }),
  setUserBlocked: op({
    method: 'PATCH',
    path: '/admin/users/:id/block',
    auth: 'admin',
    summary: 'Block an account or let it in again; without a body the other of the two',
    description: 'Blocking ends its sessions, API keys and sockets at once, for good: afterwards it signs in anew.',
    input: Strict({ id: Id, isBlocked: Type.Optional(Type.Boolean()) }),
    inputAliases: { blocked: 'isBlocked', is_blocked: 'isBlocked' },
    output: AdminUser,
  }),
  setUserRole: op({
    method: 'PATCH',
    path: '/admin/users/:id/role',
    auth: 'admin',
    // Who holds a key of an admin could else make an admin that outlives the key.
    credential: 'session',
    summary: 'Give an account another role, at once on what it is signed in with',
    input: Strict({ id: Id, role: OneOf(ROLES) }),
    output: AdminUser,
  }),
  deleteUser: op({
    method: 'DELETE',
    path: '/admin/users/:id',
    auth: 'admin',
    status: 204,
    summary: 'Erase an account with everything of it',
    input: Strict({ id: Id }),
    output: Empty,
  }),
  userSessions: op({
    method: 'GET',
    path: '/admin/users/:id/sessions',
    auth: 'admin',
    summary: 'Where an account is signed in, the session used last first',
    input: Strict({ id: Id }),
    output: Page(UserSession),
  }),
  endUserSessions: op({
    method: 'DELETE',
    path: '/admin/users/:id/sessions',
    auth: 'admin',
    status: 204,
    summary: 'End all sessions of an account and their sockets',
    input: Strict({ id: Id }),
    output: Empty,
  }),
  auditLog: op({
    method: 'GET',
    path: '/admin/audit',
    auth: 'admin',
    summary: 'What happened to accounts, the newest first',
    description: 'Entries cannot be changed or taken out; they go when they are AUDIT_LOG_DAYS old.',
    input: Strict({
      ...pageQuery,
      action: Type.Optional(OneOf(AUDIT_ACTIONS)),
      actorId: Type.Optional(Id),
      subjectId: Type.Optional(Id),
      from: Type.Optional({ ...Time, description: 'The earliest time of an entry' }),
      to: Type.Optional({ ...Time, description: 'The time before which entries are' }),
    }),
    output: Page(AuditEntry),
  }),
})
