import { errorOfFailure, errorOfResponse } from '#client/errors.ts'
import { client } from '#lib/api.ts'

const REFRESH_MARGIN_MS = 30_000

/** Sends a file as a form does; the calls of the client carry JSON alone. Throws an `ApiError`, as those do. */
export async function sendFile<T>(o: { method: 'POST' | 'PUT'; path: string; field: string; file: File }): Promise<T> {
  await client.session.keepFresh(REFRESH_MARGIN_MS)
  const body = new FormData()
  body.append(o.field, o.file)
  const response = await fetch(`/api/v1${o.path}`, {
    method: o.method,
    headers: { accept: 'application/json', 'x-tutti-session': 'cookie' },
    credentials: 'same-origin',
    body,
  }).catch((thrown: unknown) => {
    throw errorOfFailure(thrown)
  })
  if (!response.ok) throw await errorOfResponse(response)
  return (await response.json()) as T
}
