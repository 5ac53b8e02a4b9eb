import { errorOfFailure, errorOfResponse } from './errors.ts'

export const API_BASE = '/api/v1'

export type Route = {
  readonly kind: 'public' | 'raw'
  readonly method: string
  readonly path: string
  /** Also of a DELETE: what is secret never stands in an address. */
  readonly fieldsFrom?: 'body'
}
export type Fields = Readonly<Record<string, unknown>>

const addTo = (query: URLSearchParams, name: string, value: unknown) => {
  if (value === undefined || value === null) return
  for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) query.append(name, String(one))
}

/** Path with its names filled in, and the fields that are left for the query or the body. */
export function splitInput(route: Route, input: Fields): { path: string; rest: Fields } {
  const rest = { ...input }
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = rest[name]
    if (typeof value !== 'string' || value === '') throw new TypeError(`${route.path} needs \`${name}\``)
    delete rest[name]
    return encodeURIComponent(value)
  })
  return { path, rest }
}

/** Address of an operation with all its input in path and query. */
export function urlOf(baseUrl: string, route: Route, input: Fields): string {
  const { path, rest } = splitInput(route, input)
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(rest)) addTo(query, name, value)
  return `${baseUrl}${API_BASE}${path}${query.size > 0 ? `?${query.toString()}` : ''}`
}

const isInQuery = (route: Route): boolean =>
  route.method === 'GET' || (route.method === 'DELETE' && route.fieldsFrom !== 'body')

/** A request for `fetch`: the input goes to the query for GET and most DELETEs, else to a JSON body. */
export function requestOf(
  baseUrl: string,
  route: Route,
  input: Fields,
): { url: string; init: { method: string; headers: Record<string, string>; body?: string } } {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (isInQuery(route)) return { url: urlOf(baseUrl, route, input), init: { method: route.method, headers } }
  const { path, rest } = splitInput(route, input)
  headers['content-type'] = 'application/json'
  return { url: `${baseUrl}${API_BASE}${path}`, init: { method: route.method, headers, body: JSON.stringify(rest) } }
}

/** Sends, and answers the parsed body ({} for an empty one) or throws an `ApiError`. */
export async function send(fetcher: typeof fetch, url: string, init: RequestInit): Promise<unknown> {
  const response = await fetcher(url, init).catch((thrown: unknown) => {
    throw errorOfFailure(thrown)
  })
  if (!response.ok) throw await errorOfResponse(response)
  const text = await response.text().catch((thrown: unknown) => {
    throw errorOfFailure(thrown)
  })
  return text === '' ? {} : (JSON.parse(text) as unknown)
}
