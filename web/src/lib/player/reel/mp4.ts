import { join, textAt, viewOf } from './boxes.ts'
import { type Box, boxAt, boxesIn, readMoov } from './mp4-boxes.ts'
import { type Bytes, type ByteSource, type Cursor, fragmentsOf, type Packet, type Tune, unfit } from './types.ts'

const ENTRY_FIXED_BYTES = 28
const CODECS: Record<string, string> = { mp4a: '', fLaC: 'flac', Opus: 'opus' }
/** Sound and pictures may lie woven; what lies further apart is read by itself. */
const WOVEN_BYTES_MAX = 256 * 1024
/** Decoders of AAC overlap one packet. */
const PREROLL_PACKETS = 2

/** Where every packet lies: `starts[i]` bytes from the beginning, `times[i]` samples; `times` has one more, the end. */
type Index = { starts: Float64Array; sizes: Uint32Array; times: Float64Array }

function soundTrack(moov: Bytes): { trak: Bytes; mdia: Bytes; stbl: Bytes; entry: Box } {
  for (const { type, body } of boxesIn(moov)) {
    if (type !== 'trak') continue
    const mdia = boxAt(body, 'mdia')
    const handler = mdia && boxAt(mdia, 'hdlr')
    const stbl = mdia && boxAt(mdia, 'minf', 'stbl')
    const stsd = stbl && boxAt(stbl, 'stsd')
    if (!mdia || !handler || !stbl || !stsd || textAt(handler, 8, 4) !== 'soun') continue
    const entry = boxesIn(stsd.subarray(8))[0]
    if (entry && entry.type in CODECS) return { trak: body, mdia, stbl, entry }
  }
  throw unfit('an MP4 without sound of a known kind')
}

function codecsOf(entry: Box): string {
  if (entry.type !== 'mp4a') return CODECS[entry.type] ?? ''
  const esds = boxAt(entry.body.subarray(ENTRY_FIXED_BYTES), 'esds')
  if (!esds) throw unfit('MPEG-4 sound without a description')
  // Descriptors 3, 4 and 5, one in the other; their lengths may be written in up to four bytes.
  const after = (tag: number, from: number, fixed: number): number => {
    const at = esds.indexOf(tag, from)
    if (at < 0) return -1
    let i = at + 1
    while ((esds[i] ?? 0) & 0x80) i++
    return i + 1 + fixed
  }
  const config = after(4, after(3, 4, 3), 0)
  const objectType = esds[config] ?? 0
  if (objectType !== 0x40) throw unfit('MPEG-4 sound that is no AAC')
  const specific = after(5, config + 13, 0)
  return `mp4a.40.${specific < 0 ? 2 : (esds[specific] ?? 0x10) >> 3}`
}

const tableOf = (stbl: Bytes, type: string): DataView => {
  const body = boxAt(stbl, type)
  if (!body) throw unfit(`an MP4 without ${type}`)
  return viewOf(body)
}

function sizesOf(stbl: Bytes): Uint32Array {
  const v = tableOf(stbl, 'stsz')
  const same = v.getUint32(4)
  const count = v.getUint32(8)
  if (same === 0 && 12 + count * 4 > v.byteLength) throw unfit('an MP4 with a broken index')
  return Uint32Array.from({ length: count }, (_, i) => same || v.getUint32(12 + i * 4))
}
function timesOf(stbl: Bytes, count: number): Float64Array {
  const v = tableOf(stbl, 'stts')
  const times = new Float64Array(count + 1)
  let i = 0
  for (let k = 0; k < v.getUint32(4); k++)
    for (let n = v.getUint32(8 + k * 8); n > 0 && i < count; n--, i++)
      times[i + 1] = (times[i] ?? 0) + v.getUint32(12 + k * 8)
  return times
}
function startsOf(stbl: Bytes, sizes: Uint32Array): Float64Array {
  const isLong = boxAt(stbl, 'stco') === undefined
  const chunks = tableOf(stbl, isLong ? 'co64' : 'stco')
  const groups = tableOf(stbl, 'stsc')
  const starts = new Float64Array(sizes.length)
  const chunkCount = chunks.getUint32(4)
  let i = 0
  for (let chunk = 0, g = 0; chunk < chunkCount && i < sizes.length; chunk++) {
    if (g + 1 < groups.getUint32(4) && groups.getUint32(8 + (g + 1) * 12) <= chunk + 1) g += 1
    let at = isLong ? Number(chunks.getBigUint64(8 + chunk * 8)) : chunks.getUint32(8 + chunk * 4)
    for (let n = groups.getUint32(12 + g * 12); n > 0 && i < sizes.length; n--, i++) {
      starts[i] = at
      at += sizes[i] ?? 0
    }
  }
  return starts
}

type Cut = { delay: number; samples: number }
/** What iTunes writes: delay, padding and length in hexadecimal. */
function itunesCut(moov: Bytes): Cut | null {
  const text = new TextDecoder('latin1').decode(moov.subarray(0, moov.length))
  const at = text.indexOf('iTunSMPB')
  const found = at < 0 ? null : / [\dA-F]{8} ([\dA-F]{8}) ([\dA-F]{8}) ([\dA-F]{16})/i.exec(text.slice(at, at + 200))
  return found ? { delay: parseInt(found[1] ?? '0', 16), samples: parseInt(found[3] ?? '0', 16) } : null
}
/** What the edit list leaves of the sound. Its length is told in coarser units, so a length that follows from the packets wins. */
function editCut(moov: Bytes, trak: Bytes, rateHz: number, total: number): Cut {
  const elst = boxAt(trak, 'edts', 'elst')
  const mvhd = boxAt(moov, 'mvhd')
  if (!elst || !mvhd) return { delay: 0, samples: total }
  const v = viewOf(elst)
  const isLong = v.getUint8(0) === 1
  const movieRate = viewOf(mvhd).getUint32(mvhd[0] === 1 ? 20 : 12)
  for (let k = 0, at = 8; k < v.getUint32(4); k++, at += isLong ? 20 : 12) {
    const length = isLong ? Number(v.getBigUint64(at)) : v.getUint32(at)
    const delay = isLong ? Number(v.getBigInt64(at + 8)) : v.getInt32(at + 4)
    if (delay < 0) continue
    const told = Math.round((length * rateHz) / movieRate)
    const isEnd = length === 0 || Math.abs(told - (total - delay)) <= (1.5 * rateHz) / movieRate
    return { delay, samples: isEnd ? total - delay : Math.min(told, total - delay) }
  }
  return { delay: 0, samples: total }
}

/** How many packets from `first` lie so close that one read of about `wantedBytes` takes them. */
function together({ starts, sizes }: Index, first: number, wantedBytes: number): number {
  const from = starts[first] ?? 0
  let count = 1
  for (let i = first + 1; i < starts.length; i++, count++) {
    const start = starts[i] ?? 0
    const before = (starts[i - 1] ?? 0) + (sizes[i - 1] ?? 0)
    if (start < before || start - before > WOVEN_BYTES_MAX || start - from > wantedBytes) break
  }
  return count
}

/** The last packet may be told to be shorter than what a decoder makes of it: it is cut by time instead. */
const samplesOf = (times: Float64Array, i: number): number => {
  const told = (times[i + 1] ?? 0) - (times[i] ?? 0)
  return i > 0 && i === times.length - 2 ? Math.max(told, (times[i] ?? 0) - (times[i - 1] ?? 0)) : told
}

function cursorAt(source: ByteSource, index: Index, first: number, end: number): Cursor {
  let at = first
  return {
    async next(wantedBytes, signal) {
      const { starts, sizes, times } = index
      if (at >= sizes.length) return null
      const count = together(index, at, wantedBytes)
      const last = at + count - 1
      const from = starts[at] ?? 0
      const bytes = await source.read(from, (starts[last] ?? 0) + (sizes[last] ?? 0), signal)
      const packets: Packet[] = []
      for (let i = at; i <= last; i++) {
        const start = (starts[i] ?? 0) - from
        packets.push({ data: bytes.slice(start, start + (sizes[i] ?? 0)), samples: samplesOf(times, i) })
      }
      const firstSample = times[at] ?? 0
      at += count
      if (at < sizes.length) return { firstSample, packets, endTrim: null }
      const decoded = packets.reduce((sum, p) => sum + p.samples, firstSample)
      return { firstSample, packets, endTrim: Math.max(0, decoded - end) }
    },
  }
}

function packetBefore(times: Float64Array, sample: number): number {
  let low = 0
  let high = times.length - 1
  while (low + 1 < high) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? 0) <= sample) low = middle
    else high = middle
  }
  return low
}

/** The entry as it stands in the file, with its header. */
const entryBox = ({ type, body }: Box): Bytes => {
  const size = body.length + 8
  const header = new Uint8Array(8)
  viewOf(header).setUint32(0, size)
  header.set(
    Uint8Array.from(type, (c) => c.charCodeAt(0)),
    4,
  )
  return join([header, body])
}

/** Understands MP4 with AAC, MP3, FLAC or Opus: its own index says where all packets lie. */
export async function openMp4(source: ByteSource, head: Bytes, signal: AbortSignal): Promise<Tune> {
  const moov = await readMoov(source, head, signal)
  const { trak, mdia, stbl, entry } = soundTrack(moov)
  const mdhd = viewOf(boxAt(mdia, 'mdhd') ?? new Uint8Array(32))
  const rateHz = mdhd.getUint32(mdhd.getUint8(0) === 1 ? 20 : 12)
  const sizes = sizesOf(stbl)
  if (sizes.length === 0 || rateHz === 0) throw unfit('an MP4 without packets')
  const index = { sizes, times: timesOf(stbl, sizes.length), starts: startsOf(stbl, sizes) }
  const total = index.times[sizes.length] ?? 0
  const { delay, samples } = itunesCut(moov) ?? editCut(moov, trak, rateHz, total)
  return {
    type: fragmentsOf(codecsOf(entry)),
    entry: entryBox(entry),
    rateHz,
    delay,
    samples,
    bytesPerSec: (sizes.reduce((sum, n) => sum + n, 0) * rateHz) / Math.max(1, total),
    open(from) {
      const first = from <= 0 ? 0 : Math.max(0, packetBefore(index.times, from + delay) - PREROLL_PACKETS)
      return Promise.resolve(cursorAt(source, index, first, delay + samples))
    },
  }
}
