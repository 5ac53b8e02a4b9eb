import { join, textAt, viewOf } from './boxes.ts'
import { opusEntry } from './entries.ts'
import { findPlace, framedCursor, type Place, type Splitter } from './framed.ts'
import { type Bytes, type ByteSource, fragmentsOf, type Hint, type Packet, type Tune, unfit } from './types.ts'

const RATE_HZ = 48_000
const PAGE_HEADER_BYTES = 27
/** Decoders need this much before a place to be right there (RFC 7845). */
const PREROLL_SAMPLES = 3840
const CONTINUED = 1
const LAST = 4
/** The largest page is just under 64 KiB: one that begins anywhere in so much is whole. */
const PROBE_BYTES = 160 * 1024

type Page = { bytes: number; flags: number; granule: number; serial: number; lacing: Uint8Array; body: number }

/** The page that begins at `at`, when all of it is there; `undefined` when it is cut, null when none begins here. */
export function pageAt(b: Uint8Array, at: number): Page | null | undefined {
  if (textAt(b, at, Math.min(4, b.length - at)) !== 'OggS'.slice(0, b.length - at)) return null
  if (at + PAGE_HEADER_BYTES > b.length) return undefined
  const v = viewOf(b)
  const segments = v.getUint8(at + 26)
  const body = at + PAGE_HEADER_BYTES + segments
  if (body > b.length) return undefined
  const lacing = b.subarray(at + PAGE_HEADER_BYTES, body)
  const bytes = PAGE_HEADER_BYTES + segments + lacing.reduce((sum, n) => sum + n, 0)
  if (at + bytes > b.length) return undefined
  const granule = v.getInt32(at + 10, true) * 2 ** 32 + v.getUint32(at + 6, true)
  return { bytes, flags: v.getUint8(at + 5), granule, serial: v.getUint32(at + 14, true), lacing, body }
}

/** Samples of a packet, from its first bytes (RFC 6716, 3.1). */
export function opusSamples(packet: Uint8Array): number {
  const toc = packet[0] ?? 0
  const config = toc >> 3
  const each =
    config < 12
      ? ([480, 960, 1920, 2880][config & 3] ?? 0)
      : config < 16
        ? ([480, 960][config & 1] ?? 0)
        : ([120, 240, 480, 960][config & 3] ?? 0)
  const code = toc & 3
  return each * (code === 0 ? 1 : code === 3 ? (packet[1] ?? 0) & 63 : 2)
}

/** The packets that end on a page; what begins on it and goes on is the rest. */
function packetsOf(b: Bytes, page: Page, begun: Bytes): { whole: Bytes[]; rest: Bytes; hasRest: boolean } {
  const whole: Bytes[] = []
  let rest = page.flags & CONTINUED ? begun : new Uint8Array(0)
  let at = page.body
  let hasRest = (page.flags & CONTINUED) !== 0
  for (const length of page.lacing) {
    rest = rest.length > 0 ? join([rest, b.subarray(at, at + length)]) : b.slice(at, at + length)
    at += length
    hasRest = length === 255
    if (hasRest) continue
    whole.push(rest)
    rest = new Uint8Array(0)
  }
  return { whole, rest, hasRest }
}

type Sheet = { music: Packet[]; samples: number }
const sheetOf = (whole: readonly Bytes[]): Sheet => {
  const music = whole.map((data) => ({ data, samples: opusSamples(data) }))
  return { music, samples: music.reduce((sum, p) => sum + p.samples, 0) }
}

/** Splits pages of one stream into packets. `headers`: packets before the music; 0 begins in the middle. */
export function oggSplitter(serial: number, headers: number): Splitter {
  let begun: Bytes = new Uint8Array(0)
  /** Of what goes on from an earlier page, nothing was seen. */
  let isBroken = headers === 0
  let toSkip = headers
  let granule = 0
  const onPage = (b: Bytes, page: Page): { sheet: Sheet; firstSample: number; endTrim: number | undefined } => {
    const { whole, rest } = packetsOf(b, page, begun)
    const lacksFront = isBroken && (page.flags & CONTINUED) !== 0
    const ended = lacksFront ? whole.slice(1) : whole
    isBroken = lacksFront && whole.length === 0
    begun = isBroken ? new Uint8Array(0) : rest
    const sheet = sheetOf(ended.slice(toSkip))
    toSkip = Math.max(0, toSkip - ended.length)
    // The last page may promise less than its packets hold: where it begins, only the page before can say.
    const isLast = (page.flags & LAST) !== 0
    const firstSample = isLast && granule > 0 ? granule : Math.max(0, page.granule - sheet.samples)
    const endTrim = isLast ? Math.max(0, granule + sheet.samples - page.granule) : undefined
    if (page.granule > 0) granule = page.granule
    return { sheet, firstSample, endTrim }
  }
  return (b) => {
    const packets: Packet[] = []
    let at = 0
    let firstSample: number | undefined
    let endTrim: number | undefined
    while (at < b.length) {
      const page = pageAt(b, at)
      if (page === undefined) break
      if (page === null) {
        at = nextPage(b, at + 1)
        isBroken = true
        continue
      }
      at += page.bytes
      if (page.serial !== serial) continue
      const got = onPage(b.subarray(0, at), { ...page })
      if (got.sheet.music.length > 0) firstSample ??= got.firstSample
      packets.push(...got.sheet.music)
      endTrim = got.endTrim
    }
    const said = { ...(firstSample !== undefined && { firstSample }), ...(endTrim !== undefined && { endTrim }) }
    return { packets, usedBytes: Math.min(at, b.length), ...said }
  }
}

const OGG_S = [0x67, 0x67, 0x53]
function nextPage(b: Uint8Array, from: number): number {
  for (let at = b.indexOf(0x4f, from); at >= 0; at = b.indexOf(0x4f, at + 1))
    if (OGG_S.every((c, i) => at + 1 + i >= b.length || b[at + 1 + i] === c)) return at
  return b.length
}

type Head = { channels: number; preSkip: number; gain: number; serial: number }
function headOf(b: Bytes): Head {
  const page = pageAt(b, 0)
  if (!page || textAt(b, page.body, 8) !== 'OpusHead') throw unfit('no Opus in this Ogg')
  const v = viewOf(b)
  const at = page.body
  if (v.getUint8(at + 18) !== 0) throw unfit('Opus with a channel mapping')
  return {
    channels: v.getUint8(at + 9),
    preSkip: v.getUint16(at + 10, true),
    gain: v.getUint16(at + 16, true),
    serial: page.serial,
  }
}

/** Where a page begins, and the sample at which its first packet does. */
function placeIn(serial: number): (b: Bytes) => Place | null {
  return (b) => {
    for (let at = nextPage(b, 0); at < b.length; at = nextPage(b, at + 1)) {
      const page = pageAt(b, at)
      if (!page || page.serial !== serial || page.granule <= 0 || page.flags & LAST) continue
      const { whole } = packetsOf(b, page, new Uint8Array(0))
      if (page.flags & CONTINUED) whole.shift()
      const samples = whole.reduce((sum, p) => sum + opusSamples(p), 0)
      return { byte: at, sample: page.granule - samples }
    }
    return null
  }
}

/** Neighbours differ; the most that any is turned by is 0.03 dB. */
const TURNS = 8
let opened = 0
/**
 * Only when the description of the sound is new does a browser begin with a fresh decoder, and one that remembers the
 * end of another file makes a loud crack of the first packets. So every file is given a gain that nobody hears.
 */
function ownGain(gain: number): number {
  opened += 1
  return (gain + (opened % TURNS)) & 0xffff
}

/** Understands Opus in Ogg: one stream, mono or stereo. */
export async function openOgg(source: ByteSource, head: Bytes, hint: Hint, _signal: AbortSignal): Promise<Tune> {
  const { channels, preSkip, gain, serial } = headOf(head)
  const endSample = hint.durationSec * RATE_HZ
  return Promise.resolve({
    type: fragmentsOf('opus'),
    entry: opusEntry({ channels, rateHz: RATE_HZ }, ownGain(gain)),
    rateHz: RATE_HZ,
    delay: preSkip,
    samples: null,
    bytesPerSec: source.sizeBytes / Math.max(0.1, hint.durationSec),
    async open(from: number, stop: AbortSignal) {
      const sample = from <= 0 ? 0 : Math.max(0, from + preSkip - PREROLL_SAMPLES)
      const first = { byte: 0, sample: 0 }
      const end = { byte: source.sizeBytes, sample: endSample }
      const start = await findPlace(source, {
        sample,
        rateHz: RATE_HZ,
        first,
        end,
        signal: stop,
        placeIn: placeIn(serial),
        probeBytes: PROBE_BYTES,
      })
      // OpusHead and OpusTags are packets like any other.
      const split = oggSplitter(serial, start.byte === 0 ? 2 : 0)
      return framedCursor(source, start, { endByte: source.sizeBytes, endTrim: 0, split })
    },
  })
}
