import type { DetailedError, HttpRequest, HttpResponse, Upload } from 'tus-js-client'
import { errorOfFailure, errorOfResponse } from '#client/errors.ts'
import type { ApiError } from '#client/index.ts'
import { client } from '#lib/api.ts'

/** Where the resumable uploads stand (tus 1.0). */
const ENDPOINT = '/api/v1/upload/files'
/** One request carries at most this much: a cut line or a proxy with a limit costs little. */
const CHUNK_BYTES = 8 * 1024 * 1024
const REFRESH_MARGIN_MS = 30_000

export type SendEvents = {
  /** The server knows of it under this id from now on. */
  onKnown(uploadId: string): void
  /** Bytes that are there; also where it goes on after a break. */
  onProgress(sentBytes: number): void
  onSent(): void
  onFault(fault: ApiError): void
}
export type Sending = {
  /** Begins, or goes on where the server's bytes end. */
  start(): void
  /** Stops after what is under way; `start` goes on. */
  stop(): void
  /** Stops for good, here and on the server. */
  drop(): Promise<void>
}

const bodyOf = (response: HttpResponse) => {
  const status = response.getStatus()
  const after = response.getHeader('Retry-After')
  return new Response(status === 204 || status === 304 ? null : response.getBody(), {
    status: status >= 200 && status <= 599 ? status : 500,
    headers: after ? { 'retry-after': after } : {},
  })
}
/** What tus throws, as the calls of the client throw it. */
async function faultOf(thrown: Error): Promise<ApiError> {
  const response = (thrown as Partial<DetailedError>).originalResponse
  return response && response.getStatus() > 0 ? errorOfResponse(bodyOf(response)) : errorOfFailure(thrown)
}

/** tus begins anew when it cannot ask how far it is; only a server that does not know the upload is a reason for that. */
function keepWhatIsThere(request: HttpRequest, response: HttpResponse): void {
  const status = response.getStatus()
  const isUnknown = status === 403 || status === 404 || status === 410
  if (request.getMethod() === 'HEAD' && status >= 300 && !isUnknown && status !== 423)
    throw new Error(`The server answered ${status}.`)
}

const idIn = (url: string | null): string | null => url?.split('?')[0]?.split('/').at(-1) ?? null

/** Readies a file to be sent. The same file chosen again by the same person goes on where it was left. */
export async function makeSending(
  file: File,
  o: { owner: string; folder: string; metadata: Readonly<Record<string, string>>; on: SendEvents },
): Promise<Sending> {
  const tus = await import('tus-js-client')
  const upload: Upload = new tus.Upload(file, {
    endpoint: location.origin + ENDPOINT,
    headers: { 'x-tutti-session': 'cookie' },
    chunkSize: CHUNK_BYTES,
    metadata: { ...o.metadata },
    retryDelays: null,
    removeFingerprintOnSuccess: true,
    fingerprint: async ({ name, size, lastModified }) =>
      ['tutti', o.owner, o.folder, name, size, lastModified].map(String).map(encodeURIComponent).join('-'),
    onBeforeRequest: () => client.session.keepFresh(REFRESH_MARGIN_MS),
    onAfterResponse: keepWhatIsThere,
    onUploadUrlAvailable: () => {
      const id = idIn(upload.url)
      if (id) o.on.onKnown(id)
    },
    onProgress: (sent) => o.on.onProgress(sent),
    onSuccess: () => o.on.onSent(),
    onError: (thrown) => void faultOf(thrown).then(o.on.onFault),
  })
  const [earlier] = (await upload.findPreviousUploads()).toSorted((a, b) =>
    b.creationTime.localeCompare(a.creationTime),
  )
  if (earlier) upload.resumeFromPreviousUpload(earlier)
  return {
    start: () => upload.start(),
    stop: () => void upload.abort().catch(() => undefined),
    drop: () => upload.abort(true),
  }
}
