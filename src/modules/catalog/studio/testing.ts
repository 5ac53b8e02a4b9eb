import type { Answer, Client } from '#kernel/testing.ts'
import type { Catalog } from '#modules/catalog/testing.ts'

type File = { name: string; bytes: Uint8Array; fileName?: string }
export type Form = { files?: readonly File[]; fields?: Readonly<Record<string, string | readonly string[]>> }

/** Sends a form with files as a browser does. */
export async function sendForm(
  c: Pick<Catalog, 'app'>,
  who: Pick<Client, 'token'>,
  to: string,
  form: Form,
): Promise<Pick<Answer, 'status' | 'headers' | 'body' | 'text'>> {
  const [method = 'POST', path = ''] = to.split(' ')
  const body = new FormData()
  for (const [k, v] of Object.entries(form.fields ?? {})) for (const one of [v].flat()) body.append(k, one)
  for (const { name, bytes, fileName = 'file.bin' } of form.files ?? [])
    body.append(name, new Blob([Uint8Array.from(bytes)]), fileName)
  const headers = who.token ? { authorization: `Bearer ${who.token}` } : {}
  const answer = await fetch(`${c.app.url}/api/v1${path}`, { method, headers, body })
  const text = await answer.text()
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: (text ? JSON.parse(text) : {}) as Answer['body'],
  }
}

/** A song of these bytes; `fields` as a form sends them. */
export async function postSong(
  c: Pick<Catalog, 'app'>,
  who: Client,
  bytes: Uint8Array,
  fields: Form['fields'] = {},
  fileName = 'song.mp3',
): Promise<Answer['body']> {
  const made = await sendForm(c, who, 'POST /songs', { files: [{ name: 'audio', bytes, fileName }], fields })
  if (made.status !== 201) throw new Error(`${made.status} ${made.text}`)
  return made.body
}
