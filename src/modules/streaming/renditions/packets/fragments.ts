import { type Box, boxAt, boxesIn } from './boxes.ts'

/** What a file says of samples whose fragments say nothing. */
export type Defaults = { readonly sizeBytes: number }
/** Where one sample lies, in bytes of the whole file. */
export type Place = { readonly offset: number; readonly sizeBytes: number }

/** Samples of one fragment; FFmpeg starts a new one long before. */
const SAMPLES_MAX = 65_536

const TFHD = { baseDataOffset: 0x1, description: 0x2, duration: 0x8, size: 0x10, flags: 0x20 }
const TRUN = { dataOffset: 0x1, firstFlags: 0x4, duration: 0x100, size: 0x200, flags: 0x400, time: 0x800 }

const bytesIf = (flags: number, bit: number, bytes: number): number => ((flags & bit) === 0 ? 0 : bytes)
/** Reads within a box only: what lies beyond its end is cut off. */
const payload = (bytes: Buffer, box: Box): Buffer => bytes.subarray(box.start, box.end)
const flagsOf = (full: Buffer): number => full.readUInt32BE(0) & 0xffffff

/** Defaults of the only track; `moov` is the payload of that box. */
export function defaultsOf(moov: Buffer): Defaults {
  const trex = boxAt(moov, { start: 0, end: moov.length }, ['mvex', 'trex'])
  return { sizeBytes: trex ? payload(moov, trex).readUInt32BE(16) : 0 }
}

/** Places of the samples that a fragment announces; `moof` is the payload of that box, which begins at `startByte`. */
export function placesOf(moof: Buffer, startByte: number, defaults: Defaults): Place[] {
  const tracks = boxesIn(moof, 0, moof.length).filter((box) => box.type === 'traf')
  const [traf] = tracks
  if (!traf || tracks.length > 1) throw new Error('a fragment holds another number of tracks than one')
  const inner = boxesIn(moof, traf.start, traf.end)
  const tfhd = inner.find((box) => box.type === 'tfhd')
  if (!tfhd) throw new Error('a fragment does not name its track')
  const head = headOf(payload(moof, tfhd), startByte, defaults)
  const places: Place[] = []
  for (const box of inner) if (box.type === 'trun') addRun(places, payload(moof, box), head)
  return places
}

type Head = { readonly base: number; readonly sizeBytes: number }

function headOf(tfhd: Buffer, startByte: number, defaults: Defaults): Head {
  const flags = flagsOf(tfhd)
  const base = flags & TFHD.baseDataOffset ? Number(tfhd.readBigUInt64BE(8)) : startByte
  const before = 8 + bytesIf(flags, TFHD.baseDataOffset, 8) + bytesIf(flags, TFHD.description, 4)
  const sizeAt = before + bytesIf(flags, TFHD.duration, 4)
  return { base, sizeBytes: flags & TFHD.size ? tfhd.readUInt32BE(sizeAt) : defaults.sizeBytes }
}

function addRun(places: Place[], trun: Buffer, head: Head): void {
  const flags = flagsOf(trun)
  const count = trun.readUInt32BE(4)
  if (places.length + count > SAMPLES_MAX) throw new Error('a fragment holds too many samples')
  const last = places.at(-1)
  // A run that does not say where it begins goes on where the last one ended.
  let offset = last ? last.offset + last.sizeBytes : head.base
  if (flags & TRUN.dataOffset) offset = head.base + trun.readInt32BE(8)
  let at = 8 + bytesIf(flags, TRUN.dataOffset, 4) + bytesIf(flags, TRUN.firstFlags, 4)
  const sizeAt = bytesIf(flags, TRUN.duration, 4)
  const entryBytes =
    sizeAt + bytesIf(flags, TRUN.size, 4) + bytesIf(flags, TRUN.flags, 4) + bytesIf(flags, TRUN.time, 4)
  for (let i = 0; i < count; i++, at += entryBytes) {
    const sizeBytes = flags & TRUN.size ? trun.readUInt32BE(at + sizeAt) : head.sizeBytes
    places.push({ offset, sizeBytes })
    offset += sizeBytes
  }
}
