import { CHANNEL, type Thing, type Told } from '#lib/offline/names.ts'
import { readIds, readOwner } from '#lib/offline/store.ts'

/** Which things are kept, and whose they are: what decides whether a request is any of the worker's business. */
type Index = { readonly userId: string; readonly songs: ReadonlySet<string>; readonly albums: ReadonlySet<string> }

let index: Promise<Index | null> | undefined
/** What was read last; undefined while nobody knows. */
let known: Index | null | undefined

async function readIndex(): Promise<Index | null> {
  const [owner, songs, items] = await Promise.all([readOwner(), readIds('songs'), readIds('items')])
  if (!owner) return null
  const albums = items.filter((id) => id.startsWith('album:')).map((id) => id.slice('album:'.length))
  return { userId: owner.user.id, songs: new Set(songs), albums: new Set(albums) }
}

export function currentIndex(): Promise<Index | null> {
  const reading = (index ??= readIndex().catch(() => null))
  void reading.then((read) => void (reading === index && (known = read)))
  return reading
}

/** Reads it now and after every change. A worker that was asleep begins anew, so it misses nothing. */
export function followIndex(): void {
  new BroadcastChannel(CHANNEL).addEventListener('message', ({ data }: MessageEvent<Told>) => {
    if (data.type === 'progress') return
    index = undefined
    known = undefined
    void currentIndex()
  })
  void currentIndex()
}

const has = (i: Index | null, { kind, id }: Thing): boolean =>
  (kind === 'album' ? i?.albums : i?.songs)?.has(id) ?? false
/** False only when it is certain that nothing of this thing is kept: the browser then goes its own way. */
export const mayHave = (thing: Thing): boolean => known === undefined || has(known, thing)
export const mayHaveAny = (): boolean => known === undefined || (known?.songs.size ?? 0) > 0
