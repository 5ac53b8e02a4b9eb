import { createHash } from 'node:crypto'
import { identityKey, storable } from '#modules/catalog/fold.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import type { Folder } from '#modules/catalog/store/folders.ts'
import {
  assignPortraits,
  dropPortraits,
  type KnownPortrait,
  knownPortraits,
  putPortrait,
  settlePortraits,
} from '#modules/catalog/store/portraits.ts'
import { lockShelf } from '#modules/catalog/store/recount.ts'
import { wantCovers } from '#modules/catalog/store/write.ts'
import { disks } from './disk.ts'
import type { Portrait } from './disk-read.ts'
import type { ScanDeps } from './intake.ts'
import { bytesOf, joinBytes, keyOf } from './names.ts'
import { COVER_MAX_BYTES } from './read.ts'

/** Pictures of artists by the key of the directory they lie in. */
export type Portraits = Map<string, Portrait>
type Seen = {
  readonly found: Portraits
  /** Of a directory that is not in `found`: whether its picture is known to be there no more. */
  readonly isGone: (dir: string) => boolean
}

const isSame = (known: KnownPortrait | undefined, now: Portrait): boolean =>
  known !== undefined &&
  keyOf(known.name) === now.name &&
  known.sizeBytes === now.sizeBytes &&
  known.mtimeUs === now.mtimeUs

const lastName = (dir: Buffer): string => storable(dir.subarray(dir.lastIndexOf('/') + 1).toString('utf8'))

/** Null of a picture that is too large or cannot be read; asked again when it changes. */
async function hashOf(d: ScanDeps, folder: Folder, path: Buffer): Promise<string | null> {
  const request = { kind: 'bytes', path: keyOf(path), sizeMaxBytes: COVER_MAX_BYTES } as const
  const bytes = await disks.ask(keyOf(folder.path), request, d.signal)
  return bytes && bytes.length > 0 ? createHash('sha256').update(bytes).digest('hex') : null
}

type Taken = KnownPortrait & { path: Buffer }
async function read(d: ScanDeps, folder: Folder, [key, portrait]: [string, Portrait]): Promise<Taken> {
  const [dir, name] = [bytesOf(key), bytesOf(portrait.name)]
  const path = joinBytes(folder.path, dir, name)
  return { ...portrait, dir, name, path, hash: await hashOf(d, folder, path) }
}

async function store(tx: Db, folder: Folder, taken: readonly Taken[], gone: readonly Buffer[]): Promise<void> {
  await lockShelf(tx)
  await dropPortraits(tx, folder.id, gone)
  for (const { path, ...portrait } of taken) {
    const { hash } = portrait
    if (hash !== null) await wantCovers(tx, [{ hash, kind: 'image', path: path.toString('hex') }])
    await putPortrait(tx, folder.id, portrait)
  }
  const places = (await knownPortraits(tx, folder.id)).map(({ dir }) => ({
    dir: dir.toString('hex'),
    key: identityKey(lastName(dir)),
  }))
  await assignPortraits(tx, folder.id, places)
  await settlePortraits(tx)
}

/**
 * Takes the pictures of artists that a walk found, forgets those that are gone, and says whom they show: the artist whose
 * songs lie at and below the directory; where several have songs there, the one it is named after. To be called when the
 * songs of the walk are stored. The music folder itself is nobody's.
 */
export async function keepPortraits(d: ScanDeps, folder: Folder, { found, isGone }: Seen): Promise<void> {
  const known = new Map((await knownPortraits(d.ctx.db, folder.id)).map((p) => [keyOf(p.dir), p]))
  const fresh = [...found].filter(([dir, now]) => dir !== '' && !isSame(known.get(dir), now))
  const gone = [...known.values()].filter((p) => !found.has(keyOf(p.dir)) && isGone(keyOf(p.dir)))
  const { added, changed, moved, removed } = d.tally
  const isNew = fresh.length + gone.length > 0
  if (!isNew && (known.size === 0 || added + changed + moved + removed === 0)) return
  const taken: Taken[] = []
  for (const one of fresh) taken.push(await read(d, folder, one))
  const dirs = gone.map((p) => p.dir)
  await d.ctx.write((tx) => store(tx, folder, taken, dirs))
  d.changed()
}
