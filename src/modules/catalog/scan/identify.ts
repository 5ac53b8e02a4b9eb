import { lstat } from 'node:fs/promises'
import { filesWithAudio, type SameAudio } from '#modules/catalog/store/files.ts'
import { joinBytes } from './names.ts'
import type { CatalogCtx, Taken } from './types.ts'
import { mapAtOnce } from './walk.ts'

/** Two readings of the length of one recording differ less than this. */
const SAME_LENGTH_MS = 1000
const LOOKUPS_AT_ONCE = 32

export type Identity = {
  songId: string
  kind: 'new' | 'known' | 'moved'
  /** The file row of the place it was moved from. */
  movedFrom: number | undefined
}

const isGone = async (f: SameAudio): Promise<boolean> => {
  if (f.state === 'missing') return true
  const code = await lstat(joinBytes(f.folderPath, f.dir, f.name)).then(
    () => undefined,
    (thrown: NodeJS.ErrnoException) => thrown.code,
  )
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Known files that hold the audio of one of `taken` and are no longer where they were, by content. */
async function movable(ctx: CatalogCtx, taken: readonly Taken[]): Promise<Map<string, SameAudio[]>> {
  const contentIds = [...new Set(taken.map((t) => t.probe.contentHash))]
  if (contentIds.length === 0) return new Map()
  const same = await filesWithAudio(ctx.db, contentIds)
  const gone = await mapAtOnce(same, LOOKUPS_AT_ONCE, async (f) => ((await isGone(f)) ? [f] : []))
  return Map.groupBy(gone.flat(), (f) => f.contentId)
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
