import { createHash } from 'node:crypto'
import type { Client } from '#kernel/testing.ts'
import type { Upload } from './contract.ts'

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

type Part = { name: string; bytes: Uint8Array; fileName?: string; type?: string }
/** Sends a form with files, as a browser does. */
export async function sendForm(
  base: string,
  who: Pick<Client, 'token'>,
  path: string,
  form: { files: readonly Part[]; fields?: Readonly<Record<string, string>> },
) {
  const body = new FormData()
  for (const [k, v] of Object.entries(form.fields ?? {})) body.append(k, v)
  for (const { name, bytes, fileName = 'file.bin', type = 'application/octet-stream' } of form.files)
    body.append(name, new Blob([Uint8Array.from(bytes)], { type }), fileName)
  const headers = { authorization: `Bearer ${who.token}` }
  const answer = await fetch(`${base}/api/v1${path}`, { method: 'POST', headers, body })
  const text = await answer.text()
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of many shapes
  return { status: answer.status, text, body: (text ? JSON.parse(text) : {}) as Record<string, any> }
}

type Looking = { eventually<T>(look: () => Promise<T | false>, what: string, timeoutMs?: number): Promise<T> }
/** The upload once it is where it is going: processed or failed. */
export const settledUpload = (app: Looking, who: Client, id: string, timeoutMs = 30_000): Promise<Upload> =>
  app.eventually(
    async () => {
      const upload = (await who.get(`/upload/status/${id}`)).body as Upload
      return ['analyzing', 'completed', 'failed'].includes(upload.status) && upload
    },
    `upload ${id} to be processed`,
    timeoutMs,
  )
