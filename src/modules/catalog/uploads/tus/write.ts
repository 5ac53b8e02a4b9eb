import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { AppError } from '#kernel/errors.ts'
import { assertRoom, LOOK_EVERY_BYTES } from '#kernel/http/room.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { openPart } from '#modules/catalog/uploads/files.ts'
import { overtaken, received } from '#modules/catalog/uploads/receive.ts'
import type { UploadRow } from '#modules/catalog/uploads/shapes.ts'
import { beginWriting } from '#modules/catalog/uploads/store.ts'
import { assertChecksum, type Expected } from './checksum.ts'

/** Bytes, or time, after which what has come is put down for good. */
const SAVE_BYTES = LOOK_EVERY_BYTES
const SAVE_EVERY_MS = 500
/** Who sends nothing for so long has gone. */
const SILENCE_MS_MAX = 60_000

async function writeAll(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let at = 0; at < chunk.length; )
    at += (await file.write(chunk, at, chunk.length - at, position + at)).bytesWritten
}

/** Ends a stream from which nothing comes. */
function watchSilence(stream: Readable): { heard(): void; end(): void } {
  const silent = new AppError(408, 'request_timeout', 'The request did not arrive in time.')
  const start = () => setTimeout(() => stream.destroy(silent), SILENCE_MS_MAX)
  let timer = start()
  return {
    heard() {
      clearTimeout(timer)
      timer = start()
    },
    end: () => clearTimeout(timer),
  }
}

/** In another process somebody may still be writing: from here on nothing that they write counts. */
async function beginAt(ctx: CatalogCtx, id: string, writer: string, from: number): Promise<FileHandle> {
  if (!(await beginWriting(ctx.db, { id, writer, from }))) throw overtaken()
  return openPart(ctx.config, id, from)
}

/**
 * Appends what a stream brings to the file of an upload, and answers the new offset. INVARIANT: an offset is noted only
 * after the bytes before it are on the disk. When the line breaks, what came before stays; with a checksum, all of a
 * request counts or nothing.
 */
export async function writePart(
  ctx: CatalogCtx,
  row: UploadRow,
  stream: Readable,
  expected: Expected | undefined,
): Promise<number> {
  const writer = ctx.newId()
  let current = row
  let at = row.receivedBytes
  let lookAtBytes = at
  let savedAtMs = performance.now()
  let file: FileHandle | undefined
  async function save(): Promise<void> {
    if (!file || at === current.receivedBytes) return
    await file.datasync()
    current = await received(ctx, current, { from: current.receivedBytes, to: at, begins: 'job', writer })
    savedAtMs = performance.now()
  }
  const isDue = () => at - current.receivedBytes >= SAVE_BYTES || performance.now() - savedAtMs >= SAVE_EVERY_MS
  const silence = watchSilence(stream)
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      silence.heard()
      file ??= await beginAt(ctx, row.id, writer, at)
      if (at >= lookAtBytes) {
        await assertRoom(ctx.config.dataDir, 0)
        lookAtBytes = at + LOOK_EVERY_BYTES
      }
      expected?.hash.update(chunk)
      await writeAll(file, chunk, at)
      at += chunk.length
      if (!expected && isDue()) await save()
    }
    if (expected) assertChecksum(expected)
    await save()
    return at
  } catch (thrown) {
    if (!expected) await save().catch((err: unknown) => ctx.log.debug({ err }, 'the end of a broken upload is lost'))
    throw thrown
  } finally {
    silence.end()
    await file?.close()
  }
}
