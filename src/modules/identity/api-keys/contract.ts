import { SCOPES } from '#kernel/caller.ts'
import { contract, op } from '#kernel/contract.ts'
import { Empty, Id, Nullable, OneOf, Page, Strict, Text, Time, Type } from '#kernel/schema.ts'

const DAYS_MAX = 3650

const known = {
  id: Id,
  name: Type.String(),
  hint: Type.String({ description: 'How the key begins' }),
  scopes: Type.Array(OneOf(SCOPES)),
  createdAt: Time,
  expiresAt: Nullable(Time),
}
export const ApiKey = Type.Object(
  { ...known, usedAt: Nullable({ ...Time, description: 'Kept to the minute' }) },
  { $id: 'ApiKey' },
)
export const NewApiKey = Type.Object(
  { ...known, key: Type.String({ description: 'Shown this once: only its hash is kept' }) },
  { $id: 'NewApiKey' },
)

/**
 * Long-lived credentials for apps and scripts, sent as `Authorization: Bearer tutti_…`. A key may never do more than
 * its owner may at that moment, and no key can make, list or end keys: that takes a session.
 */
export const apiKeys = contract('apiKeys', 'API keys', {
  createApiKey: op({
    method: 'POST',
    path: '/auth/api-keys',
    auth: 'user',
    credential: 'session',
    status: 201,
    // The answer holds a secret, and answers that can be repeated are stored.
    idempotent: false,
    summary: 'Make an API key; it is shown in this answer only',
    description:
      'Scopes: `read` what you may see, `write` what you may change, and besides one of them `admin` for what needs that ' +
      'role (admins only). A key without `admin` acts as an artist at most. One person has at most 50 living keys.',
    input: Strict({
      name: Text(80, { description: 'For you to know it by' }),
      scopes: Type.Optional(
        Type.Array(OneOf(SCOPES), { minItems: 1, maxItems: SCOPES.length, uniqueItems: true, default: ['read'] }),
      ),
      expiresAt: Type.Optional(Time),
      expiresInDays: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: DAYS_MAX,
          description: 'Instead of expiresAt; without both it never ends',
        }),
      ),
    }),
    inputAliases: { expires_at: 'expiresAt', expires_in_days: 'expiresInDays' },
    output: NewApiKey,
  }),
  apiKeys: op({
    method: 'GET',
    path: '/auth/api-keys',
    auth: 'user',
    credential: 'session',
    summary: 'Your API keys, the newest first; never the keys themselves',
    input: Empty,
    output: Page(ApiKey),
  }),
  revokeApiKey: op({
    method: 'DELETE',
    path: '/auth/api-keys/:id',
    auth: 'user',
    credential: 'session',
    status: 204,
    summary: 'End an API key and its sockets at once',
    input: Strict({ id: Id }),
    output: Empty,
  }),
})
