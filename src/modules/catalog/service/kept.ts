import { createHash } from 'node:crypto'
import type { View } from '#modules/catalog/policy.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { ACCESS_TAG } from './view.ts'

/** How old an answer may be at most; every change of the catalogue drops them all at once. */
const LIST_TTL_MS = 5 * 60_000
const THING_TTL_MS = 10 * 60_000
/** Pages of clients that sync are read once each: kept, they would push out what many look at. */
const LIMIT_KEPT_MAX = 100

/** The tag of whatever is made of songs, albums and artists. */
export const CATALOG_TAG = 'catalog'
const TAGS = [CATALOG_TAG, ACCESS_TAG]

type Asked = { limit?: number; sort?: string; cursor?: string; [field: string]: unknown }
/**
 * What of an answer depends on who asks is the view and nothing else, so whoever sees the same shares an answer.
 * INVARIANT: the key holds all of the view and all of the input.
 */
const keyOf = (name: string, view: View, input: object): string => {
  const entries = Object.entries(input).sort(([a], [b]) => (a < b ? -1 : 1))
  const all = JSON.stringify([view.least, view.ownerId, view.withheld, entries])
  return `catalog:${name}:${createHash('sha256').update(all).digest('base64url')}`
}

/** A page of a list; in random order each first page is another. */
export function keptList<T>(
  ctx: Pick<CatalogCtx, 'cache'>,
  o: { name: string; view: View; input: Asked },
  make: () => Promise<T>,
): Promise<T> {
  const { limit = 0, sort, cursor } = o.input
  if (limit > LIMIT_KEPT_MAX || (sort === 'random' && cursor === undefined)) return make()
  return ctx.cache.getOrMake(keyOf(o.name, o.view, o.input), { ttlMs: LIST_TTL_MS, tags: TAGS }, make)
}

/** One album or artist with what stands on their page. */
export const keptThing = <T>(
  ctx: Pick<CatalogCtx, 'cache'>,
  o: { name: string; view: View; input: object },
  make: () => Promise<T>,
): Promise<T> => ctx.cache.getOrMake(keyOf(o.name, o.view, o.input), { ttlMs: THING_TTL_MS, tags: TAGS }, make)
