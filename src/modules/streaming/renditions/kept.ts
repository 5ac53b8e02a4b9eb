import type { Readable } from 'node:stream'
import type { BlobEntry, Blobs } from '#kernel/blob/index.ts'
import type { Ctx } from '#kernel/module.ts'
import * as store from '../store.ts'
import { crcOf } from './pieces/format.ts'
import { safeContent } from './pieces/paths.ts'

const ROOM = 'streaming/renditions/'
/** A use is noted at most this often: listening must not turn into writing. */
const USE_NOTED_EVERY_MS = 60_000
/** A blob without a row is swept only when it is older: another process may be about to write the row. */
const ORPHAN_AGE_MS = 10 * 60_000
const SWEEP_BATCH = 200
/** Two numbers of 32 bits a piece. */
const ENTRY_BYTES = 8

/** A whole rendition in one blob: its header, then its pieces. */
export type Kept = {
  readonly blobKey: string
  readonly sizeBytes: number
  readonly version: string
  readonly sizes: readonly number[]
  readonly crcs: readonly number[]
  /** Where each piece begins. */
  readonly starts: readonly number[]
}
/** What is known of a whole rendition once all of it was read. */
type Table = { readonly version: string; readonly sizes: readonly number[]; readonly crcs: readonly number[] }
export type Whole = { readonly bytes: Readable; readonly table: () => Table }
type KeptCtx = Pick<Ctx<store.StreamingTables>, 'db' | 'blobs' | 'log' | 'now'>

export const blobKeyOf = (id: store.RenditionId): string => `${ROOM}${safeContent(id.contentId)}/${id.profile}`

/** The whole renditions: blobs for the bytes, rows for what they are. Losing any of it costs only time. */
export function createKept(ctx: KeptCtx) {
  const { db, blobs } = ctx
  const inUse = new Map<string, number>()
  const giveUp = async (blobKey: string): Promise<void> => {
    await blobs.delete(blobKey)
    await store.forgetRendition(db, blobKey)
  }
  return {
    /** Undefined also when the blob is gone or has another length than it had. */
    async find(id: store.RenditionId): Promise<Kept | undefined> {
      const row = await store.findRendition(db, id)
      if (!row) return undefined
      const blob = await blobs.stat(row.blobKey)
      if (blob?.sizeBytes !== row.sizeBytes) return undefined
      if (ctx.now().getTime() - row.lastUsedAt.getTime() > USE_NOTED_EVERY_MS) await store.touchRendition(db, id)
      return keptOf(row)
    },
    /** One piece; undefined when the blob is gone or this is not, to the last bit, what was kept. */
    async piece(kept: Kept, piece: number): Promise<Buffer | undefined> {
      const start = kept.starts[piece] as number
      const end = start + (kept.sizes[piece] as number)
      const chunks = await blobs.read(kept.blobKey, { start, end }).toArray().catch(ifGone)
      const bytes = chunks && Buffer.concat(chunks as Buffer[])
      return bytes && bytes.length === end - start && crcOf(bytes) === kept.crcs[piece] ? bytes : undefined
    },
    /** Blob first: a crash in between leaves an orphan for the sweep, never a row that promises nothing. */
    async keep(id: store.RenditionId, whole: Whole): Promise<Kept> {
      const blobKey = blobKeyOf(id)
      const { sizeBytes } = await blobs.put(blobKey, whole.bytes)
      const table = whole.table()
      const row = { blobKey, sizeBytes, version: table.version, pieces: tableOf(table) }
      await store.keepRendition(db, id, row)
      return keptOf(row)
    },
    /** Holds a blob against being given up for its room by this process. */
    hold(blobKey: string): () => void {
      inUse.set(blobKey, (inUse.get(blobKey) ?? 0) + 1)
      let isHeld = true
      return () => {
        const left = (inUse.get(blobKey) ?? 0) - (isHeld ? 1 : 0)
        isHeld = false
        if (left > 0) inUse.set(blobKey, left)
        else inUse.delete(blobKey)
      }
    },
    totalBytes: () => store.totalBytes(db),
    /** The longest unused first, without those in use here. */
    oldest: async (limit: number) =>
      (await store.oldestRenditions(db, limit)).filter(({ blobKey }) => !inUse.has(blobKey)),
    giveUp,
    /** The audio is that of no song any more, as far as anybody knows; if of another, it is made again. */
    forget: (id: store.RenditionId): Promise<void> => giveUp(blobKeyOf(id)),
    /** Blobs of this room that no row knows (a crash between blob and row). Resolves how many were deleted. */
    async sweep(): Promise<number> {
      let count = 0
      for await (const batch of batches(blobs, ROOM)) count += await sweepBatch(ctx, batch)
      return count
    },
  }
}
export type KeptRenditions = ReturnType<typeof createKept>

const ifGone = (thrown: unknown): undefined => {
  if ((thrown as { status?: number }).status !== 404) throw thrown
}

function tableOf({ sizes, crcs }: Table): Buffer {
  const table = Buffer.alloc(sizes.length * ENTRY_BYTES)
  sizes.forEach((bytes, piece) => table.writeUInt32BE(bytes, piece * ENTRY_BYTES))
  crcs.forEach((crc, piece) => table.writeUInt32BE(crc, piece * ENTRY_BYTES + 4))
  return table
}

function keptOf({ blobKey, sizeBytes, version, pieces }: store.Made): Kept {
  const places = Array.from({ length: Math.floor(pieces.length / ENTRY_BYTES) }, (_, piece) => piece * ENTRY_BYTES)
  const sizes = places.map((at) => pieces.readUInt32BE(at))
  const crcs = places.map((at) => pieces.readUInt32BE(at + 4))
  let start = sizeBytes - sizes.reduce((sum, bytes) => sum + bytes, 0)
  const starts = sizes.map((bytes) => {
    const here = start
    start += bytes
    return here
  })
  return { blobKey, sizeBytes, version, sizes, crcs, starts }
}

async function sweepBatch(ctx: KeptCtx, batch: readonly BlobEntry[]): Promise<number> {
  const known = await store.knownKeys(
    ctx.db,
    batch.map((blob) => blob.key),
  )
  const oldest = ctx.now().getTime() - ORPHAN_AGE_MS
  const orphans = batch.filter((blob) => !known.has(blob.key) && blob.modifiedAt.getTime() < oldest)
  for (const blob of orphans) await ctx.blobs.delete(blob.key)
  return orphans.length
}

async function* batches(blobs: Blobs, prefix: string): AsyncGenerator<BlobEntry[]> {
  let batch: BlobEntry[] = []
  for await (const blob of blobs.list(prefix)) {
    batch.push(blob)
    if (batch.length < SWEEP_BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
