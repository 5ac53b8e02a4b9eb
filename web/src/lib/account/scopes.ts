import type { Input } from '#client/index.ts'

export type Scope = NonNullable<Input<'apiKeys', 'createApiKey'>['scopes']>[number]

/** What a key may do, in plain words. */
export const SCOPES: readonly { id: Scope; name: string; says: string; forAdmins?: true }[] = [
  { id: 'read', name: 'Read', says: 'Listen, search, and see what you can see' },
  { id: 'write', name: 'Change', says: 'Change what is yours: profile, playlists, likes' },
  { id: 'admin', name: 'Admin', says: 'Everything an admin may do: people, library, server', forAdmins: true },
]
export const scopeName = (id: Scope): string => SCOPES.find((s) => s.id === id)?.name ?? id
