import { AppError } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import { containerOf } from './containers/index.ts'
import { chunksOf, offsetsOf, streamOf } from './bytes.ts'
import type { Kept, KeptRenditions } from './kept.ts'
import type { Budget } from './pieces/budget.ts'
import { safeContent } from './pieces/paths.ts'
import type { Pieces, ShelfInUse } from './pieces/pieces.ts'
import type { Container, Wanted } from './types.ts'
import { type Handle, isUnused, type Run, type Work } from './work.ts'

type Deps = {
  readonly pieces: Pieces
  readonly kept: KeptRenditions
  readonly budget: Budget
  readonly log: Log
}
type Place = { readonly work: Work; readonly leave: () => void }

const diskFull = () =>
  new AppError(507, 'disk_full', 'The disk of the server is full, so nothing can be transcoded: ask for the original.')
const isDiskFull = (thrown: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((thrown as NodeJS.ErrnoException | undefined)?.code ?? '')
const keyOf = ({ id }: Wanted): string => `${safeContent(id.contentId)}/${id.profile}`

/** The renditions in use in this process: one `Work` each, however many use it. */
export function createWorks(d: Deps) {
  const works = new Map<string, Place>()

  async function find(wanted: Wanted): Promise<Place> {
    const key = keyOf(wanted)
    const there = works.get(key)
    if (there) return there
    const container = containerOf(wanted.layout.profile, wanted.id.contentId)
    const kept = fitting(wanted, container, await d.kept.find(wanted.id))
    const inUse = await d.pieces.enter(wanted.id, kept)
    const meanwhile = works.get(key)
    if (meanwhile) {
      inUse.leave()
      return meanwhile
    }
    const place = { work: newWork(wanted, container, inUse, kept), leave: inUse.leave }
    if (kept) place.work.releaseKept = d.kept.hold(kept.blobKey)
    else if (isStale(place.work)) await place.work.shelf.shrink(Number.POSITIVE_INFINITY, () => false)
    works.set(key, place)
    return place
  }
  function leaveIfUnused(work: Work): void {
    const place = works.get(work.key)
    if (!isUnused(work) || place?.work !== work) return
    works.delete(work.key)
    work.releaseKept()
    place.leave()
    if (work.kept || work.isTooMuch)
      void d.pieces.drop(work.id).catch((thrown: unknown) => d.log.warn({ err: thrown }, 'pieces were not deleted'))
  }
  function keepWhole(work: Work, wanted: Wanted): void {
    if (work.kept || work.keeping || work.isGone || work.shelf.pieces() < work.layout.pieces) return
    work.keeping = keep(d, work, wanted)
      .catch((thrown: unknown) => d.log.warn({ err: thrown, ...work.id }, 'a transcode was not kept'))
      .finally(() => {
        work.keeping = undefined
        leaveIfUnused(work)
      })
  }
  return {
    async enter(wanted: Wanted): Promise<Handle> {
      const { work } = await find(wanted)
      const handle = { work, wanted, epoch: work.shelf.making.epoch(), at: 0, run: undefined, isOpen: true }
      work.handles.add(handle)
      keepWhole(work, wanted)
      return handle
    },
    leave(handle: Handle): void {
      handle.isOpen = false
      handle.work.handles.delete(handle)
      leaveIfUnused(handle.work)
    },
    leaveIfUnused,
    /** Keeps a piece; with the last one, the whole. Throws 507 `disk_full`. */
    async store({ work, wanted }: Run, piece: number, bytes: Buffer): Promise<void> {
      await work.shelf.write(piece, bytes).catch(async (thrown: unknown) => {
        if (!isDiskFull(thrown)) throw thrown
        await d.budget.yieldDisk()
        await work.shelf.write(piece, bytes).catch((again: unknown) => {
          work.isTooMuch = true
          throw isDiskFull(again) ? diskFull() : again
        })
      })
      d.budget.wrote()
      keepWhole(work, wanted)
    },
    /** The blob is not what it was: it goes, and is made again. */
    async loseKept(work: Work, kept: Kept): Promise<void> {
      if (work.kept !== kept) return
      work.kept = undefined
      work.releaseKept()
      work.releaseKept = () => {}
      await d.kept.giveUp(kept.blobKey)
    },
    all: (): Work[] => [...works.values()].map(({ work }) => work),
    /** Those of this audio, which are in use no more for anybody who comes from now on. */
    takeOut(contentIds: readonly string[]): Work[] {
      const gone = new Set(contentIds.map(safeContent))
      const taken = [...works.values()].filter(({ work }) => gone.has(safeContent(work.id.contentId)))
      for (const { work, leave } of taken) {
        work.isGone = true
        works.delete(work.key)
        work.releaseKept()
        leave()
      }
      return taken.map(({ work }) => work)
    },
    async settled(): Promise<void> {
      await Promise.all([...works.values()].map(({ work }) => work.keeping))
    },
  }
}
export type Works = ReturnType<typeof createWorks>

function newWork(wanted: Wanted, container: Container, { shelf }: ShelfInUse, kept: Kept | undefined): Work {
  const { id, layout } = wanted
  return {
    key: keyOf(wanted),
    id,
    layout,
    container,
    header: container.header(layout),
    shelf,
    runs: new Set(),
    handles: new Set(),
    kept,
    releaseKept: () => {},
    keeping: undefined,
    isGone: false,
    isTooMuch: false,
  }
}

/** What is kept, if it is laid out as this would be: a better look at the source may have found another length. */
function fitting({ layout }: Wanted, container: Container, kept: Kept | undefined): Kept | undefined {
  if (!kept || kept.sizes.length !== layout.pieces) return undefined
  const fits = kept.sizes.every((bytes, piece) => (container.pieceBytes(layout, piece) ?? bytes) === bytes)
  return fits && kept.starts[0] === container.header(layout).length ? kept : undefined
}
function isStale({ shelf, layout, container }: Work): boolean {
  for (let piece = 0; piece < layout.pieces; piece++)
    if (shelf.has(piece) && (container.pieceBytes(layout, piece) ?? shelf.bytesOf(piece)) !== shelf.bytesOf(piece))
      return true
  return false
}

async function keep(d: Deps, work: Work, wanted: Wanted): Promise<void> {
  const { shelf, layout, header } = work
  const places = Array.from({ length: layout.pieces }, (_, piece) => piece)
  const offsets = offsetsOf(header.length, layout.pieces, shelf.bytesOf) ?? []
  const range = { start: 0, end: offsets.at(-1) ?? 0 }
  const read = async (piece: number): Promise<Buffer> => {
    const bytes = await shelf.read(piece)
    if (!bytes) throw new Error(`piece ${piece} is gone`)
    return bytes
  }
  const bytes = streamOf(chunksOf(header, offsets, range, read))
  const table = () => ({
    version: shelf.making.version(),
    sizes: places.map(shelf.bytesOf),
    crcs: shelf.making.crcs(layout.pieces),
  })
  const kept = await d.kept.keep(work.id, { bytes, table })
  // Asked last: of a song that goes after this, the news finds what was kept.
  if (work.isGone || !(await wanted.isThere())) return d.kept.forget(work.id)
  work.kept = kept
  work.releaseKept = d.kept.hold(kept.blobKey)
  await d.budget.check()
}
