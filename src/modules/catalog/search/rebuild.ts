import type { Ctx } from '#kernel/module.ts'
import { rebuildSearchJob } from '#modules/catalog/events.ts'
import { documentWords, searchLiteral } from '#modules/catalog/fold.ts'
import type { Db, Tables } from '#modules/catalog/store/db.ts'
import {
  DOCUMENT_KINDS,
  type DocumentKind,
  noteRebuilding,
  type Rebuilding,
  rebuilding,
  sourcesOf,
  storeDocuments,
} from '#modules/catalog/store/documents.ts'
import { lockShelf } from '#modules/catalog/store/recount.ts'

/** Grows whenever `documentWords` answers other words than before: stored documents are made anew then. */
export const DOCUMENTS_VERSION = 1
/** Documents of one transaction: writers wait for each other no longer than that takes. */
const PART_SIZE = 500

type RebuildCtx = Pick<Ctx<Tables>, 'db' | 'write' | 'cache'>

/** Where the next part begins, or undefined when everything is of this version. What an older version began counts not. */
function nextOf(state: Rebuilding): { kind: DocumentKind; afterId: string | null } | undefined {
  if (state.version === DOCUMENTS_VERSION) return undefined
  if (state.building !== DOCUMENTS_VERSION || state.kind === null) return { kind: DOCUMENT_KINDS[0], afterId: null }
  return { kind: state.kind, afterId: state.afterId }
}

/** One part, and how far it came, in one transaction. False when there is no more. */
async function rebuildPart(tx: Db): Promise<boolean> {
  await lockShelf(tx)
  const state = await rebuilding(tx)
  const next = nextOf(state)
  if (!next) return false
  const sources = await sourcesOf(tx, next.kind, { afterId: next.afterId, limit: PART_SIZE })
  const documents = sources.map((s) => ({ id: s.id, search: searchLiteral(documentWords(s.texts)) }))
  await storeDocuments(tx, next.kind, documents)
  const last = sources.at(-1)
  const kind = last ? next.kind : DOCUMENT_KINDS[DOCUMENT_KINDS.indexOf(next.kind) + 1]
  await noteRebuilding(
    tx,
    kind
      ? { version: state.version, building: DOCUMENTS_VERSION, kind, afterId: last?.id ?? null }
      : { version: DOCUMENTS_VERSION, building: null, kind: null, afterId: null },
  )
  return true
}

/**
 * Makes every stored document anew after an upgrade that folds texts otherwise, from the tables alone. A part at a time,
 * so that it can be killed anywhere and goes on from there; meanwhile what is not yet made anew is found as before.
 */
export async function rebuildDocuments(ctx: RebuildCtx, signal: AbortSignal): Promise<void> {
  let isMore = true
  while (isMore) {
    signal.throwIfAborted()
    isMore = await ctx.write((tx) => rebuildPart(tx))
  }
  await ctx.cache.invalidate(['catalog'])
}

/** Asks for {@link rebuildDocuments} where stored documents are of another version than this program makes. */
export async function requestRebuild(ctx: RebuildCtx): Promise<void> {
  if ((await rebuilding(ctx.db)).version === DOCUMENTS_VERSION) return
  await ctx.write((_tx, _emit, enqueue) => enqueue(rebuildSearchJob, {}, { key: 'rebuild-search' }))
}
