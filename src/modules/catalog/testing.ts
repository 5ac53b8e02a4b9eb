import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Config } from '#kernel/config/index.ts'
import { DUTIES } from '#kernel/module.ts'
import { type Client, startTestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { type Id3Tags, id3Picture, taggedMp3 } from '#test/fixtures/audio.ts'
import catalog from './index.ts'
import type { Album, Artist, LibraryStatus, Song } from './schema.ts'

export type Mp3 = {
  title?: string
  artist?: string | string[]
  album?: string
  albumArtist?: string | string[]
  track?: string
  disc?: string
  year?: number
  genre?: string | string[]
  composer?: string
  compilation?: boolean
  /** As MusicBrainz Picard writes it: `ep`, `album; live`. */
  releaseType?: string
  lyrics?: string
  /** By the names of ReplayGain tags: `{ track_gain: '-6.50 dB' }`. */
  gains?: Readonly<Record<string, string>>
  picture?: Buffer
  /** Names the recording: the same name and length are the same audio, whatever the tags. */
  audio?: string
  seconds?: number
}

const seedOf = (name: string): number => createHash('sha256').update(name).digest().readUInt32BE() & 0x7f7f7f7f

/** A small playable MP3. */
export function mp3(o: Mp3): Buffer {
  const frames: [string, Id3Tags[string] | undefined][] = [
    ['TIT2', o.title],
    ['TPE1', o.artist],
    ['TALB', o.album],
    ['TPE2', o.albumArtist],
    ['TRCK', o.track],
    ['TPOS', o.disc],
    ['TDRC', o.year === undefined ? undefined : String(o.year)],
    ['TCON', o.genre],
    ['TCOM', o.composer],
    ['TCMP', o.compilation ? '1' : undefined],
    ['TXXX', o.releaseType && Buffer.from(`\x03MusicBrainz Album Type\0${o.releaseType}`)],
    ['USLT', o.lyrics === undefined ? undefined : Buffer.from(`\x03eng\0${o.lyrics}`)],
    ['APIC', o.picture && id3Picture('image/png', o.picture)],
  ]
  for (const [name, value] of Object.entries(o.gains ?? {}))
    frames.push([`TXXX${name}`, Buffer.from(`\x03REPLAYGAIN_${name.toUpperCase()}\0${value}`)])
  const tags = Object.fromEntries(frames.filter(([, value]) => value !== undefined)) as Id3Tags
  return taggedMp3(tags, { sec: o.seconds ?? 1, seed: seedOf(o.audio ?? JSON.stringify({ ...o, picture: undefined })) })
}

/** A music folder in a temporary place. Paths are relative, as text or raw bytes. */
export async function musicFolder() {
  const root = await mkdtemp(join(tmpdir(), 'tutti-music-'))
  const at = (path: string | Buffer): Buffer => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path)])
  return {
    root,
    at,
    async put(path: string | Buffer, bytes: Uint8Array | string): Promise<void> {
      const whole = at(path)
      await mkdir(Buffer.from(dirname(whole.toString('latin1')), 'latin1'), { recursive: true })
      await writeFile(whole, bytes)
    },
    remove: () => rm(root, { recursive: true, force: true }),
  }
}
export type MusicFolder = Awaited<ReturnType<typeof musicFolder>>

const ARTISTS = ['The Zombies', 'Ärzte', 'ABBA', 'Österreich', 'bôa']
const GENRES = ['Rock', 'rock', 'Jazz', 'Hip-Hop']
/** Songs of five artists on seven albums each, with titles, years and lengths that many of them share. */
export async function putMany(music: MusicFolder, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const artist = ARTISTS[i % ARTISTS.length] as string
    const tags: Mp3 = {
      title: `${i % 2 ? 'The ' : ''}Song ${String.fromCharCode(65 + (i % 26))}`,
      artist,
      albumArtist: artist,
      album: `Album ${i % 7}`,
      track: String(i),
      genre: GENRES[i % GENRES.length] as string,
      seconds: 1 + (i % 3),
      audio: String(i),
    }
    await music.put(`${i}.mp3`, mp3(i % 3 ? { ...tags, year: 1990 + (i % 5) } : tags))
  }
}

/** Every path below a folder with size and times: equal listings mean that nothing was written. */
export async function listingOf(root: string): Promise<string[]> {
  const names = await readdir(root, { recursive: true, encoding: 'latin1' as BufferEncoding })
  const lines = [...names, '.'].map(async (name) => {
    const s = await stat(Buffer.from(join(root, name), 'latin1'), { bigint: true }).catch(() => undefined)
    return `${name} ${s?.size} ${s?.mtimeNs} ${s?.ctimeNs} ${s?.mode}`
  })
  return (await Promise.all(lines)).sort()
}

const PAGES_MAX = 100
type Keep = { dataDir: string; databaseUrl: string }
/** The module in a real app, with an admin to ask. */
export async function startCatalog(
  o: { musicDirs?: string[]; keep?: Keep; config?: Partial<Config>; isWatching?: boolean } = {},
) {
  const app = await startTestApp({
    modules: [identity, catalog],
    // Without the clock nothing watches: a test decides what is scanned when.
    duties: o.isWatching ? DUTIES : ['http', 'jobs'],
    config: { ...o.config, musicDirs: o.musicDirs ?? [] },
    ...(o.keep ? { keep: o.keep } : {}),
  })
  const admin = await app.as('admin')
  const status = async (): Promise<LibraryStatus> => (await admin.get('/library/status')).body as LibraryStatus
  const ended = (before: string | null): Promise<LibraryStatus> =>
    app.eventually(async () => {
      const now = await status()
      return now.scan.state !== 'scanning' && now.scan.finishedAt !== before && now
    }, 'the end of a scan')
  await ended(null)
  return {
    app,
    admin,
    status,
    /** Scans everything and answers what it did. */
    async scan(body: { full?: boolean; folderId?: string; path?: string } = {}): Promise<LibraryStatus> {
      const before = (await status()).scan.finishedAt
      await admin.post('/library/scan', body)
      return ended(before)
    },
    /** Every page of a list after the other, `limit` at a time. */
    async pages(path: string, limit: number): Promise<Song[]> {
      const all: Song[] = []
      let cursor = ''
      for (let i = 0; i < PAGES_MAX; i++) {
        const { body, status } = await admin.get(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor}`)
        if (status !== 200) throw new Error(JSON.stringify(body))
        all.push(...(body['items'] as Song[]))
        if (body['nextCursor'] === null) return all
        cursor = `&cursor=${body['nextCursor']}`
      }
      throw new Error('pages without end')
    },
    songs: async (query = '', who: Client = admin): Promise<Song[]> =>
      (await who.get(`/songs?limit=500${query}`)).body['items'] as Song[],
    song: async (title: string): Promise<Song> => {
      const all = (await admin.get('/songs?limit=500')).body['items'] as Song[]
      const found = all.find((s) => s.title === title)
      if (!found) throw new Error(`no song ${title} among ${all.map((s) => s.title).join(', ')}`)
      return found
    },
    albums: async (who: Client = admin): Promise<Album[]> =>
      (await who.get('/albums?limit=500')).body['items'] as Album[],
    artists: async (who: Client = admin): Promise<Artist[]> =>
      (await who.get('/artists?limit=500')).body['items'] as Artist[],
    /** Payloads of the events of a name, oldest first. */
    async events<T>(name: string): Promise<T[]> {
      const { rows } = await app.app.ports.db.pool.query<{ payload: T }>(
        'select payload from kernel.events where name = $1 order by id',
        [name],
      )
      return rows.map((r) => r.payload)
    },
    [Symbol.asyncDispose]: () => app.stop(),
  }
}
export type Catalog = Awaited<ReturnType<typeof startCatalog>>
