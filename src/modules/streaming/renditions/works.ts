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

const isDiskFull = (thrown: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((thrown as NodeJS.ErrnoException | undefined)?.code ?? '')
const keyOf = ({ id }: Wanted): string => `${safeContent(id.contentId)}/${id.profile}`

type Registry = Deps & { readonly works: Map<string, Place> }

/** The renditions in use in this process: one `Work` each, however many use it. */
export function createWorks(d: Deps) {
  const r: Registry = { ...d, works: new Map() }
  return {
    async enter(wanted: Wanted): Promise<Handle> {
      const { work } = await find(r, wanted)
      const handle = { work, wanted, epoch: work.shelf.making.epoch(), at: 0, run: undefined, isOpen: true }
      work.handles.add(handle)
      keepWhole(r, work, wanted)
      return handle
    },
    leave(handle: Handle): void {
      handle.isOpen = false
      handle.work.handles.delete(handle)
      leaveIfUnused(r, handle.work)
    },
    leaveIfUnused: (work: Work) => leaveIfUnused(r, work),
    store: (run: Run, piece: number, bytes: Buffer) => store(r, run, piece, bytes),
    /** The blob is not what it was: it goes, and is made again. */
    async loseKept(work: Work, kept: Kept): Promise<void> {
      if (work.kept !== kept) return
      work.kept = undefined
      work.releaseKept()
      work.releaseKept = () => {}
      await d.kept.giveUp(kept.blobKey)
    },
    all: (): Work[] => [...r.works.values()].map(({ work }) => work),
    /** Those of this audio, which are in use no more for anybody who comes from now on. */
    takeOut(contentIds: readonly string[]): Work[] {
      const gone = new Set(contentIds.map(safeContent))
      const taken = [...r.works.values()].filter(({ work }) => gone.has(safeContent(work.id.contentId)))
      for (const { work, leave } of taken) {
        work.isGone = true
        r.works.delete(work.key)
        work.releaseKept()
        leave()
      }
      return taken.map(({ work }) => work)
    },
    async settled(): Promise<void> {
      await Promise.all([...r.works.values()].flatMap(({ work }) => work.keeping ?? []))
    },
  }
}
export type Works = ReturnType<typeof createWorks>

async function find(r: Registry, wanted: Wanted): Promise<Place> {
  const key = keyOf(wanted)
  const there = r.works.get(key)
  if (there) return there
  const container = containerOf(wanted.layout.profile, wanted.id.contentId)
  const kept = fitting(wanted, container, await r.kept.find(wanted.id))
  const inUse = await r.pieces.enter(wanted.id, kept)
  const work = newWork(wanted, container, inUse, kept)
  if (!kept && isStale(work)) await work.shelf.shrink(Number.POSITIVE_INFINITY, () => false)
  const meanwhile = r.works.get(key)
  if (meanwhile) {
    inUse.leave()
    return meanwhile
  }
  if (kept) work.releaseKept = r.kept.hold(kept.blobKey)
  const place = { work, leave: inUse.leave }
  r.works.set(key, place)
  return place
}

function leaveIfUnused(r: Registry, work: Work): void {
  const place = r.works.get(work.key)
  if (!isUnused(work) || place?.work !== work) return
  r.works.delete(work.key)
  work.releaseKept()
  place.leave()
  // Its pieces may go from now on, if there are too many.
  r.budget.wrote()
  if (work.kept || work.isTooMuch)
    void r.pieces.drop(work.id).catch((thrown: unknown) => r.log.warn({ err: thrown }, 'pieces were not deleted'))
}

function keepWhole(r: Registry, work: Work, wanted: Wanted): void {
  if (work.kept || work.keeping || work.isGone || work.shelf.pieces() < work.layout.pieces) return
  work.keeping = keep(r, work, wanted)
    .catch((thrown: unknown) => r.log.warn({ err: thrown, ...work.id }, 'a transcode was not kept'))
    .finally(() => {
      work.keeping = undefined
      leaveIfUnused(r, work)
    })
}

/** Keeps a piece; with the last one, the whole. False where there is no room: then it is heard now, and made again. */
async function store(r: Registry, run: Run, piece: number, bytes: Buffer): Promise<boolean> {
  const { work, wanted } = run
  const write = () => work.shelf.write(piece, bytes).then(() => true, noRoom)
  const isKept = (await write()) || (await r.budget.yieldDisk().then(write))
  if (isKept) {
    r.budget.wrote()
    keepWhole(r, work, wanted)
  } else if (!work.isTooMuch) {
    work.isTooMuch = true
    r.log.warn(work.id, 'the disk is full: transcodes are not kept, and made again for everybody who is not in step')
  }
  return isKept
}
function noRoom(thrown: unknown): false {
  if (isDiskFull(thrown)) return false
  throw thrown
}

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
    cutShort: new Map(),
    latest: undefined,
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
  const read = async (piece: number, from: number): Promise<Buffer> => {
    const bytes = await shelf.read(piece)
    if (!bytes) throw new Error(`piece ${piece} is gone`)
    return bytes.subarray(from)
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
  // Who is listening goes on from the blob.
  await shelf.shrink(Number.POSITIVE_INFINITY, () => false)
  await d.budget.check()
}
