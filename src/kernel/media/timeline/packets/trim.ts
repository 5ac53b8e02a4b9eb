import type { PacketTable } from '#kernel/media/types.ts'

/** Encoders need no more than that many packets before the music; whoever cut more away wrote it in an edit list. */
const DELAY_PACKETS_MAX = 8
/** Kept then, so that a decoder has settled when the music begins. */
const RUN_UP_PACKETS = 4

/** Without the packets that lie far before the music or behind its end. Undefined when there is not enough for all of it. */
export function withoutFarEnds(table: PacketTable): PacketTable | undefined {
  const { packetSamples, delaySamples, samples } = table
  const before = Math.floor(delaySamples / packetSamples)
  const from = before > DELAY_PACKETS_MAX ? before - RUN_UP_PACKETS : 0
  const end = Math.ceil((delaySamples + samples) / packetSamples)
  if (delaySamples < 0 || samples < 1 || end > table.packets || table.firsts) return undefined
  return {
    ...table,
    packets: end - from,
    delaySamples: delaySamples - from * packetSamples,
    offsets: table.offsets.slice(from, end),
    sizes: table.sizes.slice(from, end),
  }
}
