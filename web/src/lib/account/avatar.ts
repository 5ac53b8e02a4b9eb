import { errorOfFailure, errorOfResponse } from '#client/errors.ts'
import type { User } from '#client/index.ts'
import { client } from '#lib/api.ts'

/** What the server takes. */
const AVATAR_BYTES_MAX = 10 * 1024 * 1024
const REFRESH_MARGIN_MS = 30_000

/** Why a file can be no picture of a person, or ''. */
export function avatarFault(file: Pick<File, 'type' | 'size'>): string {
  if (!file.type.startsWith('image/')) return 'This is no picture: choose a JPEG, PNG, WebP, AVIF or GIF.'
  if (file.size > AVATAR_BYTES_MAX) return 'This picture is too large: 10 MB at most.'
  return ''
}

/** Gives the signed-in person a picture. Throws an `ApiError`, as the calls of the client do. */
export async function putAvatar(file: File): Promise<User> {
  await client.session.keepFresh(REFRESH_MARGIN_MS)
  const response = await fetch(client.url.putAvatar({}), {
    method: 'PUT',
    headers: { 'content-type': file.type, accept: 'application/json' },
    credentials: 'same-origin',
    body: file,
  }).catch((thrown: unknown) => {
    throw errorOfFailure(thrown)
  })
  if (!response.ok) throw await errorOfResponse(response)
  return (await response.json()) as User
}
