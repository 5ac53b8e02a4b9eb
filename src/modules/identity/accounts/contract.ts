import { ROLES, SCOPES } from '#kernel/caller.ts'
import { contract, internal, op } from '#kernel/contract.ts'
import { Empty, Id, Nullable, OneOf, Page, Strict, Text, Time, Type } from '#kernel/schema.ts'
import { recoveryOperations } from '#modules/identity/recovery/contract.ts'
import { PublicUser, Session, User } from '#modules/identity/things.ts'
import { Email, GivenPassword, Password, Username } from './fields.ts'

export { PASSWORD_LENGTH_ADVISED, PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from './fields.ts'

const older = {
  fullName: 'displayName',
  full_name: 'displayName',
  display_name: 'displayName',
  refresh_token: 'refreshToken',
}

const SessionInfo = Type.Object(
  {
    id: Id,
    method: Type.String({ description: 'How it was opened: password, spotify, oidc:<name>' }),
    address: Nullable(Type.String()),
    userAgent: Nullable(Type.String()),
    isCurrent: Type.Boolean({ description: 'The session that asks' }),
    createdAt: Time,
    usedAt: Time,
    expiresAt: Time,
  },
  { $id: 'SessionInfo' },
)

/**
 * Accounts and sessions. With the header `X-Tutti-Session: cookie` the tokens of register, login and refresh go into
 * httpOnly cookies instead of the body (they are empty strings there): the way of the web app.
 */
export const identity = contract('identity', 'Accounts and sessions', {
  setup: op({
    method: 'GET',
    path: '/auth/setup',
    auth: 'anyone',
    tolerant: true,
    summary: 'Whether the first account is still to be made, and if that needs the set-up code from the log',
    input: Empty,
    output: Type.Object({ needsFirstAccount: Type.Boolean(), needsSetupCode: Type.Boolean() }),
  }),
  register: op({
    method: 'POST',
    path: '/auth/register',
    auth: 'anyone',
    tolerant: true,
    rate: 'auth',
    status: 201,
    idempotent: false,
    summary: 'Make an account; the first one becomes admin',
    input: Strict({
      email: Email,
      username: Username,
      password: Password,
      displayName: Type.Optional(Text(80)),
      setupCode: Type.Optional(
        Text(64, { description: 'For the first account when the server listens beyond loopback' }),
      ),
    }),
    inputAliases: older,
    output: Session,
  }),
  login: op({
    method: 'POST',
    path: '/auth/login',
    auth: 'anyone',
    tolerant: true,
    rate: 'auth',
    status: 200,
    idempotent: false,
    summary: 'Sign in by e-mail or username',
    input: Strict({
      email: Type.Optional(Text(254)),
      username: Type.Optional(Text(254)),
      password: GivenPassword,
    }),
    output: Session,
  }),
  refresh: op({
    method: 'POST',
    path: '/auth/refresh',
    auth: 'anyone',
    tolerant: true,
    refreshCookieField: 'refreshToken',
    rate: 'auth',
    status: 200,
    idempotent: false,
    summary: 'Trade a refresh token for a new pair; using an old one again ends the whole session',
    input: Strict({ refreshToken: Type.Optional(Text(200, { description: 'From the cookie when absent' })) }),
    inputAliases: older,
    output: Session,
  }),
  logout: op({
    method: 'POST',
    path: '/auth/logout',
    auth: 'anyone',
    tolerant: true,
    refreshCookieField: 'refreshToken',
    status: 204,
    idempotent: false,
    summary: 'End this session and its sockets; tolerant of an expired token',
    input: Strict({ refreshToken: Type.Optional(Text(200)) }),
    inputAliases: older,
    output: Empty,
  }),
  ...recoveryOperations,
  sessions: op({
    method: 'GET',
    path: '/auth/sessions',
    auth: 'user',
    credential: 'session',
    summary: 'Where you are signed in, the session used last first',
    input: Empty,
    output: Page(SessionInfo),
  }),
  endSession: op({
    method: 'DELETE',
    path: '/auth/sessions/:id',
    auth: 'user',
    credential: 'session',
    status: 204,
    summary: 'End one of your sessions and its sockets',
    input: Strict({ id: Id }),
    output: Empty,
  }),
  endOtherSessions: op({
    method: 'DELETE',
    path: '/auth/sessions',
    auth: 'user',
    credential: 'session',
    status: 204,
    summary: 'End all of your sessions but this one',
    input: Empty,
    output: Empty,
  }),
  me: op({
    method: 'GET',
    path: '/auth/me',
    aliases: ['GET /users/me', 'GET /users/profile'],
    auth: 'user',
    summary: 'The signed-in user',
    input: Empty,
    output: User,
  }),
  authenticate: internal({
    summary:
      'Whose credential it is, or null when it is not good (any more): asked by every process for every new token',
    input: Strict({
      sessionId: Type.Optional(Id),
      apiKey: Type.Optional(Text(200)),
      bearer: Type.Optional(Text(8192, { description: 'A token of a configured outside issuer' })),
    }),
    output: Nullable(
      Type.Object({
        userId: Id,
        role: OneOf(ROLES),
        sessionId: Type.Optional(Id),
        keyId: Type.Optional(Id),
        scopes: Type.Optional(Type.Array(OneOf(SCOPES))),
        expiresAt: Type.Optional(Time),
      }),
    ),
  }),
  standing: internal({
    summary: 'What a person may do now through a session or API key of theirs; null when that or the person is gone',
    input: Strict({ userId: Id, sessionId: Type.Optional(Id), keyId: Type.Optional(Id) }),
    output: Nullable(Type.Object({ role: OneOf(ROLES), scopes: Type.Optional(Type.Array(OneOf(SCOPES))) })),
  }),
  getUsers: internal({
    summary: 'Users by id, for other modules',
    input: Strict({ ids: Type.Array(Id, { maxItems: 500 }) }),
    output: Type.Array(PublicUser),
  }),
})
