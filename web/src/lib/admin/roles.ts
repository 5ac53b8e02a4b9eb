import type { User } from '#client/index.ts'

export type Role = User['role']

/** What each role may do, in plain words. */
export const ROLES: readonly { value: Role; name: string; hint: string }[] = [
  { value: 'user', name: 'Listener', hint: 'Listens and keeps what they like' },
  { value: 'artist', name: 'Artist', hint: 'Also publishes music' },
  { value: 'admin', name: 'Admin', hint: 'Looks after people and the server' },
]
export const roleName = (role: Role): string => ROLES.find((r) => r.value === role)?.name ?? role
