import type { Owner } from './testing.ts'

/** Who asks; `user` and `stranger` are plain users. */
export const WHO = ['admin', 'artist', 'user', 'stranger', 'nobody'] as const
export type Who = (typeof WHO)[number]
export type ModelSong = { owner: Owner; isPublic: boolean; isVisible: boolean; via: string | null }
export type ModelAlbum = { owner: Who; isPublic: boolean; isVisible: boolean; titles: string[] }

type World = { readonly albums: Map<string, ModelAlbum>; readonly songs: Map<string, ModelSong> }

const songOf = (w: World, title: string) => w.songs.get(title) as ModelSong
const albumOf = (w: World, id: string) => w.albums.get(id) as ModelAlbum

function seesSong(w: World, who: Who, title: string): boolean {
  const { owner, isPublic, isVisible } = songOf(w, title)
  if (who === 'admin') return true
  return isVisible && (isPublic || owner === who || (owner === 'library' && who !== 'nobody'))
}
const seesAll = (w: World, who: Who, titles: readonly string[]) => titles.every((t) => seesSong(w, who, t))
const seesAlbum = (who: Who, a: ModelAlbum): boolean =>
  who === 'admin' || (a.isVisible && (a.isPublic || a.owner === who))

/** What who may not do something with an album hears: nothing of what they do not see. */
function refusal(who: Who, a: ModelAlbum | undefined): number {
  if (who === 'nobody') return 401
  return a && seesAlbum(who, a) ? 403 : 404
}
/** 0 when `who` may edit the album. */
function editing(w: World, who: Who, id: string): number {
  const a = w.albums.get(id)
  return a && (who === 'admin' || a.owner === who) ? 0 : refusal(who, a)
}

function publish(w: World, id: string, isPublic: boolean): void {
  const a = albumOf(w, id)
  a.isPublic = isPublic
  for (const [title, s] of w.songs) {
    if (isPublic && a.titles.includes(title) && s.owner === a.owner && s.isVisible && !s.isPublic) {
      s.isPublic = true
      s.via = id
    }
    if (!isPublic && s.via === id) {
      s.isPublic = false
      s.via = null
    }
  }
}

/** Changes of the songs of an album. Each answers the status that it should have. */
const arranging = (w: World) => ({
  add(who: Who, id: string, titles: readonly string[], position: number | undefined): number {
    const refused = editing(w, who, id)
    if (refused) return refused
    if (!seesAll(w, who, titles)) return 404
    const a = albumOf(w, id)
    const rest = a.titles.filter((t) => !titles.includes(t))
    const before = position === undefined ? undefined : rest.filter((t) => seesSong(w, who, t))[position]
    const at = before === undefined ? rest.length : rest.indexOf(before)
    a.titles = [...rest.slice(0, at), ...titles, ...rest.slice(at)]
    return 200
  },
  set(who: Who, id: string, titles: readonly string[]): number {
    const refused = editing(w, who, id)
    if (refused) return refused
    if (!seesAll(w, who, titles)) return 404
    albumOf(w, id).titles = [...titles]
    return 200
  },
  remove(who: Who, id: string, title: string): number {
    const refused = editing(w, who, id)
    if (refused) return refused
    const a = albumOf(w, id)
    if (!a.titles.includes(title)) return 404
    a.titles = a.titles.filter((t) => t !== title)
    return 204
  },
})

/** Changes of who may see. */
const showing = (w: World) => ({
  show(who: Who, id: string, isPublic: boolean | undefined): number {
    const a = albumOf(w, id)
    if (who === 'nobody') return 401
    if (who === 'user' || who === 'stranger') return 403
    if (who !== 'admin' && (a.owner !== who || !a.isVisible)) return refusal(who, a)
    publish(w, id, isPublic ?? !a.isPublic)
    return 200
  },
  showSong(who: Who, title: string, isPublic: boolean): number {
    const s = songOf(w, title)
    if (who === 'nobody') return 401
    if (who === 'user' || who === 'stranger') return 403
    if (who !== 'admin' && (s.owner !== who || !s.isVisible)) return seesSong(w, who, title) ? 403 : 404
    s.isPublic = isPublic
    s.via = null
    return 200
  },
  hide(id: string, isVisible: boolean): void {
    albumOf(w, id).isVisible = isVisible
  },
  hideSong(title: string, isVisible: boolean): void {
    songOf(w, title).isVisible = isVisible
  },
})

/** What the albums of people promise, in the simplest words there are: no SQL, no cache, no index. */
export function createModel(songs: Map<string, ModelSong>) {
  const w: World = { albums: new Map(), songs }
  return {
    ...w,
    ...arranging(w),
    ...showing(w),
    seesAlbum,
    refusal,
    seen: (who: Who, titles: readonly string[]) => titles.filter((t) => seesSong(w, who, t)),
    /** Whether it may be made; `made` notes it. */
    create(who: Who, titles: readonly string[], isPublic: boolean): number {
      if (who === 'nobody') return 401
      if (isPublic && who !== 'artist' && who !== 'admin') return 403
      return seesAll(w, who, titles) ? 201 : 404
    },
    made(id: string, who: Who, titles: readonly string[], isPublic: boolean): void {
      w.albums.set(id, { owner: who, isPublic: false, isVisible: true, titles: [...titles] })
      if (isPublic) publish(w, id, true)
    },
    delete(who: Who, id: string): number {
      const refused = editing(w, who, id)
      if (refused) return refused
      w.albums.delete(id)
      for (const s of songs.values()) if (s.via === id) s.via = null
      return 204
    },
  }
}
export type Model = ReturnType<typeof createModel>
