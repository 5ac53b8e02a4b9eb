import type { Song } from '#client/index.ts'
import { openKept } from '#lib/offline/bytes.ts'
import { BATCH_PATH, KEPT_HEADER, placeOf, type Thing } from '#lib/offline/names.ts'
import { readSong } from '#lib/offline/store.ts'
import { currentIndex } from './index.ts'

/** A server that has not answered after this long is not waited for where there is another answer. */
const NO_ANSWER_MS = 4000
/** What proxies say of a server that is away. */
const AWAY = new Set([502, 503, 504])

const json = (body: unknown): Response =>
  new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json', [KEPT_HEADER]: '1' } })

function marked(answer: Response): Response {
  const headers = new Headers(answer.headers)
  headers.set(KEPT_HEADER, '1')
  return new Response(answer.body, { status: answer.status, headers })
}

async function keptAnswer(thing: Thing): Promise<Response | null> {
  const index = await currentIndex()
  if (!index) return null
  if (thing.kind === 'song' && thing.part === 'self') {
    const kept = await readSong(thing.id)
    return kept ? json(kept.song) : null
  }
  const cache = await openKept(index.userId)
  const found = await cache.match(placeOf(thing))
  if (found) return marked(found)
  return thing.part === 'cover' && thing.kind === 'song' ? albumCover(cache, thing.id) : null
}

/** A song's own picture is kept only where it is another than its album's. */
async function albumCover(cache: Cache, songId: string): Promise<Response | null> {
  const album = (await readSong(songId))?.song.album
  const found = album && (await cache.match(placeOf({ kind: 'album', id: album.id, part: 'cover' })))
  return found ? marked(found) : null
}

/**
 * The server's answer where there is one, refusals too; else what was kept. INVARIANT: what the server says of a thing
 * is never hidden by what was kept of it.
 */
async function serverFirst(request: Request, kept: () => Promise<Response | null>): Promise<Response> {
  const answer = fetch(request)
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), NO_ANSWER_MS))
  const first = await Promise.race([answer, late]).catch(() => null)
  if (first instanceof Response && !AWAY.has(first.status)) return first
  return (await kept().catch(() => null)) ?? answer
}

export const thingAnswer = (request: Request, thing: Thing): Promise<Response> =>
  serverFirst(request, () => keptAnswer(thing))

async function keptBatch(request: Request): Promise<Response | null> {
  if (!(await currentIndex())) return null
  const { ids } = (await request.json()) as { ids: string[] }
  const found = await Promise.all(ids.map(readSong))
  const items: Song[] = found.flatMap((kept) => (kept ? [kept.song] : []))
  return json({ items })
}
export const isBatch = (request: Request, url: URL): boolean => request.method === 'POST' && url.pathname === BATCH_PATH
/** Several songs at once, as a queue comes back: those that are kept. */
export function batchAnswer(request: Request): Promise<Response> {
  const copy = request.clone()
  return serverFirst(request, () => keptBatch(copy))
}
