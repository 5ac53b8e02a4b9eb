import type { ByteReader } from '#kernel/media/region/reader.ts'
import { skipLeadingTags, skipTrailingTags } from '#kernel/media/region/tags-around.ts'
import type { Timeline } from '#kernel/media/types.ts'
import { buildIndex, NO_ENTRY } from './frame-index.ts'
import { hopFrames } from './hop.ts'
import { type InfoTag, infoTag } from './info-tag.ts'
import { MPEG, type MpegHeader, mayBeginAt, mpegHeader } from './mpeg-header.ts'

/** How far FFmpeg looks for the first frame. */
const SYNC_SEARCH_BYTES = 64 * 1024
/** What every decoder of layer 3 is late by. */
const DECODER_DELAY_SAMPLES = 529

/** A file so much longer than its tag says holds other music, too. */
const GROWN_SHARE = 1 / 16

/** Where the frames of music begin, and what the tag before them says. */
export function musicStart(file: ByteReader): { start: number; tag: InfoTag | undefined } {
  const from = skipLeadingTags(file)
  const header = mpegHeader(file.read(from, 4), 0)
  const tag = header && infoTag(file.read(from, header.bytes), header)
  const start = synced(file, from + (tag && header ? header.bytes : 0))
  const hasGrown = tag && tag.bytes > 0 && file.sizeBytes - from > tag.bytes * (1 + GROWN_SHARE)
  return { start, tag: hasGrown ? { ...tag, frames: 0 } : tag }
}

/** The first frame that another of its kind follows; `from` itself where none is found. */
function synced(file: ByteReader, from: number): number {
  const head = file.read(from, SYNC_SEARCH_BYTES)
  for (let i = 0; i < head.length; i++) {
    const first = mpegHeader(head, i)
    const second = first && mpegHeader(file.read(from + i + first.bytes, 4), 0)
    if (first && second && mayBeginAt(first, second)) return from + i
  }
  return from
}

type Pass = {
  first: MpegHeader | undefined
  before: { header: MpegHeader; at: number } | undefined
  /** Samples of all frames, those of `before` left out; the lost ones count here, as time goes on. */
  heardSamples: number
  lostSamples: number
  heardSec: number
  isEven: boolean
}

/**
 * The frames of an MP3 (or MP2, MP1), as FFmpeg finds and decodes them: a frame behind junk is lost, and delay and
 * padding that a known encoder wrote down are left out. Undefined without any frame.
 */
export function mpegTimeline(file: ByteReader): Timeline | undefined {
  const { start, tag } = musicStart(file)
  const index = buildIndex()
  const pass: Pass = { first: undefined, before: undefined, heardSamples: 0, lostSamples: 0, heardSec: 0, isEven: true }
  const settle = (next: MpegHeader | undefined, nextAt: number) => {
    const { before } = pass
    if (!before) return
    const isFollowed = next && nextAt === before.at + before.header.bytes && mayBeginAt(before.header, next)
    index.add(isFollowed ? before.at : NO_ENTRY)
    pass.heardSamples += before.header.samples
    pass.heardSec += before.header.samples / before.header.rateHz
  }
  const to = skipTrailingTags(file, start)
  hopFrames(file, { from: start, to, kind: MPEG }, (header, at, isAfterJunk) => {
    settle(header, at)
    pass.first ??= header
    pass.before = isAfterJunk ? undefined : { header, at }
    if (isAfterJunk) pass.lostSamples += header.samples
    pass.isEven &&= header.samples === pass.first.samples && header.rateHz === pass.first.rateHz
  })
  settle(undefined, 0)
  return pass.first && toTimeline(pass.first, pass, tag, index.done())
}

function toTimeline(
  first: MpegHeader,
  pass: Pass,
  tag: InfoTag | undefined,
  index: ReturnType<ReturnType<typeof buildIndex>['done']>,
): Timeline | undefined {
  const skipSamples = tag?.delaySamples === undefined ? 0 : tag.delaySamples + DECODER_DELAY_SAMPLES
  const padding = droppedAtEnd(first, pass, tag)
  const samples = pass.heardSamples - skipSamples - padding
  if (samples < 1) return undefined
  const { rateHz: sampleRateHz, channels } = first
  if (!pass.isEven) return { sampleRateHz, channels, samples: Math.round(pass.heardSec * sampleRateHz) }
  const frames = { format: 'mp3', frameSamples: first.samples, skipSamples, ...index } as const
  return { sampleRateHz, channels, samples, frames }
}

/**
 * Samples that FFmpeg drops as padding: those after the end that the tag tells, but only of as many frames as it tells.
 * (Where frames were lost, time has gone on without them.)
 */
function droppedAtEnd(first: MpegHeader, pass: Pass, tag: InfoTag | undefined): number {
  if (!tag || tag.paddingSamples === undefined || tag.frames === 0) return 0
  const lastSample = tag.frames * first.samples
  const endSample = lastSample - tag.paddingSamples + DECODER_DELAY_SAMPLES
  const playedSamples = pass.heardSamples + pass.lostSamples
  return Math.max(0, Math.min(playedSamples, lastSample) - endSample)
}
