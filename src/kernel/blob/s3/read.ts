import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '#kernel/errors.ts'
import { blobNotFound } from '../errors.ts'
import type { Range } from '../read.ts'
import type { S3 } from './client.ts'
import { isNotThere, isOutside, s3Fault, statusOf, storageAway } from './faults.ts'

/** What may lie unread in memory for one reader. */
const BUFFER_BYTES = 256 * 1024
/** A body from which nothing came for so long, though it was wanted, is asked for anew. */
const STALL_MS = 20_000
/** New requests for the rest of one body, since it last gave a byte. */
const RESUMES_MAX = 4
const RESUME_WAIT_MS = 200

type Body = { stream: Readable; sizeBytes: number; etag: string | undefined }

type Rest = { start: number; end?: number; etag?: string; signal: AbortSignal }

/** Asks for the bytes from `start`; undefined where the object has none of them. Throws 404 and 503. */
async function ask(s3: S3, key: string, o: Rest): Promise<Body | 'replaced' | undefined> {
  const range =
    o.start > 0 || o.end !== undefined ? `bytes=${o.start}-${o.end === undefined ? '' : o.end - 1}` : undefined
  try {
    const answer = await s3.bodies.send(
      new s3.sdk.GetObjectCommand({
        Bucket: s3.bucket,
        Key: key,
        ...(range && { Range: range }),
        ...(o.etag && { IfMatch: o.etag }),
      }),
      { abortSignal: o.signal },
    )
    return { stream: answer.Body as Readable, sizeBytes: answer.ContentLength ?? 0, etag: answer.ETag }
  } catch (thrown) {
    o.signal.throwIfAborted()
    if (isOutside(thrown)) return undefined
    if (statusOf(thrown) === 412) return 'replaced'
    throw isNotThere(thrown) ? blobNotFound() : s3Fault(s3, 'read', thrown)
  }
}

/**
 * An object as a stream. A connection that breaks or stalls is replaced by another one for the rest, of the same
 * version: INVARIANT: the bytes are those of one version, and all that were asked for, or the stream fails.
 */
export function readObject(s3: S3, key: string, range: Range | undefined): Readable {
  const stopping = new AbortController()
  const state = { at: range?.start ?? 0, end: range?.end, etag: undefined as string | undefined, resumes: 0 }
  let body: Readable | undefined
  let isOpening = false
  const stall = setTimeout(() => {
    if (body && !body.isPaused()) body.destroy(new Error('the storage sent nothing'))
  }, STALL_MS)
  stall.unref()
  const out = new Readable({
    highWaterMark: BUFFER_BYTES,
    read() {
      stall.refresh()
      if (body) body.resume()
      else void open()
    },
    destroy(error, done) {
      clearTimeout(stall)
      stopping.abort(error ?? new Error('closed'))
      body?.destroy()
      done(error)
    },
  })

  async function open(): Promise<void> {
    if (isOpening) return
    isOpening = true
    try {
      if (state.resumes > 0) await sleep(RESUME_WAIT_MS * 2 ** state.resumes, undefined, { signal: stopping.signal })
      const { at: start, end, etag } = state
      const asked = { start, signal: stopping.signal, ...(end !== undefined && { end }), ...(etag && { etag }) }
      follow(await ask(s3, key, asked))
    } catch (thrown) {
      if (!resume(thrown)) out.destroy(thrown as Error)
    }
  }

  function follow(found: Body | 'replaced' | undefined): void {
    isOpening = false
    if (found === 'replaced') return void out.destroy(storageAway())
    if (!found) return void out.push(null)
    const { stream } = found
    state.end = state.at + found.sizeBytes
    state.etag = found.etag
    body = stream
    stream.on('data', (chunk: Buffer) => {
      state.at += chunk.length
      state.resumes = 0
      stall.refresh()
      if (!out.push(chunk)) stream.pause()
    })
    stream.on('error', () => undefined)
    stream.once('close', () => {
      body = undefined
      if (stopping.signal.aborted) return
      if (state.at === state.end) out.push(null)
      else if (!resume(undefined)) out.destroy(s3Fault(s3, 'read', new Error('the body broke off')) as Error)
    })
  }

  /** Whether another request is under way for the rest. */
  function resume(thrown: unknown): boolean {
    const isOver = thrown instanceof AppError && thrown.status !== 503
    if (stopping.signal.aborted || isOver || (state.etag === undefined && thrown !== undefined)) return false
    if (state.resumes >= RESUMES_MAX) return false
    state.resumes++
    isOpening = false
    void open()
    return true
  }
  return out
}
