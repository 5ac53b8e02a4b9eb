import { unprocessable } from '#kernel/errors.ts'
import type { Media } from '#kernel/media/index.ts'
import type { Profile } from '../profiles.ts'
import { containerOf } from './containers/index.ts'
import { GRIDS_PER_PIECE, type Layout, packetsIn, RUN_UP_GRIDS, samplesToFeed } from './layout.ts'
import { splitterOf } from './packets/index.ts'
import type { Wanted } from './types.ts'

/** Encoders give way to the server itself. */
const NICE = 5
/** Grid lines of music that an encoder gets beyond its last piece, because it looks ahead. */
const LOOK_AHEAD_GRIDS = 1
/**
 * Before the music there is silence for them to settle in. FFmpeg's AAC spoils the first frame of all that it makes: 5 ms
 * in which the error is as loud as the music.
 */
const RUNS_UP_IN_SILENCE: ReadonlySet<Profile['codec']> = new Set(['aac'])

/** Pieces `from` (inclusive) to `until` (exclusive). */
export type Stretch = { readonly from: number; readonly until: number }

const endedEarly = () =>
  unprocessable('media_unreadable', 'The encoder ended before the music did: the file is damaged or changed meanwhile.')

/** Where an encoder begins and how much it is given, for a stretch of pieces. */
export function planOf(layout: Layout, { from, until }: Stretch) {
  const gridPackets = layout.packetsPerPiece / GRIDS_PER_PIECE[layout.profile.codec]
  const firstWanted = from * layout.packetsPerPiece
  const earlier = firstWanted - RUN_UP_GRIDS[layout.profile.codec] * gridPackets
  const firstPacket = RUNS_UP_IN_SILENCE.has(layout.profile.codec) ? earlier : Math.max(0, earlier)
  const endPacket = until * layout.packetsPerPiece + LOOK_AHEAD_GRIDS * gridPackets
  const samples = Math.min(samplesToFeed(layout, firstPacket), (endPacket - firstPacket) * layout.packetSamples)
  return {
    firstPacket,
    startSample: firstPacket * layout.packetSamples,
    samples,
    skipPackets: firstWanted - firstPacket,
  }
}

/** Bytes of a piece, in order: all of it, or where the container lets it be sent while it is made, the next of them. */
export type Part = { readonly bytes: Buffer; readonly isLast: boolean }

/**
 * Makes pieces, one after the other, with one encoder; leaving the loop kills it at once. Throws what the media port
 * throws, and 422 `media_unreadable` when there was less than was promised.
 */
export async function* encodePieces(
  media: Media,
  wanted: Wanted,
  stretch: Stretch,
  signal: AbortSignal,
): AsyncGenerator<Part, void, void> {
  const { layout } = wanted
  const plan = planOf(layout, stretch)
  const leaving = new AbortController()
  const transcode = await media.encode(wanted.file, {
    codec: layout.profile.codec,
    bitrateKbps: layout.profile.kbps,
    sampleRateHz: layout.sampleRateHz,
    channels: layout.channels,
    bits: layout.bits,
    packetSamples: layout.packetSamples,
    startSample: plan.startSample,
    samples: plan.samples,
    gainDb: layout.profile.gainDb,
    timeline: wanted.timeline,
    container: wanted.container,
    signal: AbortSignal.any([signal, leaving.signal]),
    nice: NICE,
  })
  // Heard through the stream; a kill at the end of the loop is no fault.
  transcode.exit.catch(() => {})
  try {
    yield* packed(wanted, stretch, plan, transcode.stream as AsyncIterable<Buffer>)
  } finally {
    leaving.abort(new Error('enough was made'))
    await transcode.exit.catch(() => {})
  }
}

async function* packed(
  { id, layout }: Wanted,
  { from, until }: Stretch,
  { firstPacket, skipPackets }: { firstPacket: number; skipPackets: number },
  stream: AsyncIterable<Buffer>,
): AsyncGenerator<Part, void, void> {
  const { parts, pack } = containerOf(layout.profile, id.contentId)
  const split = splitterOf(layout, firstPacket)
  const packetsPerPart = parts?.packets ?? Number.POSITIVE_INFINITY
  let [piece, toSkip, sent] = [from, skipPackets, 0]
  let packets: Buffer[] = []
  for await (const chunk of stream)
    for (const packet of split(chunk)) {
      if (toSkip-- > 0) continue
      packets.push(packet)
      const isLast = sent + packets.length === packetsIn(layout, piece)
      if (!isLast && packets.length < packetsPerPart) continue
      yield {
        isLast,
        bytes: parts ? parts.bytes(layout, { piece, from: sent }, packets) : pack(layout, piece, packets),
      }
      sent = isLast ? 0 : sent + packets.length
      packets = []
      if (isLast && ++piece === until) return
    }
  throw endedEarly()
}
