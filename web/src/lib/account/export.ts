import { errorOfFailure, errorOfResponse } from '#client/errors.ts'
import { client } from '#lib/api.ts'

const REFRESH_MARGIN_MS = 30_000

/** Saves everything that is kept of the signed-in person. Throws an `ApiError` when it cannot be had. */
export async function downloadMine(): Promise<void> {
  await client.session.keepFresh(REFRESH_MARGIN_MS)
  // Not a plain link: a refusal would be saved as if it were the file.
  const response = await fetch(client.url.exportMe({}), { credentials: 'same-origin' }).catch((thrown: unknown) => {
    throw errorOfFailure(thrown)
  })
  if (!response.ok) throw await errorOfResponse(response)
  const address = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = address
  link.download = `tutti-export-${new Date().toISOString().slice(0, 10)}.json`
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
