import { join } from './boxes.ts'
import { type Bytes, type ByteSource, unfit } from './types.ts'

/** How a download went: `bytes` in `ms`, waiting for the first byte not counted. */
export type Heard = (download: { bytes: number; ms: number }) => void
/** Small downloads say more of the way there and back than of its width. */
const MEASURED_BYTES_MIN = 32 * 1024
/** A long download is told of while it is under way: the one that a thin line makes hopeless is given up, not ended. */
const TELL_EVERY_MS = 500
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

/** The body of an answer. How it came is told, in parts; of what is given up, up to then. */
export async function bytesOf(response: Response, o: { signal: AbortSignal; heard: Heard }): Promise<Bytes> {
  const reader = response.body?.getReader()
  const parts: Uint8Array[] = []
  let fresh = { bytes: 0, sinceMs: performance.now() }
  const tell = () => {
    const ms = performance.now() - fresh.sinceMs
    const { bytes } = fresh
    if (ms <= 0 || (ms < TELL_EVERY_MS && bytes < MEASURED_BYTES_MIN)) return
    fresh = { bytes: 0, sinceMs: performance.now() }
    o.heard({ bytes, ms })
  }
  try {
    for (let got = await reader?.read(); got?.value; got = await reader?.read()) {
      parts.push(got.value)
      fresh.bytes += got.value.length
      if (performance.now() - fresh.sinceMs >= TELL_EVERY_MS) tell()
    }
  } catch (thrown) {
    if (o.signal.aborted) tell()
    throw thrown
  }
  tell()
  return join(parts)
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
  const head = await bytesOf(first, o)
  return {
    sizeBytes,
    async read(start, end, signal) {
      const to = Math.min(end, sizeBytes)
      if (start >= to) return new Uint8Array(0)
      const known = head.subarray(start, to)
      if (known.length === to - start) return known.slice()
      const response = await ask(url, start + known.length, to, signal)
      if (response.status !== 206 || response.headers.get('etag') !== etag) {
        await response.body?.cancel()
        throw new Error('The file was changed while it played.')
      }
      return join([known, await bytesOf(response, { signal, heard: o.heard })])
    },
  }
}
