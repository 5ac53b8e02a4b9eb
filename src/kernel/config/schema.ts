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

const KINDS = ['error', 'warn', 'info', 'debug', 'silent'] as const

/** A parser throws one short clause: "must be …". */
const fail = (clause: string): never => {
  throw new Error(clause)
}
export const text = (t: string): string => t
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
/** `15m`, `7d`, `3600` (seconds). */
export const durationSec = (t: string): number => {
  const [, n, unit] = /^(\d+)\s*(s|m|h|d)?$/.exec(t.trim()) ?? fail('must be a time such as 900, 15m, 12h or 7d')
  return Number(n) * { s: 1, m: 60, h: 3600, d: 86_400 }[(unit ?? 's') as 's' | 'm' | 'h' | 'd']
}
export const list =
  (separator: string | RegExp) =>
  (t: string): readonly string[] =>
    t
      .split(separator)
      .map((s) => s.trim())
      .filter((s) => s !== '')
export const logLevel = oneOf(KINDS)
export const bytes = (t: string): number => {
  const [, n, unit] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)B?$/i.exec(t.trim()) ?? fail('must be a size such as 512M or 10G')
  return Math.round(Number(n) * 1024 ** ' KMGT'.indexOf((unit || ' ').toUpperCase()))
}
