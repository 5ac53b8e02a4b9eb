import type { Emit } from '#kernel/module.ts'
import { songAudioReady } from '#modules/catalog/events.ts'
import { searchLiteral } from '#modules/catalog/fold.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { deleteFiles, type FileRow, upsertFiles } from '#modules/catalog/store/files.ts'
import { holdFolders } from '#modules/catalog/store/folders.ts'
import { markSongsMissing } from '#modules/catalog/store/lifecycle.ts'
import { lockShelf, recount, touchedBy } from '#modules/catalog/store/recount.ts'
import {
  sharedAlbums,
  type KnownSong,
  knownSongs,
  replaceCredits,
  replaceLyrics,
  type SongDraft,
  upsertSongs,
  wantCovers,
} from '#modules/catalog/store/write.ts'
import type { SongFacts } from '#modules/catalog/studio/derive.ts'
import { type Edits, isEdited } from '#modules/catalog/studio/edits.ts'
import { ensureNames, type Names } from '#modules/catalog/studio/names.ts'
import { audioOf, describe } from './describe.ts'
import { type Identity, identify } from './identify.ts'
import { joinBytes, shownPath } from './names.ts'
import type { Batch, CatalogCtx, Refused, Taken, Tally, Wanted } from './types.ts'

/** Songs of one event. */
export const EVENT_SONGS_MAX = 200

type Entry = { taken: Taken; facts: SongFacts; identity: Identity; edits?: Edits }

const pathOf = (w: Wanted): Buffer => joinBytes(w.folder.path, w.dir, w.file.name)

const fileRow = (w: Wanted): Omit<FileRow, 'content' | 'duration' | 'song' | 'code' | 'reason'> => ({
  folder: w.folder.id,
  dir: w.dir.toString('hex'),
  name: w.file.name.toString('hex'),
  path: shownPath(pathOf(w)),
  size: w.file.sizeBytes,
  mtime: w.file.mtimeUs,
  sidecars: w.sidecars,
})
const takenRow = ({ taken, identity }: Entry): FileRow => ({
  ...fileRow(taken.wanted),
  content: taken.probe.contentHash,
  duration: taken.probe.durationMs,
  song: identity.songId,
  code: null,
  reason: null,
})
const refusedRow = (r: Refused): FileRow => ({
  ...fileRow(r.wanted),
  content: null,
  duration: null,
  song: null,
  code: r.code,
  reason: r.reason,
})

function songDraft({ taken, facts, identity, edits }: Entry, names: Names): SongDraft {
  const { probe, wanted } = taken
  return {
    ...facts,
    ...audioOf(probe),
    id: identity.songId,
    album: edits?.albumId ?? names.albumOf(facts),
    search: searchLiteral(facts.words),
    isPublic: wanted.folder.isPublic,
    folder: wanted.folder.id,
    size: wanted.file.sizeBytes,
    cover: edits?.cover ?? taken.cover?.hash ?? null,
    hasLyrics: taken.lyrics !== undefined,
  }
}

async function saveSongs(ctx: CatalogCtx, tx: Db, entries: readonly Entry[], known: readonly string[]): Promise<void> {
  const names = await ensureNames(
    tx,
    entries.map((e) => e.facts),
    ctx.newId,
  )
  const covers = new Map(entries.flatMap((e) => e.taken.cover ?? []).map((c) => [c.hash, c]))
  const coverRows = [...covers.values()].map(({ hash, kind, path }) => ({ hash, kind, path: path.toString('hex') }))
  await wantCovers(tx, coverRows)
  await upsertSongs(
    tx,
    entries.map((e) => songDraft(e, names)),
  )
  const credits = entries.flatMap((e) => names.creditsOf(e.identity.songId, e.facts))
  await replaceCredits(tx, known, credits)
  const lyrics = entries.flatMap(({ taken, identity }) =>
    taken.lyrics ? [{ song: identity.songId, ...taken.lyrics }] : [],
  )
  await replaceLyrics(tx, known, lyrics)
}

async function announce(entries: readonly Entry[], before: ReadonlyMap<string, KnownSong>, emit: Emit): Promise<void> {
  const ready = entries
    .map((e) => ({ songId: e.identity.songId, contentId: e.taken.probe.contentHash }))
    .filter((s) => before.get(s.songId)?.content !== s.contentId)
  for (let i = 0; i < ready.length; i += EVENT_SONGS_MAX)
    await emit(songAudioReady, { songs: ready.slice(i, i + EVENT_SONGS_MAX) })
}

function count(tally: Tally, entries: readonly Entry[], refused: readonly Refused[]): void {
  for (const { identity } of entries) {
    if (identity.kind === 'new') tally.added++
    else if (identity.kind === 'moved') tally.moved++
    else tally.changed++
  }
  tally.faulty += refused.length
}

const factsOf = ({ probe, wanted }: Taken, edits?: Edits): SongFacts =>
  describe(probe, { folderId: wanted.folder.id, dir: wanted.dir, name: wanted.file.name }, edits)

/** Stores what was read, one transaction a batch. */
export function createSaver(ctx: CatalogCtx) {
  const entriesOf = async (batch: Batch): Promise<Entry[]> => {
    const identities = await identify(ctx, batch.taken)
    return batch.taken.map((taken) => ({ taken, facts: factsOf(taken), identity: identities.get(taken) as Identity }))
  }

  return async function save(batch: Batch, tally: Tally): Promise<void> {
    const all = await entriesOf(batch)
    const stored = await ctx.write(async (tx, emit) => {
      await lockShelf(tx)
      const folderIds = new Set([...batch.taken, ...batch.refused].map((r) => r.wanted.folder.id))
      const standing = await holdFolders(tx, [...folderIds])
      const entries = all.filter((e) => standing.has(e.taken.wanted.folder.id))
      const refused = batch.refused.filter((r) => standing.has(r.wanted.folder.id))
      await store(ctx, tx, { entries, refused }, emit)
      return { entries, refused }
    })
    count(tally, stored.entries, stored.refused)
  }
}

/** Albums that edits name may be gone by now; then the file says which it is. */
async function laidOver(tx: Db, entries: Entry[], before: ReadonlyMap<string, KnownSong>): Promise<Entry[]> {
  const editsOf = (e: Entry) => before.get(e.identity.songId)?.edits ?? {}
  const standing = await sharedAlbums(
    tx,
    entries.flatMap((e) => editsOf(e).albumId ?? []),
  )
  return entries.map((e) => {
    const { albumId, ...rest } = editsOf(e)
    const edits = albumId !== undefined && standing.has(albumId) ? { ...rest, albumId } : rest
    return isEdited(edits) ? { ...e, edits, facts: factsOf(e.taken, edits) } : e
  })
}

type Stored = { entries: Entry[]; refused: Refused[] }
async function store(ctx: CatalogCtx, tx: Db, s: Stored, emit: Emit): Promise<void> {
  const { refused } = s
  const known = s.entries.filter((e) => e.identity.kind !== 'new').map((e) => e.identity.songId)
  const ids = s.entries.map((e) => e.identity.songId)
  const before = await touchedBy(tx, known)
  const songs = await knownSongs(tx, known)
  const entries = await laidOver(tx, s.entries, songs)
  await saveSongs(ctx, tx, entries, known)
  const moved = entries.flatMap((e) => e.identity.movedFrom ?? [])
  await deleteFiles(tx, moved)
  await upsertFiles(tx, [...entries.map(takenRow), ...refused.map(refusedRow)])
  const broken = refused.flatMap((r) => r.wanted.known?.songId ?? [])
  await markSongsMissing(tx, broken)
  await recount(tx, [before, await touchedBy(tx, ids)])
  await announce(entries, songs, emit)
}
