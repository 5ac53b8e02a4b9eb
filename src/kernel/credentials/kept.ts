import { isAbout, type Holder, type Notice } from './notices.ts'

/** Checked credentials kept at once; when there are more, those kept longest give way and are checked again. */
const KEPT_MAX = 20_000

/** Answers by the hash of the credential, found also by whom they are about. */
export type Kept<T extends { holder: Holder }> = {
  get(id: string): T | undefined
  set(id: string, entry: T): void
  /** Everything the notice may be about. */
  forget(notice: Notice): void
}

export function createKept<T extends { holder: Holder }>(max = KEPT_MAX): Kept<T> {
  const entries = new Map<string, T>()
  const idsOf = new Map<string, Set<string>>()
  const remove = (id: string) => {
    const entry = entries.get(id)
    if (!entry) return
    entries.delete(id)
    const ids = idsOf.get(entry.holder.userId)
    ids?.delete(id)
    if (ids?.size === 0) idsOf.delete(entry.holder.userId)
  }
  return {
    get: (id) => entries.get(id),
    set(id, entry) {
      remove(id)
      if (entries.size >= max) remove(entries.keys().next().value as string)
      entries.set(id, entry)
      const ids = idsOf.get(entry.holder.userId) ?? new Set()
      idsOf.set(entry.holder.userId, ids.add(id))
    },
    forget(notice) {
      if (notice === 'missed') {
        entries.clear()
        idsOf.clear()
        return
      }
      for (const id of idsOf.get(notice.userId) ?? []) {
        const entry = entries.get(id)
        if (entry && isAbout(notice, entry.holder)) remove(id)
      }
    },
  }
}
