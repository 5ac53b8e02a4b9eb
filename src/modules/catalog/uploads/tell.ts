import { uploadProgress } from '#modules/catalog/events.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { toUpload, type UploadRow } from './shapes.ts'

/** Of one upload, at most four a second. */
const TELL_EVERY_MS = 250
/** Uploads that are told of at once; one more is told of without waiting. */
const TOLD_MAX = 10_000

type Told = { timer: NodeJS.Timeout; next: UploadRow | undefined }

/** Tells owners how far their uploads are: the first news at once, then the newest after each pause. */
function createTeller(ctx: Pick<CatalogCtx, 'realtime'>) {
  const told = new Map<string, Told>()
  const send = (row: UploadRow): void => ctx.realtime.toUser(row.ownerId, uploadProgress, toUpload(row))
  function rest(id: string): void {
    const timer = setTimeout(() => {
      const next = told.get(id)?.next
      told.delete(id)
      if (!next) return
      send(next)
      rest(id)
    }, TELL_EVERY_MS)
    timer.unref()
    told.set(id, { timer, next: undefined })
  }
  return (row: UploadRow | undefined): void => {
    if (!row) return
    const waiting = told.get(row.id)
    if (waiting) {
      waiting.next = row
      return
    }
    send(row)
    if (told.size < TOLD_MAX) rest(row.id)
  }
}

const tellers = new WeakMap<object, (row: UploadRow | undefined) => void>()
/** Pushes `upload:progress` to the owner; one teller serves a process. */
export function tell(ctx: CatalogCtx, row: UploadRow | undefined): void {
  const teller = tellers.get(ctx) ?? createTeller(ctx)
  tellers.set(ctx, teller)
  teller(row)
}
