import type { Owner } from './testing.ts'

/** Who asks; `user` and `stranger` are plain users. */
export const WHO = ['admin', 'artist', 'user', 'stranger', 'nobody'] as const
export type Who = (typeof WHO)[number]
export type ModelSong = { owner: Owner; isPublic: boolean; isVisible: boolean; via: string | null }
export type ModelAlbum = { owner: Who; isPublic: boolean; isVisible: boolean; titles: string[] }

/**
 * What the albums of people promise, in the simplest words there are: no SQL, no cache, no index. A change answers the
 * status that it should have.
 */
export function createModel(songs: Map<string, ModelSong>) {
  const albums = new Map<string, ModelAlbum>()
  const song = (title: string) => songs.get(title) as ModelSong
  const seesSong = (who: Who, title: string): boolean => {
    const { owner, isPublic, isVisible } = song(title)
    if (who === 'admin') return true
    return isVisible && (isPublic || owner === who || (owner === 'library' && who !== 'nobody'))
  }
  const seesAlbum = (who: Who, a: ModelAlbum): boolean =>
    who === 'admin' || (a.isVisible && (a.isPublic || a.owner === who))
  const mayEdit = (who: Who, a: ModelAlbum): boolean => who === 'admin' || a.owner === who
  const refusal = (who: Who, a: ModelAlbum | undefined): number => {
    if (who === 'nobody') return 401
    return a && seesAlbum(who, a) ? 403 : 404
  }
  /** 0 when `who` may edit the album. */
  const editing = (who: Who, id: string): number => {
    const a = albums.get(id)
    return a && mayEdit(who, a) ? 0 : refusal(who, a)
  }
  const publish = (id: string, isPublic: boolean): void => {
    const a = albums.get(id) as ModelAlbum
    a.isPublic = isPublic
    for (const [title, s] of songs) {
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
  return {
    albums,
    songs,
    seesAlbum,
    refusal,
    seen: (who: Who, titles: readonly string[]) => titles.filter((t) => seesSong(who, t)),
    /** Whether it may be made; {@link made} notes it. */
    create(who: Who, titles: readonly string[], isPublic: boolean): number {
      if (who === 'nobody') return 401
      if (isPublic && who !== 'artist' && who !== 'admin') return 403
      return titles.every((t) => seesSong(who, t)) ? 201 : 404
    },
    made(id: string, who: Who, titles: readonly string[], isPublic: boolean): void {
      albums.set(id, { owner: who, isPublic: false, isVisible: true, titles: [...titles] })
      if (isPublic) publish(id, true)
    },
    add(who: Who, id: string, titles: readonly string[], position: number | undefined): number {
      const refused = editing(who, id)
      if (refused) return refused
      if (!titles.every((t) => seesSong(who, t))) return 404
      const a = albums.get(id) as ModelAlbum
      const rest = a.titles.filter((t) => !titles.includes(t))
      const before = position === undefined ? undefined : rest.filter((t) => seesSong(who, t))[position]
      const at = before === undefined ? rest.length : rest.indexOf(before)
      a.titles = [...rest.slice(0, at), ...titles, ...rest.slice(at)]
      return 200
    },
    set(who: Who, id: string, titles: readonly string[]): number {
      const refused = editing(who, id)
      if (refused) return refused
      if (!titles.every((t) => seesSong(who, t))) return 404
      ;(albums.get(id) as ModelAlbum).titles = [...titles]
      return 200
    },
    remove(who: Who, id: string, title: string): number {
      const refused = editing(who, id)
      if (refused) return refused
      const a = albums.get(id) as ModelAlbum
      if (!a.titles.includes(title)) return 404
      a.titles = a.titles.filter((t) => t !== title)
      return 204
    },
    show(who: Who, id: string, isPublic: boolean | undefined): number {
      const a = albums.get(id) as ModelAlbum
      if (who === 'nobody') return 401
      if (who === 'user' || who === 'stranger') return 403
      if (who !== 'admin' && (a.owner !== who || !a.isVisible)) return refusal(who, a)
      publish(id, isPublic ?? !a.isPublic)
      return 200
    },
    showSong(who: Who, title: string, isPublic: boolean): number {
      const s = song(title)
      if (who === 'nobody') return 401
      if (who === 'user' || who === 'stranger') return 403
      if (who !== 'admin' && (s.owner !== who || !s.isVisible)) return seesSong(who, title) ? 403 : 404
      s.isPublic = isPublic
      s.via = null
      return 200
    },
    delete(who: Who, id: string): number {
      const refused = editing(who, id)
      if (refused) return refused
      albums.delete(id)
      for (const s of songs.values()) if (s.via === id) s.via = null
      return 204
    },
  }
}
export type Model = ReturnType<typeof createModel>
