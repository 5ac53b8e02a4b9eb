import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { addAbortSignal, Readable } from 'node:stream'
import { forgetHash, type HashedFile, rememberHash } from './hashes.ts'
import { blobTooLarge, isMissing, writeFault } from './errors.ts'
import { newTempPath } from './temp.ts'

export type Limits = { signal?: AbortSignal | undefined; sizeMaxBytes: number }

/**
 * Writes a whole file or nothing: temp file, fsync, rename, fsync of the folder.
 * A reader of `path` sees the old bytes or the new ones; after it resolves the new ones survive a power cut.
 * @throws 413 over `sizeMaxBytes`, 507 on a full disk, the signal's reason, what the source failed with.
 */
export async function writeAtomically(
  root: string,
  path: string,
  bytes: Readable | Uint8Array,
  limits: Limits,
): Promise<HashedFile> {
  const temp = newTempPath(root)
  // A source may fail before the first look at it; the loop below still sees the fault.
  if (bytes instanceof Readable) bytes.on('error', () => undefined)
  try {
    const { sha256, file } = await writeTemp(temp, bytes, limits)
    await makeFolder(dirname(path))
    limits.signal?.throwIfAborted()
    await rename(temp, path)
    await rememberHash(root, path, sha256, file)
    await syncFolder(dirname(path))
    return { sizeBytes: Number(file.size), sha256, modifiedAt: file.mtime }
  } catch (thrown) {
    if (bytes instanceof Readable) bytes.destroy()
    await rm(temp, { force: true })
    throw writeFault(thrown)
  }
}

type TempFile = { sha256: string; file: BigIntStats }

async function writeTemp(temp: string, bytes: Readable | Uint8Array, limits: Limits): Promise<TempFile> {
  limits.signal?.throwIfAborted()
  const handle = await open(temp, 'wx')
  try {
    const sha256 = await copyHashed(bytes, handle, limits)
    await handle.sync()
    return { sha256, file: await handle.stat({ bigint: true }) }
  } finally {
    await handle.close()
  }
}

/** Answers the SHA-256 of what it copied, in hex. Throws 413, the signal's reason, what the source failed with. */
export async function copyHashed(
  bytes: Readable | Uint8Array,
  file: Pick<FileHandle, 'writeFile'>,
  limits: Limits,
): Promise<string> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of chunksOf(bytes, limits.signal)) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > limits.sizeMaxBytes) throw blobTooLarge(limits.sizeMaxBytes)
    hash.update(chunk)
    await file.writeFile(chunk)
  }
  limits.signal?.throwIfAborted()
  return hash.digest('hex')
}

async function* chunksOf(bytes: Readable | Uint8Array, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  if (!(bytes instanceof Readable)) {
    yield bytes
    return
  }
  // An abort ends a source that would never say anything again.
  const source: AsyncIterable<Uint8Array | string> = signal ? addAbortSignal(signal, bytes) : bytes
  try {
    for await (const chunk of source) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  } catch (thrown) {
    signal?.throwIfAborted()
    throw thrown
  }
}

async function makeFolder(folder: string): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true })
  if (firstMade === undefined) return
  // A new folder is kept by its parent: each from the outermost new one's parent down.
  for (let at = folder; at.length >= firstMade.length; at = dirname(at)) await syncFolder(dirname(at))
}

/** Unlinks a file and its hash; one that is not there is no fault. After it resolves it stays away after a power cut. */
export async function removeDurably(path: string): Promise<void> {
  try {
    if (!(await stat(path)).isFile()) return
    await unlink(path)
  } catch (thrown) {
    if (isMissing(thrown)) return
    throw thrown
  }
  await forgetHash(path)
  await syncFolder(dirname(path))
}

/** What was made, renamed or removed in the folder stays so after a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
