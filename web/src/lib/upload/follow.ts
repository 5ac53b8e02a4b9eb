import type { Output, Song } from '#client/index.ts'
import { client } from '#lib/api.ts'

export type Upload = Output<'uploads', 'getUpload'>
export type FollowEvents = {
  /** Ids of uploads whose end is awaited. */
  wanted(): string[]
  onStep(uploadId: string, step: string): void
  onFailed(uploadId: string, sentence: string): void
  onSong(uploadId: string, song: Song | null, isDuplicate: boolean): void
}

const ASK_EVERY_MS = 900
/** The list of the newest answers for many at once; what is not in it is asked for by itself, a few at a time. */
const PAGE = 100
const SINGLE_MAX = 4

async function read(ids: readonly string[]): Promise<Upload[]> {
  if (ids.length <= SINGLE_MAX) return Promise.all(ids.map((id) => client.uploads.getUpload({ id })))
  const { items } = await client.uploads.listUploads({ limit: PAGE })
  const found = items.filter((u) => ids.includes(u.id))
  const left = ids.filter((id) => !found.some((u) => u.id === id)).slice(0, SINGLE_MAX)
  return [...found, ...(await Promise.all(left.map((id) => client.uploads.getUpload({ id }))))]
}

async function tell(upload: Upload, on: FollowEvents): Promise<void> {
  if (upload.status === 'failed') return on.onFailed(upload.id, upload.error?.detail ?? 'The server could not take it.')
  // A song is there, and plays, before its analysis has ended.
  if (upload.songId === null && upload.status !== 'completed') return on.onStep(upload.id, upload.status)
  const song = upload.songId ? await client.songs.getSong({ id: upload.songId }).catch(() => null) : null
  on.onSong(upload.id, song, upload.isDuplicate)
}

/** Follows what the server does with uploads, until it is done with all of them. */
export function startFollowing(on: FollowEvents): { look(): void; take(upload: Upload): void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isAsking = false
  async function ask(): Promise<void> {
    if (isAsking) return
    isAsking = true
    try {
      for (const upload of await read(on.wanted())) await tell(upload, on)
    } catch {
      // No answer: asked again below.
    }
    isAsking = false
    plan(ASK_EVERY_MS)
  }
  function plan(waitMs: number): void {
    clearTimeout(timer)
    if (on.wanted().length > 0) timer = setTimeout(() => void ask(), waitMs)
  }
  return {
    look: () => plan(0),
    /** The server has told of one by itself. */
    take: (upload) => void (on.wanted().includes(upload.id) && tell(upload, on)),
  }
}
