import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isMissing } from './errors.ts'
import { newTempPath } from './temp.ts'

/**
 * The SHA-256 of a blob stands in a hidden file beside it, together with what tells that exact file from every other
 * (inode, size, time of change). It is a memo: one that is missing, torn or about an older file is made again from the
 * bytes, so that blob and hash need no common transaction, and a restored or copied folder mends itself.
 */
const memoPath = (path: string) => join(dirname(path), `.${basename(path)}.sha256`)
const memoOf = (sha256: string, file: BigIntStats) => `${sha256} ${identityOf(file)}\n`
const identityOf = (file: BigIntStats) => `${file.ino} ${file.size} ${file.mtimeNs}`
const MEMO = /^([0-9a-f]{64}) (\d+ \d+ \d+)\n$/

/** Never fails: without the memo the hash is made from the bytes when it is asked for. */
export async function rememberHash(root: string, path: string, sha256: string, file: BigIntStats): Promise<void> {
  const temp = newTempPath(root)
  try {
    await writeFile(temp, memoOf(sha256, file))
    await rename(temp, memoPath(path))
  } catch {
    await rm(temp, { force: true }).catch(() => undefined)
  }
}

export const forgetHash = (path: string): Promise<void> => rm(memoPath(path), { force: true })

export type HashedFile = { sizeBytes: number; sha256: string; modifiedAt: Date }

/** Size, time and hash of one and the same state of a plain file; undefined when there is none. */
export async function hashedFile(root: string, path: string): Promise<HashedFile | undefined> {
  const handle = await openExisting(path)
  if (!handle) return undefined
  try {
    const file = await handle.stat({ bigint: true })
    if (!file.isFile()) return undefined
    const sha256 = (await recall(path, file)) ?? (await hashAgain(root, path, handle, file))
    return { sizeBytes: Number(file.size), sha256, modifiedAt: file.mtime }
  } finally {
    await handle.close()
  }
}

async function openExisting(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (thrown) {
    if (isMissing(thrown)) return undefined
    throw thrown
  }
}

async function recall(path: string, file: BigIntStats): Promise<string | undefined> {
  const memo = MEMO.exec(await readFile(memoPath(path), 'utf8').catch(() => ''))
  return memo?.[2] === identityOf(file) ? memo[1] : undefined
}

async function hashAgain(root: string, path: string, handle: FileHandle, file: BigIntStats): Promise<string> {
  const hash = createHash('sha256')
  const stream: AsyncIterable<Uint8Array> = handle.createReadStream({ start: 0, autoClose: false })
  for await (const chunk of stream) hash.update(chunk)
  const sha256 = hash.digest('hex')
  await rememberHash(root, path, sha256, file)
  return sha256
}
