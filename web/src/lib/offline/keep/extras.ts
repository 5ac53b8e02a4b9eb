import { client } from '#lib/api.ts'
import type { Album, Song } from '#client/index.ts'
import { placeOf, type Thing } from '#lib/offline/names.ts'
import { askServer } from './fetch-song.ts'

/** Wide enough for the largest place a picture is shown in, on most screens. */
const PICTURE_PX = 512
/** As many as the seek bar asks for. */
const WAVEFORM_POINTS = 800
const PICTURE = { headers: { accept: 'image/webp' } }

/** Keeps an answer of the API as it is now; what is not there (no lyrics, no picture) is not kept. */
async function keepAnswer(
  cache: Cache,
  thing: Thing,
  url: string,
  init?: Parameters<typeof askServer>[1],
): Promise<Response | null> {
  const answer = await askServer(url, init)
  if (answer.status === 200) await cache.put(placeOf(thing), answer.clone())
  else await cache.delete(placeOf(thing))
  return answer.status === 200 ? answer : null
}

/** The page of an album, and its picture. */
export async function keepAlbum(cache: Cache, album: Pick<Album, 'id' | 'coverUrl'>): Promise<void> {
  const thing = (part: Thing['part']): Thing => ({ kind: 'album', id: album.id, part })
  await keepAnswer(cache, thing('self'), `/api/v1/albums/${album.id}`)
  if (album.coverUrl)
    await keepAnswer(cache, thing('cover'), client.url.albumCover({ id: album.id, size: PICTURE_PX }), PICTURE)
}

/** The ETag of a picture says which picture it is: one that the album has is not kept again for each song. */
async function keepCover(cache: Cache, song: Song): Promise<void> {
  if (!song.coverUrl) return
  const thing: Thing = { kind: 'song', id: song.id, part: 'cover' }
  const url = client.url.songCover({ id: song.id, size: PICTURE_PX })
  const ofAlbum = song.album && (await cache.match(placeOf({ kind: 'album', id: song.album.id, part: 'cover' })))
  const etag = ofAlbum?.headers.get('etag')
  if (etag && (await askServer(url, { method: 'HEAD', ...PICTURE })).headers.get('etag') === etag) return
  await keepAnswer(cache, thing, url, PICTURE)
}

/** What is shown beside a song: picture, shape, lyrics, what the analysis found. */
export async function keepExtras(cache: Cache, song: Song): Promise<void> {
  const thing = (part: Thing['part']): Thing => ({ kind: 'song', id: song.id, part })
  const base = `/api/v1/songs/${song.id}`
  await keepCover(cache, song)
  if (song.hasLyrics) await keepAnswer(cache, thing('lyrics'), `${base}/lyrics`)
  if (song.analysisStatus !== 'completed') return
  await keepAnswer(cache, thing('waveform'), `${base}/waveform?points=${WAVEFORM_POINTS}`)
  await keepAnswer(cache, thing('analysis'), `${base}/analysis`)
}

export async function dropExtras(cache: Cache, kind: Thing['kind'], id: string): Promise<void> {
  for (const part of ['self', 'cover', 'lyrics', 'waveform', 'analysis'] as const)
    await cache.delete(placeOf({ kind, id, part }))
}
