import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { CATALOG_TAG } from './kept.ts'

/** Facts of analysis come several a second; what is kept of the catalogue is dropped for them no more often than this. */
const SELDOM_MS = 1000

export type News = { soon(): void; stop(): void }

/** Drops what is kept of the catalogue: the first time at once, then at most once a second. */
export function createNews(ctx: Pick<CatalogCtx, 'cache'>): News {
  let timer: NodeJS.Timeout | undefined
  let isDue = false
  const drop = (): void => {
    isDue = false
    timer = setTimeout(() => {
      timer = undefined
      if (isDue) drop()
    }, SELDOM_MS)
    timer.unref()
    void ctx.cache.invalidate([CATALOG_TAG])
  }
  return {
    soon() {
      if (timer) isDue = true
      else drop()
    },
    stop: () => clearTimeout(timer),
  }
}
