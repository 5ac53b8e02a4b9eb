import type { Readable } from 'node:stream'

/** A path as text, or as raw bytes for names that are not valid UTF-8 (`readdir` with `encoding: 'buffer'`). */
export type FilePath = string | Buffer

export type Codec = 'mp3' | 'aac' | 'opus' | 'flac' | 'wav'

/** Which FFmpeg runs, as plain data: it can be sent to a worker thread and used there with `decodePcm`. */
export type MediaSettings = {
  driver: 'native' | 'wasm' | 'none'
  /** Program and leading arguments that behave like `ffmpeg`; empty for `none`. */
  command: string
  prefixArgs: string[]
  version: string
  encoders: Codec[]
}

export type RunOptions = {
  signal?: AbortSignal | undefined
  /** Wall clock, 1 ms to `RUN_TIMEOUT_MS` (the default). */
  timeoutMs?: number | undefined
  /** 0 (normal) to 19 (only when nothing else wants the CPU). */
  nice?: number | undefined
}
export type DecodeOptions = RunOptions & {
  sampleRate: number
  channels: 1 | 2
  startSec?: number | undefined
  durationSec?: number | undefined
}
/**
 * How long the music of a file is, to the sample, as FFmpeg decodes it: delay and padding of its encoder left out.
 * `frames` is the time index of MPEG audio and ADTS, whose own ways of seeking only guess.
 */
export type Timeline = {
  sampleRateHz: number
  channels: number
  /** Of lossless music. */
  bits?: number | undefined
  samples: number
  /** What the clock of an Ogg stream says where its music begins: cut out of a longer one, it has kept its positions. */
  clockStart?: number | undefined
  frames?:
    | {
        format: 'mp3' | 'aac'
        frameSamples: number
        count: number
        /** Decoded samples before the music begins. */
        skipSamples: number
        everyFrames: number
        /** Byte offsets in the file of the frames 0, `everyFrames`, 2 · `everyFrames` … */
        offsets: number[]
      }
    | undefined
}
/**
 * The compressed packets of a file as they lie in it: what can be sent in another container without being made anew.
 * INVARIANTS: every stretch lies within the file; packets are in the order of the music, and enough for all of it.
 */
export type PacketTable = {
  codec: 'aac' | 'opus' | 'flac'
  /** In the samples of a decoder, where the config tells of them. */
  sampleRateHz: number
  channels: number
  /** Of every packet; of FLAC, whose last is shorter, of all others. */
  packetSamples: number
  packets: number
  /** Decoded samples before the music begins. */
  delaySamples: number
  /** Of the music; less than the packets hold where its end is told. */
  samples: number
  /** What a decoder has to be told: AudioSpecificConfig, OpusHead or STREAMINFO. */
  config: Uint8Array
  /** Stretches of bytes in the file. */
  offsets: Float64Array
  sizes: Uint32Array
  /** The first stretch of each packet, then their number; undefined where each packet is one. */
  firsts: Uint32Array | undefined
}
/** `isUnsure`: only decoding tells rate and channels (HE-AAC may have twice those that its frames say). */
export type Counted = { readonly timeline: Timeline; readonly isUnsure: boolean }

/** An encoder that begins anywhere and gives exactly what was promised. */
export type EncodeOptions = RunOptions & {
  /** `wav` gives bare PCM, MP3 bare frames; Opus, AAC and FLAC come as fragmented MP4. */
  codec: Codec
  bitrateKbps?: number | undefined
  sampleRateHz: number
  channels: 1 | 2
  /** Of lossless codecs. */
  bits: 16 | 24
  packetSamples: number
  /** Where to begin, in samples of the output; a multiple of 0.12 s. What is before 0 is silence. */
  startSample: number
  /** Output samples to encode; after the end of the music they are silence. */
  samples: number
  gainDb?: number | undefined
  timeline: Timeline
  /** As `probe` names it: not every container can be entered exactly. */
  container: string
}
export type VerifyOptions = RunOptions & {
  /** How much of the music has been decoded, now and then. */
  onProgress?: ((decodedMs: number) => void) | undefined
}
/** What was decoded, in whole milliseconds. */
export type Verified = { durationMs: number }
/** `exit` settles when the encoder has ended; `stream` ends only after a success and is destroyed by a failure. */
export type Transcode = { stream: Readable; exit: Promise<void> }

export type SyncedWord = { timeMs: number; text: string }
/** `words` together are the text. */
export type SyncedLine = { timeMs: number; text: string; words?: SyncedWord[] }
export type ReplayGain = { trackGainDb?: number; trackPeak?: number; albumGainDb?: number; albumPeak?: number }
export type MusicBrainzIds = {
  recordingId?: string
  trackId?: string
  albumId?: string
  releaseGroupId?: string
  artistIds?: string[]
  albumArtistIds?: string[]
}
/** Who did what, beside artists and composers. */
export type TagCredit = {
  role: 'remixer' | 'lyricist' | 'arranger' | 'conductor' | 'performer' | 'producer' | 'mixer' | 'engineer'
  name: string
}
/** The most telling first. */
export const RELEASE_KINDS = ['audiobook', 'soundtrack', 'live', 'compilation', 'ep', 'single', 'album'] as const
export type ReleaseKind = (typeof RELEASE_KINDS)[number]
export type Tags = {
  title?: string
  artists: string[]
  albumArtists: string[]
  album?: string
  disc?: number
  discTotal?: number
  track?: number
  trackTotal?: number
  year?: number
  /** As written: `1999`, `1999-04` or `1999-04-30`. */
  date?: string
  genres: string[]
  composers: string[]
  /** Artists who are guests: those after "feat.". They are among `artists`, too. */
  featured?: string[]
  credits?: TagCredit[]
  releaseKind?: ReleaseKind
  comment?: string
  isrc?: string
  musicbrainz: MusicBrainzIds
  bpm?: number
  key?: string
  replayGain: ReplayGain
  compilation: boolean
  sortTitle?: string
  sortArtist?: string
  sortAlbum?: string
  sortAlbumArtist?: string
  lyrics: { plain?: string; synced?: SyncedLine[] }
}
export type CoverInfo = { mime: string; sizeBytes: number; sha256: string }
export type ProbeWarning = { code: 'truncated' | 'tags_unreadable'; reason: string }
export type ProbeOk = {
  ok: true
  container: string
  codec: string
  lossless: boolean
  sampleRateHz: number
  channels: number
  bitsPerSample?: number
  /** Mean, whole kbit/s; 0 when unknown. */
  bitrateKbps: number
  /** Whole milliseconds; 0 when the file does not tell. */
  durationMs: number
  tags: Tags
  cover?: CoverInfo
  /** 32 hex digits that name the audio, whatever its tags. */
  contentHash: string
  /** The file plays, but something is wrong with it; each is one sentence. */
  warnings: ProbeWarning[]
}
export type ProbeFault =
  | 'empty'
  | 'not_audio'
  | 'truncated'
  | 'unreadable'
  | 'too_large'
  | 'timeout'
  | 'crashed'
  | 'not_found'
  /** A pipe, a device, a socket, or a link that leads to itself. */
  | 'not_a_file'
  | 'busy'
export type ProbeResult = ProbeOk | { ok: false; reasonCode: ProbeFault; reason: string }
export type Picture = { mime: string; bytes: Uint8Array }

/** A few colours of a picture, as `#rrggbb`. */
export type Palette = {
  /** What most of the picture is. */
  dominant: string
  /** The strongest colour of which there is enough; of a grey picture the dominant one. */
  vibrant: string
  /** A ground in the picture's dark colour; `light` can be read on it. */
  dark: string
  light: string
  /** Can be read on `dominant`. */
  text: string
}
/** What stands for a picture until it is there. */
export type ImageLook = {
  /** Size of the original, after its orientation is applied. */
  widthPx: number
  heightPx: number
  /** github.com/woltapp/blurhash, 4 × 4. */
  blurhash: string
  palette: Palette
}
export type ImageFormat = 'avif' | 'webp' | 'jpeg'
/** Widths are never enlarged: a smaller picture keeps its own. */
export type ImageOptions = {
  widthPx: number
  /** Tall pictures become narrower than `widthPx`, to be no higher than this. */
  heightMaxPx?: number | undefined
  format: ImageFormat
  quality?: number | undefined
  /** `square`: the middle of the picture. */
  crop?: 'square' | undefined
  /** A picture that moves: its first frame (the default), or the fault `image_animated`. */
  animation?: 'first-frame' | 'refuse' | undefined
}
export type ImageResult = {
  bytes: Uint8Array
  contentType: string
  widthPx: number
  heightPx: number
  /** Size of the original, after its orientation is applied. */
  originalWidthPx: number
  originalHeightPx: number
  /** `#rrggbb` */
  dominantColor: string
}
