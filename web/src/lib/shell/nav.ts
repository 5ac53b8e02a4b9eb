import type { IconName } from '#lib/ui/icons.ts'

export type NavItem = { href: string; name: string; icon: IconName; prefix?: string }
export const MAIN_NAV: NavItem[] = [
  { href: '/', name: 'Home', icon: 'home' },
  { href: '/search', name: 'Search', icon: 'search' },
]
export const MUSIC_NAV: NavItem[] = [
  { href: '/albums', name: 'Albums', icon: 'album' },
  { href: '/artists', name: 'Artists', icon: 'artist' },
  { href: '/songs', name: 'Songs', icon: 'song' },
  { href: '/genres', name: 'Genres', icon: 'genre' },
  { href: '/folders', name: 'Folders', icon: 'folder' },
]
export const OWN_NAV: NavItem[] = [
  { href: '/upload', name: 'Upload', icon: 'upload' },
  { href: '/studio', name: 'Studio', icon: 'edit' },
  { href: '/offline', name: 'Offline', icon: 'download' },
]
export const isHere = (item: NavItem, path: string): boolean =>
  item.href === '/' ? path === '/' : path === item.href || path.startsWith(`${item.prefix ?? item.href}/`)
