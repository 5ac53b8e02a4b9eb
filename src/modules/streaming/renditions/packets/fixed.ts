import type { Splitter } from '../types.ts'
import { createGather } from './gather.ts'

/** Packets whose sizes are known beforehand; `bytesOf` answers undefined where there are no more, and the rest is dropped. */
export function fixedSplitter(bytesOf: (index: number) => number | undefined, firstPacket: number): Splitter {
  const gather = createGather()
  let next = firstPacket
  return (chunk) => {
    gather.push(chunk)
    const packets: Buffer[] = []
    for (;;) {
      const bytes = bytesOf(next)
      if (bytes === undefined) {
        gather.drop(Number.POSITIVE_INFINITY)
        return packets
      }
      const packet = gather.take(bytes)
      if (!packet) return packets
      packets.push(packet)
      next++
    }
  }
}
