import type { Emit } from '#kernel/module.ts'
import { grams } from '#modules/catalog/edits.ts'
import { songAudioReady } from '#modules/catalog/events.ts'
import { searchLiteral } from '#modules/catalog/fold.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { deleteFiles, type FileRow, upsertFiles } from '#modules/catalog/store/files.ts'
import { holdFolders } from '#modules/catalog/store/folders.ts'
import { markSongsMissing } from '#modules/catalog/store/lifecycle.ts'
import { lockShelf, noteChanges, recount, touchedBy } from '#modules/catalog/store/recount.ts'
import {
  addWords,
  contentOf,
  ensureAlbums,
  ensureArtists,
  replaceCredits,
  replaceLyrics,
  type SongDraft,
  upsertSongs,
  wantCovers,
} from '#modules/catalog/store/write.ts'
import { describe, int4, type SongFacts } from './describe.ts'
import { type Identity, identify } from './identify.ts'
import { joinBytes, shownPath } from './names.ts'
import type { Batch, CatalogCtx, Refused, Taken, Tally, Wanted } from './types.ts'

/** Songs of one event. */
export const EVENT_SONGS_MAX = 200
/** Words remembered as stored already; then the memory starts anew. */
const REMEMBERED_WORDS_MAX = 200_000

type Entry = { taken: Taken; facts: SongFacts; identity: Identity }

const MIME: Readonly<Record<string, string>> = {
  mp3: 'audio/mpeg',
  flac: 'audio/flac',
  ogg: 'audio/ogg',
  opus: 'audio/ogg',
  m4a: 'audio/mp4',
  mp4: 'audio/mp4',
  wav: 'audio/wav',
  aiff: 'audio/aiff',
  asf: 'audio/x-ms-wma',
  wma: 'audio/x-ms-wma',
  aac: 'audio/aac',
  adts: 'audio/aac',
  mka: 'audio/x-matroska',
  matroska: 'audio/x-matroska',
  webm: 'audio/webm',
}
const mimeOf = (container: string): string => MIME[container.toLowerCase()] ?? 'application/octet-stream'

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

function songDraft({ taken, facts, identity }: Entry, albumIds: ReadonlyMap<string, string>): SongDraft {
  const { probe, wanted } = taken
  return {
    ...facts,
    id: identity.songId,
    album: facts.album ? (albumIds.get(facts.album.key) ?? null) : null,
    duration: int4(probe.durationMs) ?? 0,
    search: searchLiteral(facts.words),
    isPublic: wanted.folder.isPublic,
    folder: wanted.folder.id,
    content: probe.contentHash,
    codec: probe.codec,
    container: probe.container,
    mime: mimeOf(probe.container),
    kbps: int4(probe.bitrateKbps),
    rate: int4(probe.sampleRateHz),
    channels: int4(probe.channels),
    lossless: probe.lossless,
    size: wanted.file.sizeBytes,
    cover: taken.cover?.hash ?? null,
    hasLyrics: taken.lyrics !== undefined,
  }
}

const distinct = <T extends { key: string }>(all: readonly T[]): T[] => [
  ...new Map(all.map((a) => [a.key, a])).values(),
]

/** Artists and albums the entries name, made where they do not exist yet. */
async function ensureNames(ctx: CatalogCtx, tx: Db, entries: readonly Entry[]) {
  const artists = distinct(entries.flatMap((e) => e.facts.artists)).map((a) => Object.assign({ id: ctx.newId() }, a))
  const artistIds = await ensureArtists(tx, artists)
  const albums = distinct(entries.flatMap((e) => e.facts.album ?? [])).map((a) => ({
    id: ctx.newId(),
    key: a.key,
    title: a.title,
    sortKey: a.sortKey,
    search: a.search,
    byFolder: a.byFolder,
    isCompilation: a.isCompilation,
    artistIds: a.artistKeys.flatMap((k) => artistIds.get(k) ?? []),
  }))
  return { artistIds, albumIds: await ensureAlbums(tx, albums) }
}

async function saveSongs(ctx: CatalogCtx, tx: Db, entries: readonly Entry[], known: readonly string[]): Promise<void> {
  const { artistIds, albumIds } = await ensureNames(ctx, tx, entries)
  const covers = new Map(entries.flatMap((e) => e.taken.cover ?? []).map((c) => [c.hash, c]))
  const coverRows = [...covers.values()].map(({ hash, kind, path }) => ({ hash, kind, path: path.toString('hex') }))
  await wantCovers(tx, coverRows)
  await upsertSongs(
    tx,
    entries.map((e) => songDraft(e, albumIds)),
  )
  const credits = entries.flatMap(({ facts, identity }) =>
    facts.credits.map((c) => ({
      song: identity.songId,
      artist: artistIds.get(c.key) as string,
      role: c.role,
      position: c.position,
    })),
  )
  await replaceCredits(tx, known, credits)
  const lyrics = entries.flatMap(({ taken, identity }) =>
    taken.lyrics ? [{ song: identity.songId, ...taken.lyrics }] : [],
  )
  await replaceLyrics(tx, known, lyrics)
}

async function announce(entries: readonly Entry[], before: ReadonlyMap<string, string>, emit: Emit): Promise<void> {
  const ready = entries
    .map((e) => ({ songId: e.identity.songId, contentId: e.taken.probe.contentHash }))
    .filter((s) => before.get(s.songId) !== s.contentId)
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

/** Stores what was read, one transaction a batch. Remembers the vocabulary, so one saver serves a whole scan. */
export function createSaver(ctx: CatalogCtx) {
  const remembered = new Set<string>()
  const newWords = (entries: readonly Entry[]): string[] => [
    ...new Set(entries.flatMap((e) => e.facts.words).filter((w) => !remembered.has(w))),
  ]
  const remember = (words: readonly string[]): void => {
    if (remembered.size > REMEMBERED_WORDS_MAX) remembered.clear()
    for (const w of words) remembered.add(w)
  }

  const entriesOf = async (batch: Batch): Promise<Entry[]> => {
    const identities = await identify(ctx, batch.taken)
    return batch.taken.map((taken): Entry => {
      const { folder, dir, file } = taken.wanted
      const facts = describe(taken.probe, { folderId: folder.id, dir, name: file.name })
      return { taken, facts, identity: identities.get(taken) as Identity }
    })
  }

  return async function save(batch: Batch, tally: Tally): Promise<void> {
    const all = await entriesOf(batch)
    const words = newWords(all)
    const stored = await ctx.write(async (tx, emit) => {
      await lockShelf(tx)
      const folderIds = new Set([...batch.taken, ...batch.refused].map((r) => r.wanted.folder.id))
      const standing = await holdFolders(tx, [...folderIds])
      const entries = all.filter((e) => standing.has(e.taken.wanted.folder.id))
      const refused = batch.refused.filter((r) => standing.has(r.wanted.folder.id))
      await store(ctx, tx, { entries, refused, words }, emit)
      return { entries, refused }
    })
    remember(words)
    count(tally, stored.entries, stored.refused)
  }
}

type Stored = { entries: Entry[]; refused: Refused[]; words: string[] }
async function store(ctx: CatalogCtx, tx: Db, { entries, refused, words }: Stored, emit: Emit): Promise<void> {
  const known = entries.filter((e) => e.identity.kind !== 'new').map((e) => e.identity.songId)
  const ids = entries.map((e) => e.identity.songId)
  const before = await touchedBy(tx, known)
  const contents = await contentOf(tx, known)
  await saveSongs(ctx, tx, entries, known)
  const moved = entries.flatMap((e) => e.identity.movedFrom ?? [])
  await deleteFiles(tx, moved)
  await upsertFiles(tx, [...entries.map(takenRow), ...refused.map(refusedRow)])
  const broken = refused.flatMap((r) => r.wanted.known?.songId ?? [])
  await markSongsMissing(tx, broken)
  const wordRows = words.map((word) => ({ word, grams: grams(word) }))
  await addWords(tx, wordRows)
  await recount(tx, [before, await touchedBy(tx, ids)])
  await noteChanges(tx, 'song', 'changed', [...ids, ...broken])
  await announce(entries, contents, emit)
}
