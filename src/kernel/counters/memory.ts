import type { Counters, Limit, Take, Wish } from './index.ts'
import { checkKeys, KEYS_MAX } from './limits.ts'

type Window = { endsAtMs: number; count: number }
type Windows = {
  get(key: string): Window | undefined
  set(key: string, window: Window): void
  delete(key: string): void
  readonly size: number
}

/** Counts in this process. Invariant: no kind has more than `keysMax` windows, so that one cannot push out another. */
export function createMemoryCounters(
  nowMs: () => number = () => performance.now(),
  keysMax = KEYS_MAX,
): Counters & { readonly size: number } {
  const kinds = new Map<string, Windows>()
  const windowsOf = (key: string): Windows => {
    const kind = key.slice(0, key.indexOf(':'))
    const found = kinds.get(kind) ?? createWindows(keysMax)
    kinds.set(kind, found)
    return found
  }
  const takeAll = (wishes: readonly Wish[]): Take[] => {
    checkKeys(wishes.map((w) => w.key))
    const now = nowMs()
    const found = wishes.map((wish) => ({ wish, window: livingWindow(windowsOf(wish.key), wish.key, now) }))
    const isAllowed = found.every(({ wish, window }) => (window?.count ?? 0) < wish.max)
    return found.map(({ wish, window }) => {
      if (!isAllowed) return tell(wish, window ?? { endsAtMs: now + wish.windowMs, count: 0 }, { now, isAllowed })
      const counted = window ?? open(windowsOf(wish.key), wish, now)
      counted.count += 1
      return tell(wish, counted, { now, isAllowed })
    })
  }
  return {
    async take(key, limit) {
      return takeAll([{ key, ...limit }])[0] as Take
    },
    async takeAll(wishes) {
      return takeAll(wishes)
    },
    async giveBack(keys) {
      checkKeys(keys)
      for (const key of keys) {
        const window = livingWindow(windowsOf(key), key, nowMs())
        if (window && window.count > 0) window.count -= 1
      }
    },
    async forget(keys) {
      checkKeys(keys)
      for (const key of keys) windowsOf(key).delete(key)
    },
    check: async () => ({ ok: true, detail: 'memory' }),
    close: async () => kinds.clear(),
    get size() {
      return [...kinds.values()].reduce((sum, windows) => sum + windows.size, 0)
    },
  }
}

function livingWindow(windows: Windows, key: string, nowMs: number): Window | undefined {
  const found = windows.get(key)
  return found && found.endsAtMs > nowMs ? found : undefined
}

function open(windows: Windows, wish: Wish, nowMs: number): Window {
  const window = { endsAtMs: nowMs + wish.windowMs, count: 0 }
  windows.set(wish.key, window)
  return window
}

/**
 * Two generations: when the young one is half of all, the old one is forgotten and the young one becomes old. Who is
 * counted again is young again, so what a flood of keys pushes out was not asked for during half of `keysMax` others.
 * (Deleting the first key of one big map, again and again, walks over all that were deleted before it.)
 */
function createWindows(keysMax: number): Windows {
  let young = new Map<string, Window>()
  let old = new Map<string, Window>()
  const set = (key: string, window: Window) => {
    old.delete(key)
    if (young.size >= keysMax / 2 && !young.has(key)) {
      old = young
      young = new Map()
    }
    young.set(key, window)
  }
  return {
    get(key) {
      const window = young.get(key)
      if (window) return window
      const before = old.get(key)
      if (before) set(key, before)
      return before
    },
    set,
    delete(key) {
      young.delete(key)
      old.delete(key)
    },
    get size() {
      return young.size + old.size
    },
  }
}

const tell = (limit: Limit, window: Window, o: { now: number; isAllowed: boolean }): Take => ({
  isAllowed: o.isAllowed,
  count: window.count,
  remaining: Math.max(0, limit.max - window.count),
  resetMs: Math.max(0, window.endsAtMs - o.now),
})
