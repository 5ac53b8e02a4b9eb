import { type ByteRange, readRange } from './ranges.ts'

/** What identifies one version of some bytes. */
export type Version = {
  readonly sizeBytes: number
  /** Strong, with its quotes. */
  readonly etag: string
  readonly modifiedAt?: Date | undefined
}
export type Plan =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: ByteRange }
  | { readonly kind: 'not_modified' | 'failed' | 'outside' }
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

const ETAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g
const text = (headers: RequestHeaders, name: string): string | undefined => {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
/** HTTP dates have whole seconds. */
const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)
const readDate = (value: string | undefined): number | undefined => {
  const ms = value === undefined ? Number.NaN : Date.parse(value)
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000)
}

/** Weak comparison (`If-None-Match`) forgives `W/`, strong comparison (`If-Match`) does not. */
function listed(header: string, etag: string, comparison: 'weak' | 'strong'): boolean {
  if (header.trim() === '*') return true
  const tags = header.match(ETAG) ?? []
  return tags.some((tag) => (comparison === 'weak' ? tag.replace(/^W\//, '') : tag) === etag)
}

const failed = (headers: RequestHeaders, v: Version): boolean => {
  const match = text(headers, 'if-match')
  if (match !== undefined) return !listed(match, v.etag, 'strong')
  const since = readDate(text(headers, 'if-unmodified-since'))
  return since !== undefined && v.modifiedAt !== undefined && seconds(v.modifiedAt) > since
}
const notModified = (headers: RequestHeaders, v: Version): boolean => {
  const match = text(headers, 'if-none-match')
  if (match !== undefined) return listed(match, v.etag, 'weak')
  const since = readDate(text(headers, 'if-modified-since'))
  return since !== undefined && v.modifiedAt !== undefined && seconds(v.modifiedAt) <= since
}

/**
 * RFC 9110 §13.1.5: the range counts only if the version is still the one the client has. A date is a strong validator
 * only when the bytes could not have changed again within its second, so a fresh file answers the whole.
 */
function rangeCounts(headers: RequestHeaders, v: Version, nowMs: number): boolean {
  const condition = text(headers, 'if-range')?.trim()
  if (condition === undefined) return true
  if (condition.endsWith('"')) return condition === v.etag
  const date = readDate(condition)
  if (date === undefined || v.modifiedAt === undefined) return false
  return date === seconds(v.modifiedAt) && nowMs - v.modifiedAt.getTime() >= 1000
}

/** What to answer to GET or HEAD, in the order of precedence of RFC 9110 §13.2.2. Ranges count for GET only (§14.2). */
export function planAnswer(method: string, headers: RequestHeaders, v: Version, nowMs = Date.now()): Plan {
  if (failed(headers, v)) return { kind: 'failed' }
  if (notModified(headers, v)) return { kind: 'not_modified' }
  if (method !== 'GET' || !rangeCounts(headers, v, nowMs)) return { kind: 'whole' }
  const range = readRange(text(headers, 'range'), v.sizeBytes)
  if (range === 'outside') return { kind: 'outside' }
  return range === 'whole' ? { kind: 'whole' } : { kind: 'part', range }
}
