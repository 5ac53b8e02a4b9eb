/** Which part of an immutable file a request asks for: one range and one strong ETag are all that frames need. */
import type { IncomingHttpHeaders } from 'node:http'

export type Body = { readonly status: 200 | 206; readonly start: number; readonly end: number }
export type Part = Body | { readonly status: 304 } | { readonly status: 416 }

const one = /^bytes\s*=\s*(\d*)-(\d*)$/i

/** What the header asks for, `end` exclusive; `all` when it cannot be understood and so must be ignored. */
function rangeOf(header: string | undefined, sizeBytes: number): { start: number; end: number } | 'all' | 'outside' {
  const [, first = '', last = ''] = one.exec(header?.trim() ?? '') ?? []
  if (first === '' && last === '') return 'all'
  if (first === '')
    return Number(last) > 0 ? { start: Math.max(0, sizeBytes - Number(last)), end: sizeBytes } : 'outside'
  if (last !== '' && Number(last) < Number(first)) return 'all'
  if (Number(first) >= sizeBytes) return 'outside'
  return { start: Number(first), end: last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1) }
}

/** RFC 9110 §13 and §14 for a file of `sizeBytes` bytes (more than 0) with this ETag and no date. */
export function partOf(method: string, headers: IncomingHttpHeaders, etag: string, sizeBytes: number): Part {
  const known = headers['if-none-match']
  if (known?.trim() === '*' || known?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag))
    return { status: 304 }
  const whole: Body = { status: 200, start: 0, end: sizeBytes }
  const ifRange = headers['if-range']
  if (method !== 'GET' || (ifRange !== undefined && ifRange !== etag)) return whole
  const range = rangeOf(headers.range, sizeBytes)
  if (range === 'outside') return { status: 416 }
  return range === 'all' ? whole : { status: 206, ...range }
}
