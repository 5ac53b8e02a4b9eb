import { filesWithAudio, type SameAudio } from '#modules/catalog/store/files.ts'
import { DiskStalled, disks } from './disk.ts'
import { joinBytes, keyOf } from './names.ts'
import type { CatalogCtx, Taken } from './types.ts'

/** Two readings of the length of one recording differ less than this. */
const SAME_LENGTH_MS = 1000

export type Identity = {
  songId: string
  kind: 'new' | 'known' | 'moved'
  /** The file row of the place it was moved from. */
  movedFrom: number | undefined
}

const pathOf = (f: SameAudio): string => keyOf(joinBytes(f.folderPath, f.dir, f.name))

/** Those that are no longer where they were. A disk that does not answer says nothing: its files count as there. */
async function goneOf(same: readonly SameAudio[]): Promise<SameAudio[]> {
  const gone = new Set<SameAudio>(same.filter((f) => f.state === 'missing'))
  const others = Map.groupBy(
    same.filter((f) => !gone.has(f)),
    (f) => keyOf(f.folderPath),
  )
  for (const [disk, files] of others) {
    const paths = new Set(await goneAt(disk, files.map(pathOf)))
    for (const f of files) if (paths.has(pathOf(f))) gone.add(f)
  }
  return same.filter((f) => gone.has(f))
}
async function goneAt(disk: string, paths: string[]): Promise<string[]> {
  try {
    return await disks.ask(disk, { kind: 'gone', paths })
  } catch (thrown) {
    if (thrown instanceof DiskStalled) return []
    throw thrown
  }
}

/** Known files that hold the audio of one of `taken` and are no longer where they were, by content. */
async function movable(ctx: CatalogCtx, taken: readonly Taken[]): Promise<Map<string, SameAudio[]>> {
  const contentIds = [...new Set(taken.map((t) => t.probe.contentHash))]
  if (contentIds.length === 0) return new Map()
  const gone = await goneOf(await filesWithAudio(ctx.db, contentIds))
  return Map.groupBy(gone, (f) => f.contentId)
}

/**
 * Which song each file is. A path that is known keeps its song, whatever is in it now. A new path whose audio was at a
 * place that is empty now is that song, moved, wherever it was. Anything else is a new song: also a copy of a file that
 * is still there, because each copy has tags of its own and may stand on another album.
 */
export async function identify(ctx: CatalogCtx, taken: readonly Taken[]): Promise<Map<Taken, Identity>> {
  const unknown = taken.filter((t) => !t.wanted.known?.songId)
  const candidates = await movable(ctx, unknown)
  const identities = new Map<Taken, Identity>()
  const used = new Set<string>(taken.flatMap((t) => t.wanted.known?.songId ?? []))
  for (const t of taken) {
    const known = t.wanted.known?.songId
    if (known) {
      identities.set(t, { songId: known, kind: 'known', movedFrom: undefined })
      continue
    }
    const from = candidates
      .get(t.probe.contentHash)
      ?.find((c) => !used.has(c.songId) && Math.abs((c.durationMs ?? 0) - t.probe.durationMs) < SAME_LENGTH_MS)
    if (from) used.add(from.songId)
    identities.set(
      t,
      from
        ? { songId: from.songId, kind: 'moved', movedFrom: from.fileId }
        : { songId: ctx.newId(), kind: 'new', movedFrom: undefined },
    )
  }
  return identities
}
