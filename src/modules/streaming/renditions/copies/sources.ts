import { stat } from 'node:fs/promises'
import { createLru } from '#kernel/cache/lru.ts'
import { AppError } from '#kernel/errors.ts'
import type { Media, PacketTable } from '#kernel/media/index.ts'
import { describeSource } from '../../playback/source.ts'
import { orMissing, type SongFile } from '../../visible.ts'
import { type Copied, copiedInto } from './copied.ts'
import { copyTargets, type CopyTarget } from './kinds.ts'
import { digestOf, isCopied } from './layout.ts'

/** In memory: a song of usual length takes about 200 kB. */
const KEPT_MAX = 1000
const KEPT_BYTES_MAX = 48 * 1024 * 1024
/** What the cache takes a character of JSON for. */
const BYTES_PER_CHARACTER = 3
/** Of the table and what is built from it. */
const BYTES_PER_PACKET = 24
const BYTES = 3000

/** The packets of one state of a file. */
export type CopySource = {
  readonly table: PacketTable
  readonly digest: string
  /** Of the file whose packets these are. */
  readonly version: string
  /** What they are in one of their containers. */
  into(target: CopyTarget): Copied
}
export type CopySources = {
  /**
   * The packets of a song's file, if they can be copied into this. Throws 404 `file_missing`, and what a lost process
   * means.
   */
  of(file: SongFile, target: CopyTarget): Promise<CopySource | undefined>
}

/** Changes with every change of a file. Of what was uploaded, whose copies here are of different times, its size tells. */
export const versionOf = (file: { blobKey: string | null }, f: { sizeBytes: number; modifiedAt: Date }): string =>
  file.blobKey === null ? `${f.sizeBytes}-${f.modifiedAt.getTime()}` : `${f.sizeBytes}`

/** Where packets lie in files, from memory or read from each file once, however many ask. */
export function createCopySources({ media }: { readonly media: Pick<Media, 'packets'> }): CopySources {
  const kept = createLru({ entriesMax: KEPT_MAX, bytesMax: KEPT_BYTES_MAX, nowMs: () => 0 })
  const flights = new Map<string, Promise<CopySource | null>>()

  async function read(key: string, path: Buffer, version: string): Promise<CopySource | null> {
    const table = await media.packets(path).catch(orUnknown)
    const source = table && isCopied(table) ? sourceOf(table, version) : null
    const bytes = BYTES + (source?.table.packets ?? 0) * BYTES_PER_PACKET
    const jsonLength = Math.ceil(bytes / BYTES_PER_CHARACTER)
    kept.set(key, { value: { source }, jsonLength, expiresAtMs: Number.POSITIVE_INFINITY, tags: [] })
    return source
  }
  function join(key: string, path: Buffer, version: string): Promise<CopySource | null> {
    const flying = flights.get(key)
    if (flying) return flying
    const flight = read(key, path, version).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
  return {
    async of(file, target) {
      if (!copyTargets(describeSource(file)).includes(target)) return undefined
      const path = Buffer.from(file.pathBase64, 'base64')
      const stats = await stat(path).catch(orMissing)
      const version = versionOf(file, { sizeBytes: stats.size, modifiedAt: stats.mtime })
      const key = `${file.contentId}/${version}`
      const known = kept.get(key)?.value as { source: CopySource | null } | undefined
      return (known ? known.source : await join(key, path, version)) ?? undefined
    },
  }
}

function sourceOf(table: PacketTable, version: string): CopySource {
  const built = new Map<CopyTarget, Copied>()
  const digest = digestOf(table)
  return {
    table,
    digest,
    version,
    into(target) {
      const copied = built.get(target) ?? copiedInto(target, table, digest)
      built.set(target, copied)
      return copied
    },
  }
}

/** A file that cannot be read is played in another way, which may say why it cannot. */
function orUnknown(thrown: unknown): null {
  if (thrown instanceof AppError && thrown.status === 422) return null
  return orMissing(thrown)
}
