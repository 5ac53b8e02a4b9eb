/** Names that the page and its service worker share. */
export const WORKER_URL = '/service-worker.js'
/** Pages and workers of one browser tell each other what has changed. */
export const CHANNEL = 'tutti-offline'
/** Held by the one tab that fetches, and by who removes everything. */
export const KEEPER_LOCK = 'tutti-keeper'
/** Held by the one tab that compares what is kept with the server. */
export const RENEW_LOCK = 'tutti-renew'
export const SHELL_PREFIX = 'tutti-shell-'
const KEPT_PREFIX = 'tutti-kept-'
/** On the keeper's own requests, which the worker leaves alone. */
export const KEEPER_HEADER = 'tutti-keeper'
/** On answers that come from what was kept, not from the server. */
export const KEPT_HEADER = 'tutti-kept'

/** INVARIANT: what one person keeps lies under a name of their own, and no answer is taken from another's. */
export const keptCache = (userId: string): string => `${KEPT_PREFIX}${userId}`
export const isKeptCache = (name: string): boolean => name.startsWith(KEPT_PREFIX)
export const isShellCache = (name: string): boolean => name.startsWith(SHELL_PREFIX)

/** What goes over the channel: `changed` = read the records again; `forget` = stop, all of it is being removed. */
export type Told =
  | { readonly type: 'changed' }
  | { readonly type: 'forget' }
  | { readonly type: 'progress'; readonly songId: string; readonly bytes: number }

const API = '/api/v1'
const THING = /^\/api\/v1\/(albums|songs)\/([^/]+)(?:\/(stream|cover|lyrics|waveform|analysis))?$/
export type ThingPart = 'self' | 'stream' | 'cover' | 'lyrics' | 'waveform' | 'analysis'
export type Thing = { readonly kind: 'album' | 'song'; readonly id: string; readonly part: ThingPart }

/** What of one album or song an address of the API asks for; null when it is something else. */
export function thingAt(path: string): Thing | null {
  const [, kind, id, part] = THING.exec(path) ?? []
  if (!kind || !id) return null
  return { kind: kind === 'albums' ? 'album' : 'song', id, part: (part as ThingPart | undefined) ?? 'self' }
}

/** Where an answer of the API is kept: its address without the query, so that any size of a picture finds the one. */
export const placeOf = ({ kind, id, part }: Thing): string =>
  `${API}/${kind}s/${id}${part === 'self' ? '' : `/${part}`}`
export const BATCH_PATH = `${API}/songs/batch`

/** Addresses that are the server's own; every other one that a browser opens is a page of the app. */
export const SERVER_PATHS =
  /^\/(api|rest|health|metrics|docs|openapi\.json|asyncapi\.json|socket\.io|internal|\.well-known)(\/|$|\?)/
