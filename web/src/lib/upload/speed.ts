/** Speed is that of the last seconds, so that it follows a line that gets faster or slower. */
const WINDOW_MS = 6000
const SAMPLES_MAX = 200

export type Meter = {
  /** So many bytes more have gone out. */
  add(bytes: number, nowMs: number): void
  /** Bytes a second; 0 when nothing has gone out lately. */
  speed(nowMs: number): number
}

export function makeMeter(): Meter {
  let samples: { atMs: number; bytes: number }[] = []
  const fresh = (nowMs: number) => samples.filter((s) => nowMs - s.atMs < WINDOW_MS).slice(-SAMPLES_MAX)
  return {
    add(bytes, nowMs) {
      samples = [...fresh(nowMs), { atMs: nowMs, bytes: Math.max(0, bytes) }]
    },
    speed(nowMs) {
      const lately = fresh(nowMs)
      const [first] = lately
      if (!first) return 0
      // Of the first sample it is not known how long it took.
      const sent = lately.slice(1).reduce((sum, s) => sum + s.bytes, 0)
      const tookMs = nowMs - first.atMs
      return tookMs > 0 ? (sent * 1000) / tookMs : 0
    },
  }
}

/** Whole seconds until `leftBytes` are sent; null while nobody can know. */
export const leftSec = (leftBytes: number, bytesPerSec: number): number | null =>
  bytesPerSec > 0 ? Math.ceil(leftBytes / bytesPerSec) : null

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const
/** `3.4 MB`, as disks are measured: in steps of a thousand. */
export function bytes(n: number): string {
  const step = n < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(n) / 3))
  const value = n / 1000 ** step
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[step]}`
}
