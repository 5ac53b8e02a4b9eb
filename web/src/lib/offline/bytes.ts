import { isKeptCache, keptCache } from './names.ts'
import type { Copy, KeptSong } from './model.ts'
import { type ByteRange, cutAt, pieceBytes } from './pieces.ts'

/** The bytes of what is kept, in Cache Storage: pieces of audio, pictures, answers of the API. */
export const openKept = (userId: string): Promise<Cache> => caches.open(keptCache(userId))

const ROOM = '/kept/'
/** No address of the server: only these two places know it. */
const pieceAt = (songId: string, tag: string, index: number): string => `${ROOM}${songId}/${tag}/${index}`

export const putPiece = (cache: Cache, songId: string, copy: Copy, bytes: Uint8Array<ArrayBuffer>): Promise<void> =>
  cache.put(pieceAt(songId, copy.tag, copy.pieces), new Response(bytes))

async function readPiece(cache: Cache, songId: string, copy: Copy, index: number): Promise<Blob | null> {
  const blob = await (await cache.match(pieceAt(songId, copy.tag, index)))?.blob()
  return blob && blob.size === pieceBytes(copy.sizeBytes, index) ? blob : null
}

/** Whether the piece that a range begins in is here whole: browsers may throw away parts of what is kept. */
export const hasPieceAt = async (cache: Cache, songId: string, copy: Copy, at: number): Promise<boolean> =>
  (await readPiece(cache, songId, copy, cutAt(at, at + 1).index)) !== null

/** A range of what is kept, one piece in memory at a time. A piece that is not whole breaks the stream. */
export function keptStream(
  cache: Cache,
  songId: string,
  copy: Copy,
  { start, end }: ByteRange,
): ReadableStream<Uint8Array> {
  let at = start
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (at >= end) return controller.close()
        const { index, from, to } = cutAt(at, end)
        const blob = await readPiece(cache, songId, copy, index)
        if (!blob) return controller.error(new Error('A piece of what was kept is gone.'))
        controller.enqueue(new Uint8Array(await blob.slice(from, to).arrayBuffer()))
        at += to - from
        if (at >= end) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

/** Removes the pieces of a copy, also one that came but was not written down any more. */
export async function dropCopy(cache: Cache, songId: string, copy: Copy | null): Promise<void> {
  if (!copy) return
  for (let index = 0; index <= copy.pieces; index++) await cache.delete(pieceAt(songId, copy.tag, index))
}

/** Removes pieces that no record names: of a tab that was killed between the one and the other. */
export async function sweepPieces(cache: Cache, songs: readonly KeptSong[]): Promise<void> {
  const known = new Set(songs.flatMap((s) => [s.copy, s.draft].flatMap((c) => (c ? `${ROOM}${s.id}/${c.tag}/` : []))))
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url)
    if (pathname.startsWith(ROOM) && !known.has(pathname.slice(0, pathname.lastIndexOf('/') + 1)))
      await cache.delete(url)
  }
}

/** Removes everything that anybody keeps here, but for `userId`. */
export async function dropCaches(userId?: string): Promise<void> {
  const names = (await caches.keys()).filter((n) => isKeptCache(n) && (userId === undefined || n !== keptCache(userId)))
  await Promise.all(names.map((name) => caches.delete(name)))
}
