const pad = (n: number) => String(n).padStart(2, '0')

/** 221 → `3:41`, 3 700 → `1:01:40`. */
export function clock(seconds: number): string {
  const s = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0))
  const h = Math.floor(s / 3600)
  const m = Math.floor(s / 60) % 60
  return h > 0 ? `${h}:${pad(m)}:${pad(s % 60)}` : `${m}:${pad(s % 60)}`
}

/** Rough length in words: `48 min`, `3 h 20 min`, `12 days`. */
export function span(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 1) return `${Math.round(ms / 1000)} s`
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return `${Math.round(hours / 24)} days`
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
}

export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`

/** `Tempo 120.4` is shown as `120 BPM`. */
export const bpm = (tempo: number): string => `${Math.round(tempo)} BPM`

/** A key in two or three signs: `D minor` → `Dm`. */
export const shortKey = (key: string): string => key.replace(/ minor$/, 'm').replace(/ major$/, '')

export const joined = (parts: readonly (string | number | null | undefined | false)[], by = ' · '): string =>
  parts.filter((p) => p !== null && p !== undefined && p !== false && p !== '').join(by)

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const DAY = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })
const MINUTE = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })
/** Farther back than this, a date says more than a distance. */
const AGO_DAYS_MAX = 14

/** `just now`, `5 minutes ago`, `yesterday`, then the date. */
export function ago(time: string, nowMs = Date.now()): string {
  const minutes = Math.round((nowMs - Date.parse(time)) / 60_000)
  if (minutes < 1) return 'just now'
  if (minutes < 60) return RELATIVE.format(-minutes, 'minute')
  const hours = Math.round(minutes / 60)
  if (hours < 24) return RELATIVE.format(-hours, 'hour')
  const days = Math.round(hours / 24)
  return days <= AGO_DAYS_MAX ? RELATIVE.format(-days, 'day') : day(time)
}

/** `Nov 20, 2026`. */
export const day = (time: string): string => DAY.format(new Date(time))
/** `Nov 20, 2026, 9:41 PM`. */
export const moment = (time: string): string => MINUTE.format(new Date(time))
