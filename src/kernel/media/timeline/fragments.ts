import { view } from '#kernel/media/region/reader.ts'
import { boxAt, boxesIn } from './boxes.ts'

/** Packets one after the other, and how long they last in ticks. */
export type Packets = { readonly packets: number; readonly ticks: number; readonly packetTicks: number }

const HAS_DATA_OFFSET = 0x1
const HAS_FIRST_FLAGS = 0x4
const HAS_DURATION = 0x100
/** Of `tfhd`, the fields before the default duration. */
const HAS_BASE_OFFSET = 0x1
const HAS_DESCRIPTION = 0x2
const HAS_DEFAULT_DURATION = 0x8

const flagsOf = (box: Uint8Array): number => view(box).getUint32(0) & 0xff_ff_ff
const word = (box: Uint8Array, at: number): number => (at + 4 <= box.length ? view(box).getUint32(at) : 0)
const bits = (flags: number, ...which: readonly number[]): number => which.filter((bit) => flags & bit).length

/** The packets of one track in all fragments, those that the table in front lists among them. */
export function withFragments(
  inFront: Packets,
  { trackId, moov, moofs }: { trackId: number; moov: Uint8Array; moofs: readonly Uint8Array[] },
): Packets {
  let { packets, ticks, packetTicks } = inFront
  for (const moof of moofs)
    for (const { name, body } of boxesIn(moof)) {
      const found = name === 'traf' ? runsOf(body, trackId, defaultTicks(moov, trackId)) : undefined
      if (!found) continue
      packets += found.packets
      ticks += found.ticks
      packetTicks ||= found.packetTicks
    }
  return { packets, ticks, packetTicks }
}

function defaultTicks(moov: Uint8Array, trackId: number): number {
  const mvex = boxAt(moov, 'mvex')
  for (const { name, body } of mvex ? boxesIn(mvex) : [])
    if (name === 'trex' && word(body, 4) === trackId) return word(body, 12)
  return 0
}

function runsOf(traf: Uint8Array, trackId: number, trexTicks: number): Packets | undefined {
  const tfhd = boxAt(traf, 'tfhd')
  if (!tfhd || tfhd.length < 8 || word(tfhd, 4) !== trackId) return undefined
  const flags = flagsOf(tfhd)
  const at = 8 + 8 * bits(flags, HAS_BASE_OFFSET) + 4 * bits(flags, HAS_DESCRIPTION)
  const usual = flags & HAS_DEFAULT_DURATION ? word(tfhd, at) : trexTicks
  let [packets, ticks, packetTicks] = [0, 0, 0]
  for (const { name, body } of boxesIn(traf)) {
    if (name !== 'trun' || body.length < 8) continue
    const run = runOf(body, usual)
    packets += run.packets
    ticks += run.ticks
    packetTicks ||= run.packetTicks
  }
  return { packets, ticks, packetTicks }
}

function runOf(trun: Uint8Array, usual: number): Packets {
  const flags = flagsOf(trun)
  const first = 8 + 4 * bits(flags, HAS_DATA_OFFSET, HAS_FIRST_FLAGS)
  const entryBytes = 4 * bits(flags, HAS_DURATION, 0x200, 0x400, 0x800)
  const claimed = word(trun, 4)
  const packets =
    entryBytes === 0 ? Math.min(claimed, 65_536) : Math.min(claimed, Math.floor((trun.length - first) / entryBytes))
  if ((flags & HAS_DURATION) === 0) return { packets, ticks: packets * usual, packetTicks: usual }
  let ticks = 0
  for (let i = 0; i < packets; i++) ticks += word(trun, first + i * entryBytes)
  return { packets, ticks, packetTicks: packets > 0 ? word(trun, first) : 0 }
}
