import { join } from 'node:path'
import type { RenditionId } from '../../store.ts'

/** Raised when layouts or containers change: what was made the old way does not fit to the new. */
const MADE_BY = 'v2'
/** What is being written or deleted; nothing in it counts. */
export const LIMBO = '.limbo'
export const VERSION_FILE = 'version'
const VERSION = /^[0-9a-f]{16}$/
/** The size stands in the name, so that a folder says what it holds without a look at every file. */
const PIECE_NAME = /^(\d{1,7})-(\d{1,9})$/

export const rootOf = (cacheDir: string): string => join(cacheDir, MADE_BY)
/** A content id as a file name and as part of a blob key. */
export const safeContent = (contentId: string): string => contentId.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '_')
export const folderOf = (root: string, id: RenditionId): string => join(root, safeContent(id.contentId), id.profile)
export const pieceName = (piece: number, sizeBytes: number): string => `${piece}-${sizeBytes}`

/** Which piece and how many bytes of it (without head) a file name stands for. */
export function readPieceName(name: string): { piece: number; sizeBytes: number } | undefined {
  const [, piece, sizeBytes] = PIECE_NAME.exec(name) ?? []
  return piece === undefined ? undefined : { piece: Number(piece), sizeBytes: Number(sizeBytes) }
}
export const isVersion = (text: string): boolean => VERSION.test(text)
