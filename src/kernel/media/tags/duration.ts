import type { IFormat } from 'music-metadata'
import { AUDIO_MAX_SEC } from '#kernel/media/bounds.ts'
import { adtsFrameBytes, mpegFrame } from '#kernel/media/region/mpeg.ts'
import type { ByteReader } from '#kernel/media/region/reader.ts'
import type { AudioRegion } from '#kernel/media/region/types.ts'

/** Frames are sampled at this many places of a stream that does not tell its length. */
const PLACES = 8
const PLACE_BYTES = 16 * 1024
const ADTS_FRAME_SAMPLES = 1024
/** Opus granule positions always count at 48 kHz, and begin with samples the player drops. */
const OPUS_RATE = 48_000

type Frame = { bytes: number; sec: number }

const frameAt = (bytes: Uint8Array, at: number, region: AudioRegion, sampleRate: number): Frame | undefined => {
  if (region.container === 'aac') {
    const size = adtsFrameBytes(bytes, at)
    return size === undefined ? undefined : { bytes: size, sec: ADTS_FRAME_SAMPLES / sampleRate }
  }
  const frame = mpegFrame(bytes, at)
  return frame && { bytes: frame.bytes, sec: frame.samples / frame.sampleRate }
}

/** Bytes and seconds of the consecutive frames in one place. */
function sumFrames(bytes: Uint8Array, region: AudioRegion, sampleRate: number): Frame {
  const sum = { bytes: 0, sec: 0 }
  for (let at = 0; at < bytes.length; ) {
    const frame = frameAt(bytes, at, region, sampleRate)
    const isFollowed =
      frame && (at + frame.bytes >= bytes.length || frameAt(bytes, at + frame.bytes, region, sampleRate))
    if (!frame || !isFollowed) {
      at++
      continue
    }
    sum.bytes += frame.bytes
    sum.sec += frame.sec
    at += frame.bytes
  }
  return sum
}

/** Length of a stream of frames with no header, from its mean bit rate at some places. Within 1 % on music. */
function sampledSec(file: ByteReader, region: AudioRegion, sampleRate: number): number {
  const length = region.end - region.start
  let bytes = 0
  let sec = 0
  for (let place = 0; place < PLACES; place++) {
    const at = region.start + Math.floor((place * length) / PLACES)
    const found = sumFrames(file.read(at, Math.min(PLACE_BYTES, region.end - at)), region, sampleRate)
    bytes += found.bytes
    sec += found.sec
  }
  return bytes > 0 ? (length * sec) / bytes : 0
}

/** Duration in whole milliseconds, 0 when unknown; reads a bounded part of the file, whatever its size. */
export function estimateMs(file: ByteReader, region: AudioRegion, format: IFormat): number {
  const rate = format.sampleRate ?? 44_100
  const known = (region.lengthSamples ?? 0) / (region.container === 'ogg' && format.codec === 'Opus' ? OPUS_RATE : rate)
  const isBareStream = region.container === 'mp3' || region.container === 'aac'
  const sec = known || (isBareStream ? sampledSec(file, region, rate) : (format.duration ?? 0))
  return Math.round(Math.min(Math.max(sec, 0), AUDIO_MAX_SEC) * 1000)
}
