import type { Client, Person } from '#kernel/testing.ts'
import type { Album, AlbumWithSongs, Song } from '#modules/catalog/schema.ts'
import { type Catalog, mp3, musicFolder, startCatalog } from '#modules/catalog/testing.ts'

/** Whose songs there are: named by their first letter, so that a list of titles tells of whom it is. */
export type Owner = 'artist' | 'user' | 'stranger' | 'library'
const LETTER = { artist: 'A', user: 'U', stranger: 'S', library: 'L' } as const

/**
 * A catalogue in which three people and the library have songs each (`A1`, `A2` … of the artist), all of them private.
 * Songs of people are files of the folder that were given away.
 */
export async function startAlbums(songsEach: number) {
  const music = await musicFolder()
  const owners = Object.keys(LETTER) as Owner[]
  const titles = owners.flatMap((o) => Array.from({ length: songsEach }, (_, i) => `${LETTER[o]}${i + 1}`))
  for (const [i, title] of titles.entries())
    await music.put(
      `${title}.mp3`,
      mp3({ title, artist: `Band ${title[0]}`, track: '1', seconds: 1 + (i % 3), audio: title }),
    )
  const c: Catalog = await startCatalog({ musicDirs: [music.root] })
  const people = { admin: c.admin, nobody: c.app.nobody } as Record<Person | 'nobody', Client>
  for (const person of ['artist', 'user', 'stranger'] as const) people[person] = await c.app.as(person)
  const { pool } = c.app.app.ports.db
  const sql = async (text: string, values: unknown[] = []) =>
    (await pool.query<Record<string, unknown>>(text, values)).rows
  for (const owner of ['artist', 'user', 'stranger'] as const)
    await sql('update catalog.songs set owner_id = $1, folder_id = null, folder_no = null where title like $2', [
      people[owner].userId,
      `${LETTER[owner]}%`,
    ])
  await c.app.app.ports.cache.invalidate(['catalog'])
  const songs = new Map((await c.songs()).map((s) => [s.title, s]))
  return {
    c,
    people,
    sql,
    /** Id of the song of this title. */
    id: (title: string): string => (songs.get(title) as Song).id,
    song: (title: string): Song => songs.get(title) as Song,
    async stop() {
      await c.app.stop()
      await music.remove()
    },
  }
}
export type Albums = Awaited<ReturnType<typeof startAlbums>>

export const titlesOf = (album: unknown): string[] => (album as AlbumWithSongs).songs.map((s) => s.title)
export const albumOf = (body: unknown): Album => body as Album

/** A form with a picture and fields, as a browser sends it. */
export async function sendPicture(
  base: string,
  who: Pick<Client, 'token'>,
  o: { method: 'POST' | 'PATCH'; path: string; image: Uint8Array; fields?: Readonly<Record<string, string>> },
) {
  const body = new FormData()
  for (const [k, v] of Object.entries(o.fields ?? {})) body.append(k, v)
  body.append('image', new Blob([Uint8Array.from(o.image)], { type: 'image/png' }), 'cover.png')
  const headers = { authorization: `Bearer ${who.token}` }
  const answer = await fetch(`${base}/api/v1${o.path}`, { method: o.method, headers, body })
  return { status: answer.status, body: (await answer.json()) as AlbumWithSongs }
}
