/** Realistic libraries of any size, written by the code that scans write with: see `openLibrary`. */
import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Kysely, sql } from 'kysely'
import type { Config } from '#kernel/config/index.ts'
import { createWrite } from '#kernel/events/write.ts'
import { type Client, startTestApp, type TestApp } from '#kernel/testing.ts'
import catalog from '#modules/catalog/index.ts'
import { createSaver } from '#modules/catalog/scan/save.ts'
import { type CatalogCtx, emptyTally, type Taken } from '#modules/catalog/scan/types.ts'
import type { Db, Tables } from '#modules/catalog/store/db.ts'
import { type Folder, folders, upsertFolder } from '#modules/catalog/store/folders.ts'
import { saveFacets } from '#modules/catalog/store/lifecycle.ts'
import { lockShelf, recount, touchedBy } from '#modules/catalog/store/recount.ts'
import identity from '#modules/identity/index.ts'
import { randomOf } from './random.ts'
import { OWNERS, type Tune, tunesOf } from './tunes.ts'

/** Grows when the generator makes other libraries than before: cached ones are made anew. */
const GENERATION = 2
const SEED = 20_261
/** Songs of one transaction. */
const PART = 2000
const FOLDERS = ['/bench/music', '/bench/archive'] as const
/** The first song arrived then, each later one this much after. */
const FIRST_SONG_MS = Date.UTC(2021, 0, 1)
const ARRIVAL_STEP_MS = 1700
/** Indexes that saving itself reads; the others are dropped while songs are written and made again after. */
const NEEDED_INDEXES = [
  'songs_of_album',
  'song_artists_by_artist',
  'album_artists_by_artist',
  'library_files_by_content',
  'library_files_of_song',
  'songs_by_content',
]

/** UUIDv7s of a seed, in order of time. */
function idsOf(seed: number): () => string {
  const random = randomOf(seed)
  let nowMs = FIRST_SONG_MS
  return () => {
    nowMs += ARRIVAL_STEP_MS
    const time = nowMs.toString(16).padStart(12, '0')
    const tail = random.hex(9)
    return `${time.slice(0, 8)}-${time.slice(8)}-7${tail.slice(0, 3)}-8${tail.slice(3, 6)}-${tail.slice(6)}`
  }
}

const takenOf = (tune: Tune, folder: Folder): Taken => {
  const path = Buffer.from(`${tune.dir}/cover.jpg`)
  return {
    wanted: {
      folder,
      dir: Buffer.from(tune.dir),
      file: {
        name: Buffer.from(tune.name),
        sizeBytes: Math.round((tune.probe.durationMs * tune.probe.bitrateKbps) / 8),
        mtimeUs: FIRST_SONG_MS * 1000,
      },
      sidecars: '',
      lyricsFile: undefined,
      image: undefined,
      known: undefined,
    },
    probe: tune.probe,
    lyrics: undefined,
    cover: tune.cover === undefined ? undefined : { hash: tune.cover, kind: 'image', path },
  }
}

type Flags = { content: string; owner: string | null; public: boolean; visible: boolean; missing: boolean }
const flagsOf = (tune: Tune, owners: readonly string[]): Flags => ({
  content: tune.probe.contentHash,
  owner: tune.owner === undefined ? null : (owners[tune.owner] ?? null),
  public: tune.isPublic,
  visible: tune.isVisible,
  missing: tune.isMissing,
})

/** What people made of the songs: uploads leave their folder, some are public, some hidden. */
async function applyFlags(tx: Db, tunes: readonly Tune[], owners: readonly string[]): Promise<Map<string, string>> {
  const flags = JSON.stringify(tunes.map((t) => flagsOf(t, owners)))
  await sql`insert into catalog.assets (hash, size_bytes, content_id, probe)
    select repeat(s.content_id, 2), s.size_bytes, s.content_id, '{}' from catalog.songs s
    join jsonb_to_recordset(${flags}::jsonb) as r(content text, owner uuid) on r.content = s.content_id
    where r.owner is not null on conflict do nothing`.execute(tx)
  const { rows } = await sql<{ id: string; content: string }>`
    update catalog.songs s set owner_id = r.owner, is_public = r.public, is_visible = r.visible, is_missing = r.missing,
      folder_id = case when r.owner is null then s.folder_id end,
      folder_no = case when r.owner is null then s.folder_no end,
      asset_hash = case when r.owner is not null then repeat(s.content_id, 2) end
    from jsonb_to_recordset(${flags}::jsonb) as r(content text, owner uuid, public boolean, visible boolean, missing boolean)
    where s.content_id = r.content returning s.id, s.content_id as content`.execute(tx)
  await sql`delete from catalog.library_files lf using catalog.songs s
    where s.id = lf.song_id and s.owner_id is not null and s.id = any(${rows.map((r) => r.id)}::uuid[])`.execute(tx)
  return new Map(rows.map((r) => [r.content, r.id]))
}

async function applyFacts(tx: Db, tunes: readonly Tune[], ids: ReadonlyMap<string, string>): Promise<void> {
  const rows = tunes.flatMap((t) => {
    const songId = ids.get(t.probe.contentHash)
    return t.facts === undefined || songId === undefined ? [] : [{ songId, state: 'completed' as const, ...t.facts }]
  })
  await saveFacets(tx, rows)
}

/** Drops what only slows writing; answers how to make it again. */
async function dropIndexes(db: Db): Promise<string[]> {
  const { rows } = await sql<{ name: string; definition: string }>`
    select i.indexname as name, i.indexdef as definition from pg_indexes i
    where i.schemaname = 'catalog' and i.indexname <> all(${NEEDED_INDEXES}::text[])
      and not exists (select from pg_constraint c where c.conindid = format('catalog.%I', i.indexname)::regclass)`.execute(
    db,
  )
  for (const { name } of rows) await sql`drop index catalog.${sql.id(name)}`.execute(db)
  return rows.map((r) => r.definition)
}

const parts = function* (tunes: Iterable<Tune>): Generator<Tune[]> {
  let part: Tune[] = []
  for (const tune of tunes) {
    part.push(tune)
    if (part.length < PART) continue
    yield part
    part = []
  }
  if (part.length > 0) yield part
}

/**
 * Writes `count` songs into the tables of a fresh catalog as scanning would have done, then what owners, admins and the
 * analysis made of them. `owners` are the people whose uploads some of them are.
 */
export async function generate(
  kysely: Kysely<Tables>,
  o: { count: number; owners: readonly string[]; tell?: (done: number) => void },
): Promise<void> {
  const newId = idsOf(SEED)
  // All that saving uses of a context.
  const ctx = {
    db: kysely,
    newId,
    write: createWrite(kysely as unknown as Kysely<unknown>, () => {}),
  } as unknown as CatalogCtx
  for (const path of FOLDERS)
    await upsertFolder(kysely, { id: newId(), path: Buffer.from(path), pathText: path, fromConfig: false })
  const places = (await folders(kysely)).toReversed()
  const again = await dropIndexes(kysely)
  const save = createSaver(ctx)
  let done = 0
  for (const tunes of parts(tunesOf(SEED, o.count))) {
    const taken = tunes.map((t) => takenOf(t, places[t.folder] as Folder))
    await save({ taken, refused: [] }, emptyTally())
    await ctx.write(async (tx) => {
      await lockShelf(tx)
      const ids = await applyFlags(tx, tunes, o.owners)
      await applyFacts(tx, tunes, ids)
      await keepCovers(tx)
      await recount(tx, [await touchedBy(tx, [...ids.values()])])
    })
    done += tunes.length
    // Plans of tables that were empty a moment ago are poor ones.
    if (Number.isInteger(Math.log2(done / PART))) await sql`analyze`.execute(kysely)
    o.tell?.(done)
  }
  await makeIndexes(kysely, again)
}

/** Statements that take longer than any request may, all on one connection that allows it. */
const makeIndexes = (kysely: Kysely<Tables>, definitions: readonly string[]): Promise<void> =>
  kysely.connection().execute(async (db) => {
    await sql`set statement_timeout = 0`.execute(db)
    await sql`set maintenance_work_mem = '512MB'`.execute(db)
    for (const definition of definitions) await sql.raw(definition).execute(db)
    await sql`vacuum analyze`.execute(db)
    await sql`reset all`.execute(db)
  })

const keepCovers = (tx: Db) =>
  sql`update catalog.covers set state = 'ok', size_bytes = 100000, color = '#' || substr(hash, 1, 6)
    where state = 'wanted'`.execute(tx)

export type Library = {
  readonly app: TestApp
  readonly db: Db
  readonly admin: Client
  /** Has uploads of their own, private ones among them. */
  readonly user: Client
  readonly nobody: Client
  stop(): Promise<void>
}

/** What a cached library depends on. */
async function fingerprint(count: number): Promise<string> {
  const migrations = new URL('../../src/modules/catalog/migrations/', import.meta.url)
  const hash = createHash('sha256').update(JSON.stringify([GENERATION, SEED, count]))
  for (const name of (await readdir(migrations)).sort()) hash.update(await readFile(new URL(name, migrations)))
  return hash.digest('hex')
}

const MARK = 'bench-library'
/** Making a million songs takes longer than a token lives by default. */
const TOKEN_TTL_SEC = 86_400

/**
 * The catalog of a real app with `songs` generated songs. With `dataDir`, the library is kept there and used again by
 * later runs, for as long as generator and tables are the same; else it is gone after `stop`.
 */
export async function openLibrary(o: {
  songs: number
  dataDir?: string
  config?: Partial<Config>
  tell?: (line: string) => void
}): Promise<Library> {
  const dataDir = o.dataDir === undefined ? await mkdtemp(join(tmpdir(), 'tutti-bench-')) : resolve(o.dataDir)
  const wanted = await fingerprint(o.songs)
  const found = await readFile(join(dataDir, MARK), 'utf8').catch(() => '')
  if (found !== wanted) await rm(dataDir, { recursive: true, force: true })
  await mkdir(dataDir, { recursive: true })
  await chmod(dataDir, 0o711) // As root the database is another user's, who must be able to pass.
  // Without jobs nothing scans: the folders of the library are not there.
  const app = await startTestApp({
    modules: [identity, catalog],
    duties: ['http'],
    config: { accessTokenTtlSec: TOKEN_TTL_SEC, ...o.config },
    keep: { dataDir, databaseUrl: '' },
  })
  const stop = async (): Promise<void> => {
    await app.stop()
    if (o.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
  }
  try {
    const [admin, user] = [await app.as('admin'), await app.as('user')]
    const db = app.app.ports.db.kysely as unknown as Kysely<Tables>
    if (found !== wanted) {
      const newOwner = idsOf(SEED + 1)
      const owners = [user.userId, ...Array.from({ length: OWNERS - 1 }, newOwner)]
      const startedMs = performance.now()
      const tell = (done: number): void => {
        const perSec = Math.round((done * 1000) / (performance.now() - startedMs))
        if (done % 20_000 === 0) o.tell?.(`${done} songs written, ${perSec} a second`)
      }
      await generate(db, { count: o.songs, owners, tell })
      o.tell?.(`library of ${o.songs} songs made in ${Math.round((performance.now() - startedMs) / 1000)} s`)
      await writeFile(join(dataDir, MARK), wanted)
    }
    return { app, db, admin, user, nobody: app.nobody, stop }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}
