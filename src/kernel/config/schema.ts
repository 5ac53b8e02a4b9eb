import { isIP } from 'node:net'

/** One setting: how it is spelled, what it means, how its text becomes a value. */
export type Setting<T> = {
  readonly env: string
  readonly aliases?: readonly string[]
  readonly group: 'basics' | 'database' | 'storage' | 'sign-in' | 'limits' | 'other services' | 'advanced'
  readonly about: string
  readonly example?: string
  readonly secret?: boolean
  readonly parse: (text: string) => T
  readonly fallback: T
}

export const setting = <T>(s: Setting<T>): Setting<T> => s
export const optional = <T>(s: Omit<Setting<T | undefined>, 'fallback'>): Setting<T | undefined> => ({
  ...s,
  fallback: undefined,
})

const KINDS = ['error', 'warn', 'info', 'debug', 'silent'] as const

/** A parser throws one short clause: "must be …". */
const fail = (clause: string): never => {
  throw new Error(clause)
}
export const text = (t: string): string => t
const SECRET_LENGTH_MIN = 32
export const secret = (t: string): string =>
  t.trim().length >= SECRET_LENGTH_MIN
    ? t.trim()
    : fail(`must have ${SECRET_LENGTH_MIN} characters or more (openssl rand -base64 32)`)
export const secrets = (t: string): readonly string[] => list(',')(t).map(secret)
export const number =
  (min: number, max: number) =>
  (t: string): number => {
    const n = Number(t)
    return t.trim() !== '' && Number.isInteger(n) && n >= min && n <= max
      ? n
      : fail(`must be a whole number from ${min} to ${max}`)
  }
export const oneOf =
  <const V extends readonly string[]>(values: V) =>
  (t: string): V[number] =>
    values.includes(t) ? t : fail(`must be one of ${values.join(', ')}`)
export const flag = (t: string): boolean =>
  /^(true|1|yes|on)$/i.test(t) ? true : /^(false|0|no|off)$/i.test(t) ? false : fail('must be true or false')
export const url =
  (...schemes: string[]) =>
  (t: string): string =>
    URL.canParse(t) && schemes.includes(new URL(t).protocol.slice(0, -1))
      ? t
      : fail(`must be a URL that starts with ${schemes.map((s) => `${s}://`).join(' or ')}`)
const DURATION_DAYS_MAX = 3650
const UNIT_SEC = { s: 1, m: 60, h: 3600, d: 86_400 } as const
/** `15m`, `7d`, `3600` (seconds). */
export const durationSec = (t: string): number => {
  const [, n, unit = 's'] = /^(\d+)\s*([smhd])?$/.exec(t.trim()) ?? fail('must be a time such as 900, 15m, 12h or 7d')
  const sec = Number(n) * UNIT_SEC[unit as keyof typeof UNIT_SEC]
  return sec >= 1 && sec <= DURATION_DAYS_MAX * UNIT_SEC.d ? sec : fail(`must be from 1s to ${DURATION_DAYS_MAX}d`)
}
export const list =
  (separator: string | RegExp) =>
  (t: string): readonly string[] =>
    t
      .split(separator)
      .map((s) => s.trim())
      .filter((s) => s !== '')
export type Root = { readonly folder: string; readonly as: string }
/** `/music=/_tutti/music`: a folder of ours, and what the server in front calls it. */
export const roots = (t: string): readonly Root[] =>
  list(',')(t).map((pair) => {
    const at = pair.lastIndexOf('=')
    const [folder, as] = [pair.slice(0, at), pair.slice(at + 1)].map((p) => p.replace(/\/+$/, '')) as [string, string]
    return at > 0 && folder.startsWith('/') && as.startsWith('/')
      ? { folder, as }
      : fail('must be pairs such as /music=/_tutti/music, separated by commas')
  })
/** Origins as browsers send them, separated by commas; a slash at the end is forgiven. */
export const origins = (t: string): readonly string[] =>
  list(',')(t).map((o) => {
    const origin = URL.canParse(o) && /^https?:/.test(o) ? new URL(o).origin : undefined
    return origin !== undefined && origin === o.replace(/\/$/, '').toLowerCase()
      ? origin
      : fail('must be origins such as https://app.example.org, separated by commas')
  })
const PROXY_NAMES = ['loopback', 'linklocal', 'uniquelocal']
/** Addresses, networks (`10.0.0.0/8`) and the names of well-known ones. */
export const addresses = (t: string): readonly string[] =>
  list(',')(t).map((a) => {
    const [ip = '', bits] = a.split('/')
    const wide = isIP(ip) === 6 ? 128 : 32
    const known = PROXY_NAMES.includes(a) || (isIP(ip) > 0 && (bits === undefined || isBits(bits, wide)))
    return known ? a : fail(`must be addresses or networks such as 10.0.0.0/8, or ${PROXY_NAMES.join(', ')}`)
  })
const isBits = (text: string, most: number): boolean => /^\d{1,3}$/.test(text) && Number(text) <= most
export const logLevel = oneOf(KINDS)
export const bytes = (t: string): number => {
  const [, n, unit] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)B?$/i.exec(t.trim()) ?? fail('must be a size such as 512M or 10G')
  const size = Math.round(Number(n) * 1024 ** ' KMGT'.indexOf((unit || ' ').toUpperCase()))
  return Number.isSafeInteger(size) ? size : fail('must be a size below 8000T')
}
