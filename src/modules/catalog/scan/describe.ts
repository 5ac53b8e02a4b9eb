import type { ProbeOk, ReplayGain } from '#kernel/media/types.ts'
import { baseOf, type Place } from '#modules/catalog/studio/base.ts'
import { derive, type SongFacts } from '#modules/catalog/studio/derive.ts'
import { type Edits, layOver } from '#modules/catalog/studio/edits.ts'

const INT4_MAX = 2 ** 31 - 1
const int4 = (n: number | undefined): number | null =>
  n !== undefined && Number.isFinite(n) && n > 0 ? Math.min(Math.round(n), INT4_MAX) : null

const UNEDITED: Edits = {}
/** What is said of the song of a file: what people changed laid over what the file says. */
export const describe = (probe: ProbeOk, place: Place, edits: Edits = UNEDITED): SongFacts =>
  derive(layOver(baseOf(probe, place), edits))

const MIME: Readonly<Record<string, string>> = {
  mp3: 'audio/mpeg',
  flac: 'audio/flac',
  ogg: 'audio/ogg',
  opus: 'audio/ogg',
  m4a: 'audio/mp4',
  mp4: 'audio/mp4',
  wav: 'audio/wav',
  aiff: 'audio/aiff',
  asf: 'audio/x-ms-wma',
  wma: 'audio/x-ms-wma',
  aac: 'audio/aac',
  adts: 'audio/aac',
  mka: 'audio/x-matroska',
  matroska: 'audio/x-matroska',
  webm: 'audio/webm',
}
const mimeOf = (container: string): string => MIME[container.toLowerCase()] ?? 'application/octet-stream'

/** Peaks of tags are factors of full scale; silence has none. */
const peakDb = (peak: number | undefined): number | null =>
  peak !== undefined && peak > 0 ? 20 * Math.log10(peak) : null
const gainsOf = (gains: ReplayGain) => ({
  tagGain: gains.trackGainDb ?? null,
  tagPeak: peakDb(gains.trackPeak),
  tagAlbumGain: gains.albumGainDb ?? null,
  tagAlbumPeak: peakDb(gains.albumPeak),
})

/** What the bytes are, whatever is said of them. */
export const audioOf = (probe: ProbeOk) => ({
  duration: int4(probe.durationMs) ?? 0,
  content: probe.contentHash,
  codec: probe.codec,
  container: probe.container,
  mime: mimeOf(probe.container),
  kbps: int4(probe.bitrateKbps),
  rate: int4(probe.sampleRateHz),
  channels: int4(probe.channels),
  lossless: probe.lossless,
  ...gainsOf(probe.tags.replayGain),
})
