import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Upload as TusUpload, type UploadOptions } from 'tus-js-client'
import type { Client } from '#kernel/testing.ts'
import type { Upload } from './contract.ts'

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export { sendForm } from '#test/fixtures/forms.ts'

type Looking = { eventually<T>(look: () => Promise<T | false>, what: string, timeoutMs?: number): Promise<T> }
/** The upload once it is where it is going: processed or failed. */
export const settledUpload = (app: Looking, who: Client, id: string, timeoutMs = 60_000): Promise<Upload> =>
  app.eventually(
    async () => {
      const upload = (await who.get(`/upload/status/${id}`)).body as Upload
      return ['analyzing', 'completed', 'failed'].includes(upload.status) && upload
    },
    `upload ${id} to be processed`,
    timeoutMs,
  )

export const TUS = { 'tus-resumable': '1.0.0' }
/** `Upload-Metadata` of these. */
export const metadataOf = (all: Readonly<Record<string, string>>): string =>
  Object.entries(all)
    .map(([k, v]) => `${k} ${Buffer.from(v).toString('base64')}`)
    .join(',')

/** A request of the protocol without the client. */
export async function tus(
  base: string,
  who: Pick<Client, 'token'>,
  method: string,
  path: string,
  o: { headers?: Record<string, string>; body?: Uint8Array | ReadableStream } = {},
) {
  const body = o.body instanceof Uint8Array ? Uint8Array.from(o.body) : o.body
  const answer = await fetch(base + (path.startsWith('/api') ? path : `/api/v1/upload/files${path}`), {
    method,
    headers: {
      ...TUS,
      ...(who.token ? { authorization: `Bearer ${who.token}` } : {}),
      ...(body ? { 'content-type': 'application/offset+octet-stream' } : {}),
      ...o.headers,
    },
    ...(body ? { body, duplex: 'half' as const } : {}),
  })
  const text = await answer.text()
  const isJson = (answer.headers.get('content-type') ?? '').includes('json') && text !== ''
  const parsed = (isJson ? JSON.parse(text) : {}) as { code?: string; detail?: string; status?: unknown }
  return { status: answer.status, headers: answer.headers, body: parsed, text }
}

/** Begins an upload of `sizeBytes` and answers its id. */
export async function begin(
  base: string,
  who: Pick<Client, 'token'>,
  sizeBytes: number,
  metadata: Readonly<Record<string, string>> = { filename: 'a.wav' },
): Promise<string> {
  const headers = { 'upload-length': String(sizeBytes), 'upload-metadata': metadataOf(metadata) }
  const made = await tus(base, who, 'POST', '', { headers })
  if (made.status !== 201) throw new Error(`${made.status} ${made.text}`)
  return String(made.headers.get('location')?.split('/').at(-1))
}
export const patchAt = (offset: number) => ({ 'upload-offset': String(offset) })

/** The real client to its end; answers the id. */
export function sendByTus(
  base: string,
  who: Pick<Client, 'token'>,
  bytes: Buffer,
  o: UploadOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const upload: TusUpload = new TusUpload(bytes, {
      endpoint: `${base}/api/v1/upload/files`,
      headers: { authorization: `Bearer ${who.token}` },
      retryDelays: null,
      metadata: { filename: 'tone.wav' },
      ...o,
      onError: reject,
      onSuccess: () => resolve(String(upload.url?.split('/').at(-1))),
    })
    upload.start()
  })
}

type Line = {
  /** Each time it has carried so many bytes, it breaks. */
  bearsBytes: () => number
  /** Rest after each piece. */
  restMs?: number
}
/** A line to whatever server stands at `target` when it is used. */
export async function fragileLine(target: () => string, { bearsBytes, restMs = 0 }: Line) {
  const open = new Set<Socket>()
  let breaks = 0
  const server = createServer((near) => {
    const { hostname: host, port } = new URL(target())
    const far = connect(Number(port), host)
    let left = bearsBytes()
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        near.destroy()
        far.end()
      })
    }
    near.on('data', (chunk: Buffer) => {
      far.write(chunk.subarray(0, left))
      left -= chunk.length
      if (left > 0 && restMs > 0) {
        near.pause()
        setTimeout(() => near.resume(), restMs)
      }
      if (left > 0) return
      breaks++
      near.destroy()
      // A reset also throws away what the other side has not read yet; a line that ends does not.
      if (breaks % 3 === 0) far.resetAndDestroy()
      else far.end()
    })
    far.pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    breaks: () => breaks,
    async close() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
