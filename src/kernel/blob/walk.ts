import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from './errors.ts'
import type { BlobEntry } from './index.ts'

/** Blobs whose key begins with `prefix`, in the order of their keys' bytes (as S3 lists them). */
export async function* walk(dir: string, prefix: string): AsyncGenerator<BlobEntry> {
  const slash = prefix.lastIndexOf('/') + 1
  yield* walkFolder(dir, prefix.slice(0, slash), prefix.slice(slash))
}

async function* walkFolder(dir: string, folder: string, nameBegin: string): AsyncGenerator<BlobEntry> {
  for (const name of await namesIn(join(dir, folder))) {
    // Temp files and what others put here are no blobs.
    if (name.startsWith('.') || !name.startsWith(nameBegin)) continue
    const key = folder + name
    if (name.endsWith('/')) {
      yield* walkFolder(dir, key, '')
      continue
    }
    const entry = await entryOf(dir, key)
    if (entry) yield entry
  }
}

/** Names of a folder; those of folders end in `/`, which is also how they sort. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort(byBytes)
  } catch (thrown) {
    if (isMissing(thrown)) return []
    throw thrown
  }
}

/** Keys are ASCII, so that code units are bytes. */
const byBytes = (a: string, b: string) => (a < b ? -1 : Number(a > b))

/** Undefined when there is no such file, or it is no plain one. */
async function entryOf(dir: string, key: string): Promise<BlobEntry | undefined> {
  try {
    // With whole numbers, as the hash's file: the other kind rounds times differently.
    const info = await stat(join(dir, key), { bigint: true })
    return info.isFile() ? { key, sizeBytes: Number(info.size), modifiedAt: info.mtime } : undefined
  } catch (thrown) {
    if (isMissing(thrown)) return undefined
    throw thrown
  }
}
