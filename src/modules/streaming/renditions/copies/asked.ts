import type { Caller } from '#kernel/caller.ts'
import { type AppError, unprocessable } from '#kernel/errors.ts'
import type { SongFile } from '../../visible.ts'
import { type WantedDeps, wantedCopy } from '../wanted.ts'
import type { CopyContainer } from './kinds.ts'
import type { WantedCopy } from './open.ts'
import type { CopySources } from './sources.ts'

export type CopyDeps = Pick<WantedDeps, 'songs'> & { readonly copies: CopySources }

const notAsItIs = (): AppError =>
  unprocessable(
    'not_copied',
    'Another container leaves the music as it is: ask without quality, format and normalize, or without container.',
  )
const notThisSong = (container: CopyContainer): AppError =>
  unprocessable(
    'not_copied',
    `The packets of this song cannot be copied into ${container}: ask for the original, or for a format.`,
  )

/** Throws 422 `not_copied` where something is asked of the music that only making it anew can give. */
export function requireAsItIs(asked: Readonly<Record<string, unknown>>): void {
  if (Object.values(asked).some((value) => value !== undefined)) throw notAsItIs()
}

/** The packets of a song in this container. Throws 422 `not_copied`. */
export async function copyOf(d: CopyDeps, who: Caller, file: SongFile, target: CopyContainer): Promise<WantedCopy> {
  const source = await d.copies.of(file, target)
  if (!source) throw notThisSong(target)
  return wantedCopy(d, who, file, { source, target })
}
