import type { Log } from '#kernel/log.ts'
import type { Media } from '#kernel/media/index.ts'
import { unavailable } from '#kernel/errors.ts'
import { safeTag } from '../original.ts'
import { fileMissing } from '../visible.ts'
import { chunksOf, offsetsOf, streamFromFirst } from './bytes.ts'
import type { KeptRenditions } from './kept.ts'
import { createBudget } from './pieces/budget.ts'
import { createPieces } from './pieces/pieces.ts'
import { createPlaces } from './places.ts'
import { createRuns, mayRetry, type Runs, type Wish } from './runs.ts'
import type { Rendition, Wanted } from './types.ts'
import { type Handle, isNeeded, type Work } from './work.ts'
import { createWorks, type Works } from './works.ts'

export type EngineDeps = {
  readonly media: Media
  readonly kept: KeptRenditions
  /** Folder of this machine for pieces. */
  readonly dir: string
  /** Of pieces and kept renditions together. */
  readonly limitBytes: number
  readonly transcodesMax: number
  readonly perListenerMax: number
  readonly log: Log
  readonly now: () => number
}

const otherVersion = () =>
  unavailable('still_encoding', 'This part of the song had to be made again and is not what it was: ask again.', 1)

/** Exact renditions: any byte of any of them, from the moment somebody asks for it. See `layout.ts`, `runs.ts`, `pieces/making.ts`. */
export function createRenditions(d: EngineDeps) {
  const pieces = createPieces(d)
  const atWork = () => works.all().map(shelfAtWork)
  const onFault = (thrown: unknown) => d.log.warn({ err: thrown }, 'the cache of transcodes was not trimmed')
  const budget = createBudget({ pieces, kept: d.kept, limitBytes: d.limitBytes, atWork, onFault })
  const works: Works = createWorks({ pieces, kept: d.kept, budget, log: d.log })
  const places = createPlaces(d)
  const runs = createRuns({ media: d.media, places, log: d.log, store: works.store, onOver: works.leaveIfUnused })
  return {
    /** Starts no encoder. The answer has to `leave` it. */
    open: async (wanted: Wanted): Promise<Rendition> => renditionOf({ ...d, works, runs }, await works.enter(wanted)),
    /** Encoders that have a process. */
    active: places.held,
    /** The audio is that of no song any more: what plays of it breaks off. */
    async forget(contentIds: readonly string[]): Promise<void> {
      for (const work of works.takeOut(contentIds)) runs.end(work, fileMissing())
      await pieces.forget(contentIds)
    },
    /** Deletes what nobody has used for long, and what is above the bound. */
    async sweep(): Promise<void> {
      await pieces.sweep()
      await budget.check()
    },
    async stop(): Promise<void> {
      await runs.stop()
      await works.settled()
      await budget.settled()
      await pieces.stop()
    },
  }
}
export type Engine = ReturnType<typeof createRenditions>
const shelfAtWork = (work: Work) => ({
  shelf: work.shelf,
  isNeeded: (piece: number) => isNeeded(work, piece),
  isBlob: work.kept !== undefined || work.keeping !== undefined,
})
type Parts = { readonly kept: KeptRenditions; readonly works: Works; readonly runs: Runs }

function renditionOf(d: Parts, handle: Handle): Rendition {
  const { work } = handle
  const { layout, container, header, shelf } = work
  const bytesOf = (piece: number) => container.pieceBytes(layout, piece) ?? work.kept?.sizes[piece]
  const offsets = offsetsOf(header.length, layout.pieces, bytesOf)
  return {
    layout,
    contentType: container.contentType,
    etag: `"${safeTag(work.id.contentId)}-${layout.profile.name}-${shelf.making.version()}"`,
    sizeBytes: offsets?.at(-1),
    header,
    blobKey: work.kept?.blobKey,
    piece: (index, signal) => pieceOf(d, handle, { index, from: 'whole' }, signal),
    read(range, signal) {
      if (!offsets) throw new Error('the length of this rendition is not known')
      return streamFromFirst(
        chunksOf(header, offsets, range, (index, from) => pieceOf(d, handle, { index, from }, signal)),
      )
    },
    leave() {
      d.runs.leave(handle)
      d.works.leave(handle)
    },
  }
}

async function pieceOf(
  d: Parts,
  handle: Handle,
  { index, from }: { index: number; from: Wish },
  signal?: AbortSignal,
): Promise<Buffer> {
  const { work } = handle
  let restarts = 0
  for (;;) {
    signal?.throwIfAborted()
    const there = await stored(d, work, index)
    const rest = from === 'whole' ? there : there?.subarray(from)
    const bytes = rest ?? (work.shelf.has(index) ? undefined : await made())
    if (!bytes) continue
    if (work.shelf.making.changedSince(index, handle.epoch)) throw otherVersion()
    d.runs.reached(handle, index)
    return bytes
  }
  async function made(): Promise<Buffer | undefined> {
    if (work.isGone) throw fileMissing()
    try {
      return await d.runs.make(handle, index, from, signal)
    } catch (thrown) {
      if (signal?.aborted || !mayRetry(thrown, restarts)) throw thrown
      restarts++
      return undefined
    }
  }
}

/** A piece that is there, on this machine or in the blob of the whole; what turns out to be damaged goes. */
async function stored({ kept, works }: Parts, work: Work, index: number): Promise<Buffer | undefined> {
  if (work.latest?.piece === index) return work.latest.bytes
  const here = work.shelf.has(index) ? await work.shelf.read(index) : undefined
  const whole = work.kept
  if (here || !whole) return here
  const bytes = await kept.piece(whole, index)
  if (!bytes) await works.loseKept(work, whole)
  return bytes
}
