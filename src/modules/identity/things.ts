import { ROLES } from '#kernel/caller.ts'
import { Id, Nullable, OneOf, type Static, Strict, Time, Type } from '#kernel/schema.ts'

export const PRIVACY_LEVELS = ['private', 'standard', 'open'] as const
export const THEMES = ['system', 'light', 'dark'] as const

/** What a person has chosen; every field has a value, the default where nothing was chosen. */
export const Preferences = Type.Object(
  {
    theme: OneOf(THEMES, { description: 'Of the web app' }),
    audioSensitivity: Type.Number({
      minimum: 0,
      maximum: 2,
      description: 'How strongly visuals answer to sound; 1 is plain',
    }),
    bassBoost: Type.Number({ minimum: 0, maximum: 2, description: 'Factor on low bands in visuals' }),
    trebleBoost: Type.Number({ minimum: 0, maximum: 2, description: 'Factor on high bands in visuals' }),
    defaultPresetId: Nullable(Id),
    privacyLevel: OneOf(PRIVACY_LEVELS, {
      description: 'Who may see mood and listening: nobody, those who follow, anyone',
    }),
    autoGenerate: Type.Boolean({ description: 'Compose music for a mood that was found with confidence' }),
  },
  { $id: 'Preferences' },
)
export type Preferences = Static<typeof Preferences>

const { theme, audioSensitivity, bassBoost, trebleBoost, defaultPresetId, privacyLevel, autoGenerate } =
  Preferences.properties
/** The ones to change; the others stay. */
export const PreferencesPatch = Strict({
  theme: Type.Optional(theme),
  audioSensitivity: Type.Optional(audioSensitivity),
  bassBoost: Type.Optional(bassBoost),
  trebleBoost: Type.Optional(trebleBoost),
  defaultPresetId: Type.Optional(defaultPresetId),
  privacyLevel: Type.Optional(privacyLevel),
  autoGenerate: Type.Optional(autoGenerate),
})

export const DEFAULT_PREFERENCES: Preferences = {
  theme: 'system',
  audioSensitivity: 1,
  bassBoost: 1,
  trebleBoost: 1,
  defaultPresetId: null,
  privacyLevel: 'standard',
  autoGenerate: false,
}

/** An account, as its owner and admins see it. */
export const User = Type.Object(
  {
    id: Id,
    username: Type.String(),
    email: Nullable(Type.String()),
    emailVerified: Type.Boolean(),
    displayName: Type.String(),
    avatarUrl: Nullable(Type.String()),
    role: OneOf(ROLES),
    isBlocked: Type.Boolean(),
    hasPassword: Type.Boolean({ description: 'False for an account that only signs in with others' }),
    isAnonymous: Type.Boolean({ description: 'Whoever is near or listens along sees no name and no picture' }),
    preferences: Preferences,
    revision: Type.Integer({ description: 'Grows with every change; the ETag of `GET /users/me`' }),
    createdAt: Time,
  },
  { $id: 'User' },
)
export type User = Static<typeof User>

export const PublicUser = Type.Object(
  { id: Id, username: Type.String(), displayName: Type.String(), avatarUrl: Nullable(Type.String()) },
  { $id: 'PublicUser' },
)
export type PublicUser = Static<typeof PublicUser>

export const Block = Type.Object({ user: PublicUser, createdAt: Time }, { $id: 'Block' })
export type Block = Static<typeof Block>

export const UserStats = Type.Object(
  {
    account: Type.Object({
      memberSince: Time,
      lastSignInAt: Nullable(Time),
      sessions: Type.Integer({ description: 'Places where you are signed in' }),
      apiKeys: Type.Integer(),
      linkedAccounts: Type.Integer({ description: 'Elsewhere, by which you can sign in' }),
      blocked: Type.Integer({ description: 'People you have blocked' }),
    }),
    parts: Type.Unsafe<Record<string, Record<string, unknown>>>({
      type: 'object',
      additionalProperties: { type: 'object', additionalProperties: true },
      description: 'What each part of the program knows, by its name',
    }),
  },
  { $id: 'UserStats' },
)
export type UserStats = Static<typeof UserStats>

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
