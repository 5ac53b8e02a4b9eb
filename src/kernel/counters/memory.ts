import type { Counters, Limit, Take, Wish } from './index.ts'
import { checkKeys, KEYS_MAX } from './limits.ts'

/** Old windows looked at when a kind is full, to find one that is over: bounds the work of a flood of keys. */
const LOOKED_AT_MAX = 8

type Window = { endsAtMs: number; count: number }
type Windows = Map<string, Window>

/** Counts in this process. Invariant: no kind has more than `keysMax` windows, so that one cannot push out another. */
export function createMemoryCounters(
  nowMs: () => number = () => performance.now(),
  keysMax = KEYS_MAX,
): Counters & { readonly size: number } {
  const kinds = new Map<string, Windows>()
  const windowsOf = (key: string): Windows => {
    const kind = key.slice(0, key.indexOf(':'))
    const found = kinds.get(kind) ?? new Map<string, Window>()
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
      const counted = window ?? open(windowsOf(wish.key), wish, { now, keysMax })
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

function open(windows: Windows, wish: Wish, o: { now: number; keysMax: number }): Window {
  windows.delete(wish.key)
  if (windows.size >= o.keysMax) makeRoom(windows, o.now)
  const window = { endsAtMs: o.now + wish.windowMs, count: 0 }
  windows.set(wish.key, window)
  return window
}

/** Windows that are over go first; when none of the oldest is, an attacker has many addresses, and the oldest goes. */
function makeRoom(windows: Windows, nowMs: number): void {
  let lookedAt = 0
  const sizeBefore = windows.size
  for (const [key, window] of windows) {
    if (lookedAt++ >= LOOKED_AT_MAX) break
    if (window.endsAtMs <= nowMs) windows.delete(key)
  }
  if (windows.size === sizeBefore) windows.delete(windows.keys().next().value as string)
}

const tell = (limit: Limit, window: Window, o: { now: number; isAllowed: boolean }): Take => ({
  isAllowed: o.isAllowed,
  count: window.count,
  remaining: Math.max(0, limit.max - window.count),
  resetMs: Math.max(0, window.endsAtMs - o.now),
})
