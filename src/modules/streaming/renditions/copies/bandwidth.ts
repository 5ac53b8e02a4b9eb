import { packetsIn, samplesIn } from '../layout.ts'
import type { Copied } from './copied.ts'

/** What the pieces of a copy take: all of them are known. */
export function copyBandwidth({ layout, pieceBytes }: Copied): {
  readonly peakBps: number
  readonly averageBps: number
} {
  const bps = (bytes: number, samples: number): number => Math.ceil((bytes * 8 * layout.sampleRateHz) / samples)
  const heard = (piece: number): number => {
    const first = piece * layout.packetsPerPiece
    const last = first + packetsIn(layout, piece) - 1
    const end = last * layout.packetSamples + samplesIn(layout, last)
    return Math.min(end - first * layout.packetSamples, end - layout.delaySamples)
  }
  // The last one may be as short as it likes: it says nothing about the rate.
  const whole = pieceBytes.slice(0, Math.max(1, pieceBytes.length - 1))
  const total = pieceBytes.reduce((sum, bytes) => sum + bytes, 0)
  const averageBps = bps(total, layout.samples)
  return { peakBps: Math.max(averageBps, ...whole.map((bytes, piece) => bps(bytes, heard(piece)))), averageBps }
}
