import type { Quality } from '#client/index.ts'
import { hasPieceAt, keptStream, openKept } from '#lib/offline/bytes.ts'
import { KEPT_HEADER } from '#lib/offline/names.ts'
import { type Copy, isAtLeast, type KeptSong } from '#lib/offline/model.ts'
import { type ByteRange, reach, readContentRange, readRange } from '#lib/offline/pieces.ts'
import { changeSong, readSong } from '#lib/offline/store.ts'
import { tellAll } from '#lib/offline/told.ts'
import { currentIndex } from './index.ts'

/** Played again within this time counts as one playing. */
const PLAYED_EVERY_MS = 60_000

const qualityOf = (url: URL): Quality => (url.searchParams.get('quality') as Quality | null) ?? 'original'

function headersOf(copy: Copy, range: ByteRange): Record<string, string> {
  return {
    'content-type': copy.contentType,
    'content-length': String(range.end - range.start),
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    etag: copy.etag,
    [KEPT_HEADER]: '1',
  }
}

const outside = ({ sizeBytes }: Copy): Response =>
  new Response(null, { status: 416, headers: { 'content-range': `bytes */${sizeBytes}` } })

function answerOf(request: Request, copy: Copy, body: (range: ByteRange) => ReadableStream<Uint8Array>): Response {
  const asked = readRange(request.headers.get('range'), copy.sizeBytes)
  if (asked === 'outside') return outside(copy)
  const range = asked === 'whole' ? { start: 0, end: copy.sizeBytes } : asked
  const headers = headersOf(copy, range)
  if (asked !== 'whole') headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${copy.sizeBytes}`
  const content = request.method === 'HEAD' ? null : body(range)
  return new Response(content, { status: asked === 'whole' ? 200 : 206, headers })
}

const startOf = (request: Request, copy: Copy): number => {
  const range = readRange(request.headers.get('range'), copy.sizeBytes)
  return typeof range === 'object' ? range.start : 0
}

function notePlayed(song: KeptSong): void {
  if (Date.now() - song.playedAtMs < PLAYED_EVERY_MS) return
  void changeSong(song.id, (s) => ({ ...s, playedAtMs: Date.now() })).catch(() => undefined)
}

/** The browser has thrown away a part of it: it counts as not kept, and is fetched again. */
async function heal(song: KeptSong, copy: Copy): Promise<void> {
  await changeSong(song.id, (s) => (s.copy?.tag === copy.tag ? { ...s, copy: null } : s))
  tellAll({ type: 'changed' })
}

async function keptWhole(request: Request, song: KeptSong, cache: Cache): Promise<Response | null> {
  const { copy } = song
  if (!copy) return null
  if (!(await hasPieceAt(cache, song.id, copy, startOf(request, copy)))) {
    await heal(song, copy)
    return null
  }
  notePlayed(song)
  return answerOf(request, copy, (range) => keptStream(cache, song.id, copy, range))
}

/** What comes after the part that is here, from the server, and only if it is of the same bytes. */
async function fetchRest(request: Request, copy: Copy, range: ByteRange): Promise<ReadableStream<Uint8Array>> {
  const answer = await fetch(request.url, {
    headers: { range: `bytes=${range.start}-${range.end - 1}`, 'if-range': copy.etag },
    signal: request.signal,
  })
  const came = readContentRange(answer.headers.get('content-range'))
  const fits = answer.status === 206 && answer.headers.get('etag') === copy.etag && came?.start === range.start
  if (fits && answer.body) return answer.body
  await answer.body?.cancel()
  throw new Error('The server has other bytes now than those that were kept.')
}

async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** First what is here, then the rest from the server: a song that is still being kept can be heard and sought in. */
function joined(
  request: Request,
  song: KeptSong,
  copy: Copy,
  o: { cache: Cache; range: ByteRange },
): ReadableStream<Uint8Array> {
  const here = reach(copy.sizeBytes, copy.pieces)
  const { start, end } = o.range
  async function* parts(): AsyncGenerator<Uint8Array> {
    if (start < here) yield* chunksOf(keptStream(o.cache, song.id, copy, { start, end: Math.min(end, here) }))
    if (end > here) yield* chunksOf(await fetchRest(request, copy, { start: Math.max(start, here), end }))
  }
  const source = parts()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await source.next()
        if (next.done) controller.close()
        else controller.enqueue(next.value)
      },
      cancel: () => void source.return(undefined),
    },
    { highWaterMark: 0 },
  )
}

async function keptPart(request: Request, song: KeptSong, cache: Cache): Promise<Response | null> {
  const { draft } = song
  const start = draft ? startOf(request, draft) : 0
  if (!draft || start >= reach(draft.sizeBytes, draft.pieces)) return null
  if (!(await hasPieceAt(cache, song.id, draft, start))) return null
  return answerOf(request, draft, (range) => joined(request, song, draft, { cache, range }))
}

/**
 * The audio of a song that is kept. What is here is played when it is as good as what is asked for; a better quality
 * comes from the server while that answers.
 */
export async function soundAnswer(request: Request, songId: string, url: URL): Promise<Response> {
  const index = await currentIndex()
  const song = index?.songs.has(songId) ? await readSong(songId) : undefined
  if (!index || !song) return fetch(request)
  const cache = await openKept(index.userId)
  const asked = qualityOf(url)
  const isGood = (song.copy && isAtLeast(song.copy.quality, asked)) || (!song.copy && song.draft?.quality === asked)
  const kept = async () => (await keptWhole(request, song, cache)) ?? (await keptPart(request, song, cache))
  if (isGood) return (await kept()) ?? fetch(request)
  try {
    return await fetch(request)
  } catch (thrown) {
    const instead = await kept()
    if (instead) return instead
    throw thrown
  }
}
