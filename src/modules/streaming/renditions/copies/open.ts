import { unavailable } from '#kernel/errors.ts'
import { createOpenFiles } from '#kernel/http/bytes/open-files.ts'
import { safeTag } from '../../original.ts'
import { orMissing } from '../../visible.ts'
import { chunksOf, offsetsOf, streamFromFirst } from '../bytes.ts'
import { packetsIn } from '../layout.ts'
import type { Rendition, Wanted } from '../types.ts'
import { COPY_PROFILES, type CopyTarget } from './kinds.ts'
import { type CopySource, versionOf } from './sources.ts'
import { readPackets } from './table.ts'

/** A rendition that nobody makes: its packets lie in the file of the song. */
export type WantedCopy = Wanted & {
  readonly copy: { readonly source: CopySource; readonly target: CopyTarget; readonly blobKey: string | null }
}
export const isCopy = (wanted: Wanted): wanted is WantedCopy => 'copy' in wanted

const fileChanged = () =>
  unavailable('still_encoding', 'The file of this song has just changed and is read anew: ask again.', 1)
const files = createOpenFiles()

/**
 * The packets of a song's file in another container, read from it as they are wanted: no process, no place among the
 * transcodes, nothing kept. INVARIANT: under one ETag every byte is the same, as it is made of the same packets.
 */
export function openCopy({ id, copy, file }: WantedCopy): Rendition {
  const { source, target } = copy
  const copied = source.into(target)
  const { layout, contentType, header, pieceBytes } = copied
  const offsets = offsetsOf(header.length, layout.pieces, (piece) => pieceBytes[piece]) ?? []

  async function piece(index: number, signal?: AbortSignal): Promise<Buffer> {
    signal?.throwIfAborted()
    const from = index * layout.packetsPerPiece
    const to = from + packetsIn(layout, index)
    const opened = await files.open(Buffer.from(file)).catch(orMissing)
    try {
      if (versionOf(copy, opened) !== source.version) throw fileChanged()
      return copied.pack(index, await readPackets(opened.handle, source.table, from, to).catch(orMissing))
    } finally {
      opened.done()
    }
  }
  return {
    layout,
    contentType,
    etag: `"${safeTag(id.contentId)}-${COPY_PROFILES[target].name}-${source.digest}"`,
    sizeBytes: offsets.at(-1),
    header,
    blobKey: undefined,
    piece,
    read: (range, signal) =>
      streamFromFirst(chunksOf(header, offsets, range, async (at, from) => (await piece(at, signal)).subarray(from))),
    leave: () => {},
  }
}
