import { viewOf } from './boxes.ts'
import { type Bytes, type ByteSource, type Packet, type Run, type Tune } from './types.ts'
import { openWav } from './wav.ts'

/**
 * A decoder of MPEG layer III is this many samples late. Browsers take that away at the beginning; at the end, a decoder
 * that is closed because something else than MP3 follows keeps as many of the packet that it was given last.
 */
const LATE_SAMPLES = 529
/** After so many packets a decoder that begins in the middle gives what one from the start gives: its bits may lie far back. */
const WARM_PACKETS = 10
/** So many packets before the last one the decoded sound takes over. */
const BACK_PACKETS = 2
const KEPT_PACKETS = WARM_PACKETS + BACK_PACKETS + 4

/** The last packets that were appended of a take. */
export type Tail = {
  readonly firstSample: number
  readonly packets: readonly Packet[]
  readonly endTrim: number | null
}

const countOf = (packets: readonly Packet[]): number => packets.reduce((sum, p) => sum + p.samples, 0)

/** The tail after one more run; a run from elsewhere begins anew. */
export function tailAfter(tail: Tail | null, run: Run): Tail {
  const follows = tail !== null && tail.firstSample + countOf(tail.packets) === run.firstSample
  const all = follows ? [...tail.packets, ...run.packets] : run.packets
  const packets = all.slice(-KEPT_PACKETS)
  return { packets, firstSample: run.firstSample + countOf(run.packets) - countOf(packets), endTrim: run.endTrim }
}

/** What of a frame's header a decoder is opened for: version, layer and rate; and whether there is one channel. */
const openedFor = ({ data: [, second = 0, third = 0, fourth = 0] }: Packet): string =>
  `${second & 0xfe} ${third & 0x0c} ${fourth >> 6 === 3}`
/** Whether the decoder of a tail takes a run as well. */
export function goesOn({ packets }: Tail, run: Run): boolean {
  const [last, first] = [packets.at(-1), run.packets[0]]
  return last !== undefined && first !== undefined && openedFor(last) === openedFor(first)
}

/** Sound in a file of its own that takes over at sample `from` of the packets' count, and ends where the music does. */
export type End = { readonly from: number; readonly tune: Tune; readonly run: Run }

/** Where decoded sound takes over from packets; null when a closing decoder keeps nothing of the music. */
export function takeOver({ packets, firstSample, endTrim }: Tail): { from: number; to: number } | null {
  const to = firstSample + countOf(packets) - (endTrim ?? 0)
  let at = firstSample
  let last = 0
  while (last < packets.length - 1 && at + (packets[last]?.samples ?? 0) < to) at += packets[last++]?.samples ?? 0
  const each = packets[last]?.samples ?? 0
  if (endTrim === null || at + each - to >= LATE_SAMPLES || last < BACK_PACKETS + 1) return null
  // Cut here, the packet holds enough beyond the cut for the decoder to give all that stands before it.
  return { from: at - BACK_PACKETS * each + Math.floor((each - LATE_SAMPLES) / 2), to }
}

/** The samples from `from` to `to`, interleaved, as the bytes of a WAV of floats. */
function wavOf(sound: AudioBuffer, from: number, to: number): Bytes {
  const channels = sound.numberOfChannels
  const frameBytes = channels * 4
  const b = new Uint8Array(44 + (to - from) * frameBytes)
  const v = viewOf(b)
  const words: [number, string][] = [
    [0, 'RIFF'],
    [8, 'WAVEfmt '],
    [36, 'data'],
  ]
  for (const [at, text] of words) for (let i = 0; i < text.length; i++) b[at + i] = text.charCodeAt(i)
  v.setUint32(16, 16, true)
  v.setUint16(20, 3, true)
  v.setUint16(22, channels, true)
  v.setUint32(24, sound.sampleRate, true)
  v.setUint16(32, frameBytes, true)
  v.setUint16(34, 32, true)
  v.setUint32(40, (to - from) * frameBytes, true)
  for (let channel = 0; channel < channels; channel++) {
    const samples = sound.getChannelData(channel)
    for (let i = from; i < to; i++) v.setFloat32(44 + (i - from) * frameBytes + channel * 4, samples[i] ?? 0, true)
  }
  return b
}

/** The end of MP3 music as sound that no decoder keeps for itself; null when there is no need, or no way. */
export async function endOf(tail: Tail, rateHz: number, signal: AbortSignal): Promise<End | null> {
  const place = takeOver(tail)
  if (!place) return null
  const bytes = new Blob(tail.packets.map((p) => p.data))
  const decoder = new OfflineAudioContext(2, 1, rateHz)
  const sound = await decoder.decodeAudioData(await bytes.arrayBuffer())
  if (sound.sampleRate !== rateHz) return null
  // Some take the decoder's lateness away themselves: then there is less than the packets hold.
  const taken = countOf(tail.packets) - sound.length
  const first = place.from - tail.firstSample + LATE_SAMPLES - taken
  const last = place.to - tail.firstSample + LATE_SAMPLES - taken
  if (first < 0 || last > sound.length) return null
  const wav = wavOf(sound, first, last)
  const source: ByteSource = {
    sizeBytes: wav.length,
    read: (a, z) => Promise.resolve(wav.slice(a, Math.min(z, wav.length))),
  }
  const tune = await openWav(source, wav, signal)
  const run = await (await tune.open(0, signal)).next(wav.length, signal)
  return run && { from: place.from, tune, run }
}
