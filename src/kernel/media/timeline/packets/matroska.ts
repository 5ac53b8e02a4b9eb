import { ascii, type ByteReader, view } from '#kernel/media/region/reader.ts'
import type { PacketTable } from '#kernel/media/types.ts'
import { type Element, elementsIn, ID, numberOf } from './ebml.ts'
import { type StretchList, stretchList } from './list.ts'
import { laced } from './lacing.ts'
import { opusSamplesOf } from './opus.ts'
import { flacShape, isFirstFrame, STREAMINFO_BYTES } from './streaminfo.ts'

const AUDIO_TRACK = 2
const OPUS_RATE_HZ = 48_000
const OPUS_HEAD_BYTES = 19
const PRE_SKIP_AT = 10
const FAMILY_AT = 18
const BLOCK_HEAD_BYTES = 16
const PRIVATE_BYTES_MAX = 1 << 20
const FLAC_HEAD_BYTES = 8

type Track = { readonly number: number; readonly codec: 'opus' | 'flac'; readonly config: Uint8Array }
type State = { readonly list: StretchList; track: Track | undefined; discardNs: number; isOdd: boolean }

/** Opus and FLAC out of Matroska and WebM with one track of sound. Undefined where packets are encrypted or compressed. */
export function matroskaPackets(file: ByteReader): PacketTable | undefined {
  const state: State = { list: stretchList(), track: undefined, discardNs: 0, isOdd: false }
  for (const segment of elementsIn(file, 0, file.sizeBytes)) {
    if (segment.id !== ID.segment) continue
    for (const element of elementsIn(file, segment.start, segment.end)) {
      if (element.id === ID.tracks) state.track = trackOf(file, element)
      else if (element.id === ID.cluster) readCluster(file, element, state)
      if (state.isOdd) return undefined
    }
    break
  }
  if (!state.track || state.list.packets() === 0) return undefined
  return state.track.codec === 'opus' ? opusTable(file, state, state.track) : flacTable(file, state, state.track)
}

function trackOf(file: ByteReader, tracks: Element): Track | undefined {
  const all = [...elementsIn(file, tracks.start, tracks.end)].filter(({ id }) => id === ID.trackEntry)
  const [entry, ...more] = all.map((track) => {
    const fields = new Map([...elementsIn(file, track.start, track.end)].map((field) => [field.id, field]))
    const number = (id: number) => numberOf(file, fields.get(id))
    return { fields, type: number(ID.trackType), number: number(ID.trackNumber) }
  })
  // Other tracks (a picture that moves) may be there, but what belongs to which is known of a single one alone.
  if (!entry || more.length > 0 || entry.type !== AUDIO_TRACK || entry.fields.has(ID.contentEncodings)) return undefined
  const [name, priv] = [entry.fields.get(ID.codecId), entry.fields.get(ID.codecPrivate)]
  if (!name || !priv || priv.end - priv.start > PRIVATE_BYTES_MAX) return undefined
  const config = file.read(priv.start, priv.end - priv.start)
  const codecId = ascii(file.read(name.start, name.end - name.start), 0, name.end - name.start)
  if (codecId === 'A_OPUS') return { number: entry.number, codec: 'opus', config }
  return codecId === 'A_FLAC' ? { number: entry.number, codec: 'flac', config } : undefined
}

function readCluster(file: ByteReader, cluster: Element, state: State): void {
  for (const { id, start, end, isCut } of elementsIn(file, cluster.start, cluster.end)) {
    if (isCut) return
    if (id === ID.simpleBlock) readBlock(file, start, end, state)
    if (id !== ID.blockGroup) continue
    for (const field of elementsIn(file, start, end)) {
      if (field.id === ID.block) readBlock(file, field.start, field.end, state)
      if (field.id === ID.discardPadding) state.discardNs += numberOf(file, field)
    }
  }
}

/** Track number, two bytes of time, flags, then one packet or several. */
function readBlock(file: ByteReader, start: number, end: number, state: State): void {
  const head = file.read(start, Math.min(BLOCK_HEAD_BYTES, end - start))
  const isOurs = state.track !== undefined && head[0] === (state.track.number | 0x80)
  const sizes = isOurs ? laced(file, start + 3, end) : undefined
  if (!sizes) {
    state.isOdd = true
    return
  }
  let at = end - sizes.reduce((sum, size) => sum + size, 0)
  for (const size of sizes) {
    if (!state.list.add(at, size)) state.isOdd = true
    state.list.end()
    at += size
  }
}

/** Undefined where packets stand for different times, or there are more channels than two. */
function opusTable(file: ByteReader, { list, discardNs }: State, { config }: Track): PacketTable | undefined {
  if (config.length < OPUS_HEAD_BYTES || ascii(config, 0, 8) !== 'OpusHead' || config[FAMILY_AT] !== 0) return undefined
  const packets = list.done()
  const samplesAt = (i: number) => opusSamplesOf(file.read(packets.offsets[i] as number, 2))
  const packetSamples = samplesAt(0)
  for (let i = 1; i < packets.packets; i++) if (samplesAt(i) !== packetSamples) return undefined
  const delaySamples = view(config).getUint16(PRE_SKIP_AT, true)
  const discarded = Math.round((discardNs * OPUS_RATE_HZ) / 1e9)
  if (discarded < 0 || discarded >= packetSamples) return undefined
  return {
    codec: 'opus',
    sampleRateHz: OPUS_RATE_HZ,
    channels: config[9] ?? 2,
    packetSamples,
    delaySamples,
    samples: packets.packets * packetSamples - delaySamples - discarded,
    config: config.slice(0, OPUS_HEAD_BYTES),
    ...packets,
  }
}

function flacTable(file: ByteReader, { list }: State, { config }: Track): PacketTable | undefined {
  if (ascii(config, 0, 4) !== 'fLaC') return undefined
  const shape = flacShape(config.subarray(FLAC_HEAD_BYTES, FLAC_HEAD_BYTES + STREAMINFO_BYTES))
  const packets = list.done()
  if (!shape || !isFirstFrame(file.read(packets.offsets[0] as number, BLOCK_HEAD_BYTES))) return undefined
  return { codec: 'flac', ...shape, delaySamples: 0, ...packets }
}
