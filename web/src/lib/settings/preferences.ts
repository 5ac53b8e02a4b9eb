import type { Input, User } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { session, setUser } from '#lib/session/session.svelte.ts'
import { tellFault } from '#lib/ui/toasts.svelte.ts'

type Patch = NonNullable<Input<'profile', 'updateMe'>['preferences']>

const withPreferences = (user: User, preferences: Patch): User => ({
  ...user,
  preferences: { ...user.preferences, ...preferences },
})

/** Keeps choices with the account. Shown at once; when the server does not take them, they go back. */
export async function prefer(preferences: Patch): Promise<void> {
  const before = session.user
  if (!before) return
  setUser(withPreferences(before, preferences))
  try {
    setUser(await client.profile.updateMe({ preferences }))
  } catch (thrown) {
    setUser(before)
    tellFault(thrown)
  }
}
