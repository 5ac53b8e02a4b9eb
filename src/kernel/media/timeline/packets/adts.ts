import type { ByteReader } from '#kernel/media/region/reader.ts'
import { skipLeadingTags, skipTrailingTags } from '#kernel/media/region/tags-around.ts'
import type { PacketTable } from '#kernel/media/types.ts'
import { ADTS, type AdtsHeader } from '../adts.ts'
import { hopFrames } from '../hop.ts'
import { stretchList } from './list.ts'

const PACKET_SAMPLES = 1024

/** Frames of raw AAC without their headers. Undefined where they are not all alike, or something stands between them. */
export function adtsPackets(file: ByteReader): PacketTable | undefined {
  const from = skipLeadingTags(file)
  const to = skipTrailingTags(file, from)
  const list = stretchList()
  let first: AdtsHeader | undefined
  let isEven = true
  hopFrames(file, { from, to, kind: ADTS }, (header, at, isAfterJunk) => {
    if (at + header.bytes > to) return
    first ??= header
    const isAlike = header.config === first.config && header.samples === PACKET_SAMPLES && !isAfterJunk
    isEven &&= isAlike && list.add(at + header.headerBytes, header.bytes - header.headerBytes)
    list.end()
  })
  if (!first || !isEven || first.channels === 0) return undefined
  const stretches = list.done()
  return {
    codec: 'aac',
    sampleRateHz: first.rateHz,
    channels: first.channels,
    packetSamples: PACKET_SAMPLES,
    delaySamples: 0,
    samples: stretches.packets * PACKET_SAMPLES,
    config: Uint8Array.of(first.config >> 8, first.config & 0xff),
    ...stretches,
  }
}
