/** The play queue as a value: every function answers a new one and none knows of audio. */
export type Entry<T> = { readonly uid: number; readonly song: T }
export type Repeat = 'off' | 'all' | 'one'
export type Queue<T> = {
  readonly entries: readonly Entry<T>[]
  /** Entry that plays, -1 when the queue is empty. */
  readonly index: number
  readonly repeat: Repeat
  /** Order before shuffling, by uid; null while unshuffled. */
  readonly natural: readonly number[] | null
  readonly nextUid: number
}

/** Longest queue; more is refused so that it fits into memory and storage of a phone. */
export const QUEUE_MAX = 2000

export const emptyQueue = <T>(): Queue<T> => ({ entries: [], index: -1, repeat: 'off', natural: null, nextUid: 1 })
export const current = <T>(q: Queue<T>): Entry<T> | undefined => q.entries[q.index]

const wrap = <T>(q: Queue<T>, songs: readonly T[]): Entry<T>[] => songs.map((song, i) => ({ uid: q.nextUid + i, song }))

/** In place of what was there; begins with `songs[index]`. Stays shuffled when it was. */
export function replaceAll<T>(q: Queue<T>, songs: readonly T[], index: number, random: () => number): Queue<T> {
  const entries = wrap(q, songs.slice(0, QUEUE_MAX))
  const plain: Queue<T> = {
    ...q,
    entries,
    index: entries.length === 0 ? -1 : Math.min(Math.max(0, index), entries.length - 1),
    natural: null,
    nextUid: q.nextUid + entries.length,
  }
  return q.natural ? shuffle(plain, random) : plain
}

function insertAt<T>(q: Queue<T>, at: number, songs: readonly T[]): Queue<T> {
  const fresh = wrap(q, songs.slice(0, Math.max(0, QUEUE_MAX - q.entries.length)))
  return {
    ...q,
    entries: [...q.entries.slice(0, at), ...fresh, ...q.entries.slice(at)],
    index: q.index < 0 && fresh.length > 0 ? 0 : q.index,
    natural: q.natural && [...q.natural, ...fresh.map((e) => e.uid)],
    nextUid: q.nextUid + fresh.length,
  }
}
export const playNext = <T>(q: Queue<T>, songs: readonly T[]): Queue<T> => insertAt(q, q.index + 1, songs)
export const append = <T>(q: Queue<T>, songs: readonly T[]): Queue<T> => insertAt(q, q.entries.length, songs)

/** Moves an entry so that it stands at `to`; what plays goes on playing. */
export function move<T>(q: Queue<T>, from: number, to: number): Queue<T> {
  const entry = q.entries[from]
  if (!entry || to < 0 || to >= q.entries.length || from === to) return q
  const playing = current(q)?.uid
  const rest = q.entries.toSpliced(from, 1)
  const entries = rest.toSpliced(to, 0, entry)
  return { ...q, entries, index: entries.findIndex((e) => e.uid === playing) }
}

/** Takes an entry out. When it was the one that plays, the next takes its place. */
export function remove<T>(q: Queue<T>, at: number): Queue<T> {
  const gone = q.entries[at]
  if (!gone) return q
  const entries = q.entries.toSpliced(at, 1)
  const index = at < q.index ? q.index - 1 : Math.min(q.index, entries.length - 1)
  return { ...q, entries, index, natural: q.natural && q.natural.filter((uid) => uid !== gone.uid) }
}

/** Everything after the entry that plays goes. */
export function clearUpcoming<T>(q: Queue<T>): Queue<T> {
  const entries = q.entries.slice(0, q.index + 1)
  const left = new Set(entries.map((e) => e.uid))
  return { ...q, entries, natural: q.natural && q.natural.filter((uid) => left.has(uid)) }
}

export const jump = <T>(q: Queue<T>, index: number): Queue<T> => (q.entries[index] ? { ...q, index } : q)

/** Which entry comes after this one by itself; -1 at the end. */
export function following<T>(q: Queue<T>): number {
  if (q.index < 0) return -1
  if (q.repeat === 'one') return q.index
  if (q.index + 1 < q.entries.length) return q.index + 1
  return q.repeat === 'all' ? 0 : -1
}

/** Which entry the "next" button leads to: it leaves even a song on repeat. */
export const skipTarget = <T>(q: Queue<T>): number => following(q.repeat === 'one' ? { ...q, repeat: 'all' } : q)
export const backTarget = <T>(q: Queue<T>): number =>
  q.index > 0 ? q.index - 1 : q.repeat === 'all' ? q.entries.length - 1 : q.index

/** What plays stays and comes first; all others follow in random order (Fisher–Yates). `random` answers 0..1. */
export function shuffle<T>(q: Queue<T>, random: () => number): Queue<T> {
  const playing = current(q)
  const others = q.entries.filter((e) => e !== playing)
  for (let i = others.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const [a, b] = [others[i] as Entry<T>, others[j] as Entry<T>]
    others[i] = b
    others[j] = a
  }
  return {
    ...q,
    entries: playing ? [playing, ...others] : others,
    index: playing ? 0 : -1,
    natural: q.natural ?? q.entries.map((e) => e.uid),
  }
}

export function unshuffle<T>(q: Queue<T>): Queue<T> {
  if (!q.natural) return q
  const place = new Map(q.natural.map((uid, i) => [uid, i]))
  const entries = [...q.entries].sort((a, b) => (place.get(a.uid) ?? 0) - (place.get(b.uid) ?? 0))
  const playing = current(q)
  return { ...q, entries, index: playing ? entries.indexOf(playing) : -1, natural: null }
}

export const setRepeat = <T>(q: Queue<T>, repeat: Repeat): Queue<T> => ({ ...q, repeat })
/** What the repeat button leads to: off, all, one. */
export const nextRepeat = (repeat: Repeat): Repeat => (repeat === 'off' ? 'all' : repeat === 'all' ? 'one' : 'off')
