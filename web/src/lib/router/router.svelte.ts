import { matchRoute } from './match.ts'

/** Pages that need no one signed in. */
export const OUTSIDE = {
  signIn: '/sign-in',
  register: '/register',
  forgot: '/forgot',
  reset: '/reset',
  verify: '/verify',
  signedIn: '/signed-in',
} as const

export const ROUTES = {
  home: '/',
  search: '/search',
  albums: '/albums',
  album: '/albums/:id',
  artists: '/artists',
  artist: '/artists/:id',
  songs: '/songs',
  song: '/songs/:id',
  genres: '/genres',
  genre: '/genres/:name',
  library: '/library',
  settings: '/settings',
  account: '/account',
  accountSection: '/account/:section',
  users: '/admin/users',
  user: '/admin/users/:id',
  audit: '/admin/audit',
  adminMusic: '/admin/music',
  folders: '/folders',
  offline: '/offline',
  upload: '/upload',
  studio: '/studio',
  studioAlbums: '/studio/albums',
  studioAlbum: '/studio/albums/:id',
  studioSong: '/studio/songs/:id',
  studioLyrics: '/studio/songs/:id/lyrics',
  ...OUTSIDE,
} as const

type Place = { path: string; query: string; scrollTop: number; serial: number }
const here = (): Omit<Place, 'scrollTop' | 'serial'> => ({ path: location.pathname, query: location.search })

const place: Place = $state({ ...here(), scrollTop: 0, serial: 0 })
let scroller: HTMLElement | null = null

const route = $derived(matchRoute(ROUTES, place.path))
const params = $derived(new URLSearchParams(place.query))

/** Where the app is. `serial` counts moves, so that a page can be made anew for each. */
export const router = {
  get path() {
    return place.path
  },
  get route() {
    return route
  },
  get query() {
    return params
  },
  get serial() {
    return place.serial
  },
  /** Where the page that came back stood before. */
  get scrollTop() {
    return place.scrollTop
  },
}

function rememberScroll(): void {
  history.replaceState({ ...(history.state as object | null), scrollTop: scroller?.scrollTop ?? 0 }, '')
}

function arrive(scrollTop: number): void {
  const before = place.path
  Object.assign(place, here(), { scrollTop })
  if (before !== place.path) place.serial += 1
}

/** Answers whether the page may be left now; if not, `goOn` leaves it all the same, later. */
export type Guard = (goOn: () => void) => boolean
let guard: Guard | null = null
/** Asked before another page is opened, while there is something that would be lost. Answers how to stop. */
export function guardLeaving(mayLeave: Guard): () => void {
  guard = mayLeave
  return () => {
    if (guard === mayLeave) guard = null
  }
}
const mayGo = (to: string, goOn: () => void): boolean =>
  guard === null || new URL(to, location.origin).pathname === place.path || guard(goOn)

/** Goes to an address of the app. Pages keep their place: the way back leads to where one stood. */
export function go(to: string, o: { replace?: boolean } = {}): void {
  if (!mayGo(to, () => go(to, o))) return
  if (o.replace) history.replaceState(history.state, '', to)
  else {
    rememberScroll()
    history.pushState({ scrollTop: 0 }, '', to)
  }
  arrive(o.replace ? place.scrollTop : 0)
}

const isPlainClick = (event: MouseEvent) =>
  event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey && !event.defaultPrevented

function onClick(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.<HTMLAnchorElement>('a[href]')
  if (!link || !isPlainClick(event) || link.origin !== location.origin || link.target !== '' || link.download) return
  if (!matchRoute(ROUTES, link.pathname)) return
  event.preventDefault()
  if (link.pathname + link.search !== place.path + place.query) go(link.pathname + link.search)
}

function onPop(event: PopStateEvent): void {
  const state = event.state as { scrollTop?: number } | null
  const to = location.pathname + location.search
  const stay = place.path + place.query
  if (!mayGo(to, () => go(to))) return history.pushState({ scrollTop: scroller?.scrollTop ?? 0 }, '', stay)
  arrive(state?.scrollTop ?? 0)
}

/** What scrolls from now on, so that the way back finds its place. */
export function setScroller(element: HTMLElement | null): void {
  scroller = element
}

/** An address of this app that `text` names, else `/`: what came from outside leads nowhere else. */
export function ownPath(text: string | null): string {
  if (!text?.startsWith('/') || text.startsWith('//') || text.includes('\\')) return '/'
  const url = URL.canParse(text, location.origin) ? new URL(text, location.origin) : null
  return url?.origin === location.origin && matchRoute(ROUTES, url.pathname) ? url.pathname + url.search : '/'
}

/** What stands behind the `#`, taken out of the address bar and of the history at once: it may hold a secret. */
export function takeFragment(): URLSearchParams {
  const fragment = new URLSearchParams(location.hash.slice(1))
  if (location.hash !== '') history.replaceState(history.state, '', location.pathname + location.search)
  return fragment
}

/** Takes over clicks on links of the app, and the back button. Answers how to stop. */
export function startRouter(): () => void {
  history.scrollRestoration = 'manual'
  document.addEventListener('click', onClick)
  addEventListener('popstate', onPop)
  return () => {
    document.removeEventListener('click', onClick)
    removeEventListener('popstate', onPop)
  }
}
