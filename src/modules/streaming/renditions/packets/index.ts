import { type Layout, samplesIn } from '../layout.ts'
import type { Splitter } from '../types.ts'
import { fixedSplitter } from './fixed.ts'
import { checkMp3 } from './mp3.ts'
import { mp4Splitter } from './mp4.ts'

/**
 * Takes the packets out of what an encoder writes that began at `firstPacket`. Never gives more than the layout has:
 * what an encoder writes beyond is dropped. Throws when the encoder writes something else than was agreed.
 */
export function splitterOf(layout: Layout, firstPacket: number): Splitter {
  const { codec } = layout.profile
  if (codec === 'mp3') return mp3Splitter(layout, firstPacket)
  if (codec === 'wav') return fixedSplitter((packet) => pcmBytes(layout, packet), firstPacket)
  return fragmentSplitter(layout, firstPacket)
}

function mp3Splitter(layout: Layout, firstPacket: number): Splitter {
  const split = fixedSplitter((packet) => (packet < layout.packets ? layout.packetBytes : undefined), firstPacket)
  const check = checkMp3(layout)
  return (chunk) => {
    const frames = split(chunk)
    frames.forEach(check)
    return frames
  }
}

const pcmBytes = (layout: Layout, packet: number): number | undefined =>
  packet < layout.packets ? samplesIn(layout, packet) * layout.channels * (layout.bits / 8) : undefined

function fragmentSplitter(layout: Layout, firstPacket: number): Splitter {
  const split = mp4Splitter()
  const { packetBytes } = layout
  let left = layout.packets - firstPacket
  return (chunk) => {
    const packets = split(chunk).slice(0, left)
    left -= packets.length
    if (packetBytes !== undefined && packets.some(({ length }) => length !== packetBytes))
      throw new Error('the encoder wrote packets of another size than was agreed')
    return packets
  }
}
