import type { Quality } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { dropCopy, putPiece } from '#lib/offline/bytes.ts'
import type { Copy, KeptSong } from '#lib/offline/model.ts'
import { KEEPER_HEADER } from '#lib/offline/names.ts'
import { makeCutter, pieceCount, reach, readContentRange } from '#lib/offline/pieces.ts'
import { changeSong } from '#lib/offline/store.ts'
import { faultOf, isFull, KeepFault } from './outcome.ts'

export type Fetching = {
  readonly cache: Cache
  readonly signal: AbortSignal
  /** Told of bytes of the piece that is on its way. */
  readonly onBytes: (bytes: number) => void
}

export const streamUrl = (id: string, quality: Quality): string =>
  quality === 'original' ? client.url.streamSong({ id }) : client.url.streamSong({ id, quality })

/** Sends past the worker, which would answer from the very copy that is being made. */
export async function askServer(
  url: string,
  init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
): Promise<Response> {
  const send = () => fetch(url, { ...init, cache: 'no-store', headers: { ...init.headers, [KEEPER_HEADER]: '1' } })
  const answer = await send()
  if (answer.status !== 401) return answer
  const fresh = await client.session.refresh()
  return fresh ? send() : answer
}

/** What a first answer promises of the whole; without length and ETag there is nothing to hold it to. */
function copyFrom(answer: Response, quality: Quality): Copy {
  const sizeBytes = Number(answer.headers.get('content-length'))
  const etag = answer.headers.get('etag')
  if (!(sizeBytes > 0) || !etag || etag.startsWith('W/'))
    throw new KeepFault('refused', 'The server does not say how long this is in this quality: choose another.')
  const contentType = answer.headers.get('content-type') ?? 'application/octet-stream'
  return { tag: crypto.randomUUID().slice(0, 8), quality, etag, contentType, sizeBytes, pieces: 0 }
}

const goesOn = (answer: Response, draft: Copy): boolean => {
  const came = readContentRange(answer.headers.get('content-range'))
  return (
    answer.status === 206 &&
    answer.headers.get('etag') === draft.etag &&
    came?.start === reach(draft.sizeBytes, draft.pieces) &&
    came.sizeBytes === draft.sizeBytes
  )
}

async function setDraft(f: Fetching, song: KeptSong, draft: Copy | null): Promise<KeptSong> {
  if (song.draft && song.draft.tag !== draft?.tag) await dropCopy(f.cache, song.id, song.draft)
  const after = await changeSong(song.id, (s) => ({ ...s, draft }))
  if (!after) throw new KeepFault('gone', 'It is not kept any more.')
  return after
}

/** Asks for what is missing of the draft; when the server has other bytes now, begins anew. */
async function begin(f: Fetching, song: KeptSong): Promise<{ song: KeptSong; answer: Response; draft: Copy }> {
  const { draft, quality } = song
  const url = streamUrl(song.id, quality)
  const old = draft?.quality === quality && draft.pieces > 0 ? draft : null
  const headers: Record<string, string> = old
    ? { range: `bytes=${reach(old.sizeBytes, old.pieces)}-`, 'if-range': old.etag }
    : {}
  const answer = await askServer(url, { headers, signal: f.signal })
  if (old && goesOn(answer, old)) return { song, answer, draft: old }
  if (answer.status === 206 || answer.status === 416) {
    await answer.body?.cancel()
    return begin(f, await setDraft(f, song, null))
  }
  if (!answer.ok) throw await faultOf(answer)
  const fresh = copyFrom(answer, quality)
  return { song: await setDraft(f, song, fresh), answer, draft: fresh }
}

async function putDown(f: Fetching, songId: string, draft: Copy, bytes: Uint8Array<ArrayBuffer>): Promise<Copy> {
  await putPiece(f.cache, songId, draft, bytes)
  const next = { ...draft, pieces: draft.pieces + 1 }
  const after = await changeSong(songId, (s) => (s.draft?.tag === draft.tag ? { ...s, draft: next } : s))
  if (after?.draft?.tag !== draft.tag) throw new KeepFault('gone', 'It is not kept any more.')
  f.onBytes(0)
  return next
}

async function readAll(f: Fetching, songId: string, answer: Response, first: Copy): Promise<Copy> {
  let draft = first
  let restBytes = 0
  const cutter = makeCutter()
  const reader = (answer.body ?? new Blob().stream()).getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    for (const piece of cutter.add(next.value)) draft = await putDown(f, songId, draft, piece)
    restBytes = cutter.restBytes()
    f.onBytes(restBytes)
  }
  const haveBytes = reach(draft.sizeBytes, draft.pieces) + (draft.pieces < pieceCount(draft.sizeBytes) ? restBytes : 0)
  if (haveBytes !== draft.sizeBytes) throw new KeepFault('cut', 'The answer broke off.')
  return restBytes > 0 ? putDown(f, songId, draft, cutter.rest()) : draft
}

/**
 * Fetches what is missing of one song. INVARIANT: only what has the promised length, all of it from one version of the
 * file (one ETag), takes the place of what was kept before. Throws `KeepFault`, and the signal's reason.
 */
export async function fetchSong(f: Fetching, asked: KeptSong): Promise<void> {
  try {
    const { song, answer, draft } = await begin(f, asked)
    const whole = await readAll(f, song.id, answer, draft)
    let old: Copy | null = null
    await changeSong(song.id, (s) => {
      if (s.draft?.tag !== whole.tag) return s
      old = s.copy
      return { ...s, copy: whole, draft: null, fault: null, isStale: false }
    })
    await dropCopy(f.cache, song.id, old)
  } catch (thrown) {
    if (f.signal.aborted || thrown instanceof KeepFault) throw thrown
    if (isFull(thrown)) throw new KeepFault('full', 'The disk has no more room for it: remove something first.')
    throw new KeepFault('cut', 'The server does not answer.')
  }
}
