import { mkdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { AppError, messageOf } from '#kernel/errors.ts'
import { isMissing } from './errors.ts'
import { hashedFile } from './hashes.ts'
import type { Blobs } from './index.ts'
import { checkKey, checkPrefix } from './keys.ts'
import { BLOB_MAX_BYTES, IN_MEMORY_MAX_BYTES } from './limits.ts'
import { checkRange, readFileStream } from './read.ts'
import { newTempPath, sweepTemp, TEMP_FOLDER } from './temp.ts'
import { walk } from './walk.ts'
import { removeDurably, writeAtomically } from './write.ts'

/** Below this `check` warns, before writes fail. */
const FREE_MIN_BYTES = 64 * 1024 * 1024

/** Blobs as files under a folder, key for path. Several processes may share it. */
export async function createLocalBlobs(dir: string): Promise<Blobs> {
  const root = resolve(dir)
  // People's pictures and uploads: for this user alone. A folder that is there already keeps the rights it was given.
  await mkdir(join(root, TEMP_FOLDER), { recursive: true, mode: 0o700 })
  await sweepTemp(root)
  const pathOf = (key: string) => {
    checkKey(key)
    return join(root, key)
  }
  return {
    async put(key, bytes, { signal, sizeMaxBytes = BLOB_MAX_BYTES } = {}) {
      const limits = { signal, sizeMaxBytes: Math.min(sizeMaxBytes, BLOB_MAX_BYTES) }
      return { key, ...(await writeAtomically(root, pathOf(key), bytes, limits)) }
    },
    async stat(key) {
      const file = await hashedFile(root, pathOf(key))
      return file && { key, ...file }
    },
    read(key, range) {
      if (range) checkRange(range)
      return readFileStream(pathOf(key), range)
    },
    bytes: async (key) => readWhole(pathOf(key)),
    delete: async (key) => removeDurably(pathOf(key)),
    list(prefix) {
      checkPrefix(prefix)
      return walk(root, prefix)
    },
    localPath: pathOf,
    holdPath: async () => () => undefined,
    isRemote: false,
    presign: async () => undefined,
    check: () => check(root),
    close: async () => undefined,
  }
}

async function readWhole(path: string): Promise<Uint8Array | undefined> {
  try {
    const info = await stat(path)
    if (!info.isFile()) return undefined
    if (info.size > IN_MEMORY_MAX_BYTES)
      throw new AppError(413, 'blob_too_large', `More than ${IN_MEMORY_MAX_BYTES} bytes are read as a stream.`)
    return await readFile(path)
  } catch (thrown) {
    if (isMissing(thrown)) return undefined
    throw thrown
  }
}

/** Well when a file can be written and some space is left. */
async function check(root: string): Promise<{ ok: boolean; detail?: string }> {
  const probe = newTempPath(root)
  try {
    await writeFile(probe, 'probe')
    const { bavail, bsize } = await statfs(root)
    const freeBytes = bavail * bsize
    return { ok: freeBytes >= FREE_MIN_BYTES, detail: `${Math.floor(freeBytes / 1024 / 1024)} MiB free` }
  } catch (thrown) {
    return { ok: false, detail: messageOf(thrown) }
  } finally {
    await rm(probe, { force: true }).catch(() => undefined)
  }
}
