import type { IconName } from '#lib/ui/icons.ts'

export type Section = { id: string; href: string; name: string; icon: IconName }
const section = (id: string, name: string, icon: IconName): Section => ({
  id,
  href: id === '' ? '/account' : `/account/${id}`,
  name,
  icon,
})

/** The parts of the account, in the order of their links. */
export const SECTIONS: readonly Section[] = [
  section('', 'Profile', 'artist'),
  section('security', 'Security', 'lock'),
  section('sessions', 'Sessions', 'desktop'),
  section('keys', 'API keys', 'key'),
  section('links', 'Linked accounts', 'link'),
  section('privacy', 'Privacy', 'shield'),
]
