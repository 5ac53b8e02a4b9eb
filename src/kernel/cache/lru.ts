/** What an object costs beside its text; roughly. */
const ENTRY_OVERHEAD_BYTES = 300
/** Pages of songs take 1.3 bytes per character of their JSON as objects (keys are shared), and 1 more as prepared text. */
const BYTES_PER_CHARACTER = 3

export type Entry = {
  readonly value: unknown
  readonly jsonLength: number
  readonly expiresAtMs: number
  readonly tags: readonly string[]
}
export type Lru = {
  get(key: string): Entry | undefined
  set(key: string, entry: Entry): void
  dropTags(tags: readonly string[]): void
  clear(): void
  readonly size: number
  readonly sizeBytes: number
}

/** The entries used last, within two bounds. Invariants: `size` ≤ `entriesMax`, `sizeBytes` ≤ `bytesMax` (approximate). */
export function createLru(o: { entriesMax: number; bytesMax: number; nowMs: () => number }): Lru {
  // A Map keeps the order of insertion: who is read moves to the end, who is first goes first.
  const entries = new Map<string, Entry>()
  const keysOfTag = new Map<string, Set<string>>()
  let sizeBytes = 0

  const remove = (key: string) => {
    const entry = entries.get(key)
    if (!entry) return
    entries.delete(key)
    sizeBytes -= weightOf(key, entry)
    for (const tag of entry.tags) {
      const keys = keysOfTag.get(tag)
      keys?.delete(key)
      if (keys?.size === 0) keysOfTag.delete(tag)
    }
  }
  const shrink = () => {
    for (const key of entries.keys()) {
      if (entries.size <= o.entriesMax && sizeBytes <= o.bytesMax) return
      remove(key)
    }
  }
  return {
    get(key) {
      const entry = entries.get(key)
      if (!entry) return undefined
      if (entry.expiresAtMs <= o.nowMs()) {
        remove(key)
        return undefined
      }
      entries.delete(key)
      entries.set(key, entry)
      return entry
    },
    set(key, entry) {
      remove(key)
      entries.set(key, entry)
      sizeBytes += weightOf(key, entry)
      for (const tag of entry.tags) keysOfTag.set(tag, (keysOfTag.get(tag) ?? new Set()).add(key))
      shrink()
    },
    dropTags(tags) {
      for (const tag of tags) for (const key of keysOfTag.get(tag) ?? []) remove(key)
    },
    clear() {
      entries.clear()
      keysOfTag.clear()
      sizeBytes = 0
    },
    get size() {
      return entries.size
    },
    get sizeBytes() {
      return sizeBytes
    },
  }
}

const weightOf = (key: string, { jsonLength, tags }: Entry): number =>
  ENTRY_OVERHEAD_BYTES + (key.length + tags.join('').length) * 2 + jsonLength * BYTES_PER_CHARACTER
