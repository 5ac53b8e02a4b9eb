import { audioRegion } from '#kernel/media/region/index.ts'
import { type ByteReader, fdReader } from '#kernel/media/region/reader.ts'
import type { Container } from '#kernel/media/region/types.ts'
import { withFile } from '#kernel/media/open-file.ts'
import type { FilePath, PacketTable } from '#kernel/media/types.ts'
import { adtsPackets } from './adts.ts'
import { isSound } from './list.ts'
import { matroskaPackets } from './matroska.ts'
import { mp4Packets } from './mp4.ts'
import { oggFlacPackets } from './ogg-flac.ts'

const READERS: Partial<Record<Container, (file: ByteReader) => PacketTable | undefined>> = {
  aac: adtsPackets,
  mp4: mp4Packets,
  ogg: oggFlacPackets,
  matroska: matroskaPackets,
}

/** Runs inside the tag process only. Null for what is not copied; throws what opening does. */
export function packetsOfFile(path: FilePath | Uint8Array): Promise<PacketTable | null> {
  const table = withFile(path, (fd) => {
    const file = fdReader(fd)
    const container = audioRegion(file)?.container
    const found = container && READERS[container]?.(file)
    return found && isSound(found, file.sizeBytes) ? found : null
  })
  return Promise.resolve(table)
}
