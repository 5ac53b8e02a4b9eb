import { ROLES } from '#kernel/caller.ts'
import { contract, internal, op } from '#kernel/contract.ts'
import { Empty, Id, Nullable, OneOf, type Static, Strict, Text, Time, Type } from '#kernel/schema.ts'

export const PASSWORD_LENGTH_MIN = 8
export const PASSWORD_LENGTH_MAX = 256

export const User = Type.Object(
  {
    id: Id,
    username: Type.String(),
    email: Nullable(Type.String()),
    displayName: Type.String(),
    role: OneOf(ROLES),
    isBlocked: Type.Boolean(),
    createdAt: Time,
  },
  { $id: 'User' },
)
export type User = Static<typeof User>

export const PublicUser = Type.Object(
  { id: Id, username: Type.String(), displayName: Type.String() },
  { $id: 'PublicUser' },
)
export type PublicUser = Static<typeof PublicUser>

export const Session = Type.Object(
  {
    user: User,
    accessToken: Type.String(),
    refreshToken: Type.String(),
    expiresIn: Type.Integer({ description: 'Seconds' }),
  },
  { $id: 'Session' },
)
export type Session = Static<typeof Session>

const Username = Type.String({ minLength: 3, maxLength: 20, pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]*$' })
const Email = Type.String({ format: 'email', maxLength: 254 })
const Password = Type.String({
  minLength: PASSWORD_LENGTH_MIN,
  maxLength: PASSWORD_LENGTH_MAX,
  pattern: '^[^\\u0000]*$',
})
const older = {
  fullName: 'displayName',
  full_name: 'displayName',
  display_name: 'displayName',
  refresh_token: 'refreshToken',
}

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
      password: Type.String({ minLength: 1, maxLength: PASSWORD_LENGTH_MAX }),
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
  me: op({
    method: 'GET',
    path: '/auth/me',
    aliases: ['GET /users/me', 'GET /users/profile'],
    auth: 'user',
    summary: 'The signed-in user',
    input: Empty,
    output: User,
  }),
  getUser: op({
    method: 'GET',
    path: '/users/:id',
    auth: 'anyone',
    summary: 'What anyone may know of a user',
    input: Strict({ id: Id }),
    output: PublicUser,
  }),
  authenticate: internal({
    summary: 'Whether a session still stands, and who it is: asked by every process for every new token',
    input: Strict({ sessionId: Id }),
    output: Nullable(Type.Object({ userId: Id, role: OneOf(ROLES) })),
  }),
  getUsers: internal({
    summary: 'Users by id, for other modules',
    input: Strict({ ids: Type.Array(Id, { maxItems: 500 }) }),
    output: Type.Array(PublicUser),
  }),
})
