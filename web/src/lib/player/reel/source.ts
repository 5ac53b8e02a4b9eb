import { type Bytes, type ByteSource, unfit } from './types.ts'

/** How a download went: `bytes` in `ms`, waiting for the first byte not counted. */
export type Heard = (download: { bytes: number; ms: number }) => void
/** Small downloads say more of the way there and back than of its width. */
const MEASURED_BYTES_MIN = 32 * 1024
const HEAD_BYTES = 64 * 1024

export type Refused = Error & { status: number }
/** A server's answer that trying again will not change is told by its status. */
const refused = (status: number): Refused =>
  Object.assign(new Error(`the server answered ${status}`), { name: 'Refused', status })
/** Whether asking again may help: the network, a server that is busy or starts anew. */
export const isPassing = (thrown: unknown): boolean => {
  const status = (thrown as Partial<Refused> | null)?.status
  return status === undefined || status === 408 || status === 429 || status >= 500
}

async function ask(url: string, start: number, end: number, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` }, signal })
  if (response.ok) return response
  await response.body?.cancel()
  throw refused(response.status)
}

async function bytesOf(response: Response, heard: Heard): Promise<Bytes> {
  const startedMs = performance.now()
  const bytes = new Uint8Array(await response.arrayBuffer())
  const ms = performance.now() - startedMs
  if (bytes.length >= MEASURED_BYTES_MIN && ms > 0) heard({ bytes: bytes.length, ms })
  return bytes
}

/** A file at an address, read in ranges. Its beginning is fetched at once, for it tells the length, and kept. */
export async function openUrl(url: string, o: { signal: AbortSignal; heard: Heard }): Promise<ByteSource> {
  const first = await ask(url, 0, HEAD_BYTES, o.signal)
  const sizeBytes = Number(/\/(\d+)$/.exec(first.headers.get('content-range') ?? '')?.[1] ?? Number.NaN)
  if (first.status !== 206 || !(sizeBytes > 0)) {
    await first.body?.cancel()
    throw unfit('a file that cannot be read in parts')
  }
  const etag = first.headers.get('etag')
  const head = await bytesOf(first, o.heard)
  return {
    sizeBytes,
    async read(start, end, signal) {
      const to = Math.min(end, sizeBytes)
      if (start >= to) return new Uint8Array(0)
      if (to <= head.length) return head.slice(start, to)
      const response = await ask(url, start, to, signal)
      if (response.status !== 206 || response.headers.get('etag') !== etag) {
        await response.body?.cancel()
        throw new Error('The file was changed while it played.')
      }
      return bytesOf(response, o.heard)
    },
  }
}
