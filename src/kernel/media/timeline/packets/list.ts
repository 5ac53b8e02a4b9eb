import type { PacketTable } from '#kernel/media/types.ts'

/** Six hours of AAC. What has more is not copied: its table would take more memory than it is worth. */
export const PACKETS_MAX = 1_000_000
/** No encoder of AAC or Opus makes larger ones; of FLAC they hold whole blocks. */
export const PACKET_BYTES_MAX = { aac: 0xffff, opus: 0xfd00, flac: 1 << 20 } as const

export type Stretches = Pick<PacketTable, 'packets' | 'offsets' | 'sizes' | 'firsts'>
export type StretchList = {
  /** A part of the packet that is being gathered. False when there are too many. */
  add(offset: number, sizeBytes: number): boolean
  /** The packet is whole. */
  end(): void
  packets(): number
  done(): Stretches
}

/** Packets, each of one stretch or several. */
export function stretchList(): StretchList {
  const offsets: number[] = []
  const sizes: number[] = []
  const firsts: number[] = [0]
  return {
    add(offset, sizeBytes) {
      if (sizes.length >= PACKETS_MAX) return false
      // What goes on where the last part of the same packet ended is no part of its own.
      const last = sizes.length - 1
      const isOpen = sizes.length > (firsts.at(-1) as number)
      if (isOpen && (offsets[last] as number) + (sizes[last] as number) === offset) {
        sizes[last] = (sizes[last] as number) + sizeBytes
        return true
      }
      offsets.push(offset)
      sizes.push(sizeBytes)
      return true
    },
    end: () => void firsts.push(sizes.length),
    packets: () => firsts.length - 1,
    done() {
      const packets = firsts.length - 1
      const end = firsts.at(-1) as number
      return {
        packets,
        offsets: Float64Array.from(offsets.slice(0, end)),
        sizes: Uint32Array.from(sizes.slice(0, end)),
        firsts: end === packets ? undefined : Uint32Array.from(firsts),
      }
    },
  }
}

/** Bytes of one packet. */
export function packetBytes({ sizes, firsts }: Pick<PacketTable, 'sizes' | 'firsts'>, packet: number): number {
  if (!firsts) return sizes[packet] as number
  let sum = 0
  for (let i = firsts[packet] as number; i < (firsts[packet + 1] as number); i++) sum += sizes[i] as number
  return sum
}

/** Whether there are as many packets as the music takes, and every one has something in it, no more than its codec ever writes, and lies within the file. */
export function isSound(table: PacketTable, fileBytes: number): boolean {
  const { offsets, sizes, packets, codec } = table
  if (packets < 1 || table.samples < 1 || table.channels < 1 || table.sampleRateHz < 1) return false
  if (Math.ceil((table.delaySamples + table.samples) / table.packetSamples) !== packets) return false
  if (sizes.some((size, i) => (offsets[i] as number) + size > fileBytes)) return false
  for (let packet = 0; packet < packets; packet++) {
    const bytes = packetBytes(table, packet)
    if (bytes < 1 || bytes > PACKET_BYTES_MAX[codec]) return false
  }
  return true
}
