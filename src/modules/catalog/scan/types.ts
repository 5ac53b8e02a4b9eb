import type { ProbeOk, SyncedLine } from '#kernel/media/types.ts'
import type { Ctx } from '#kernel/module.ts'
import type { Tables } from '#modules/catalog/store/db.ts'
import type { KnownFile } from '#modules/catalog/store/files.ts'
import type { Folder } from '#modules/catalog/store/folders.ts'
import type { FoundFile } from './sidecars.ts'

export type CatalogCtx = Ctx<Tables>

/** A file that has to be read: new, changed, or its neighbours changed. */
export type Wanted = {
  folder: Folder
  dir: Buffer
  file: FoundFile
  sidecars: string
  lyricsFile: FoundFile | undefined
  image: FoundFile | undefined
  known: KnownFile | undefined
}
export type Lyrics = { plain: string | null; lines: SyncedLine[] }
export type CoverSource = { hash: string; kind: 'embedded' | 'image'; path: Buffer }
export type Taken = { wanted: Wanted; probe: ProbeOk; lyrics: Lyrics | undefined; cover: CoverSource | undefined }
export type Refused = { wanted: Wanted; code: string; reason: string }
export type Batch = { taken: Taken[]; refused: Refused[] }

/** What a scan has done so far. */
export type Tally = {
  foundFiles: number
  doneFiles: number
  added: number
  changed: number
  moved: number
  removed: number
  faulty: number
}
export const emptyTally = (): Tally => ({
  foundFiles: 0,
  doneFiles: 0,
  added: 0,
  changed: 0,
  moved: 0,
  removed: 0,
  faulty: 0,
})
