import { AUDIO_MAX_SEC, FFMPEG_ALLOC_MAX_BYTES, RUN_CPU_MAX_SEC } from './bounds.ts'
import type { Codec, DecodeOptions, MediaSettings, TranscodeOptions } from './types.ts'

// Audio containers only: playlists (hls, concat, dash), devices and image sequences cannot be reached.
const DEMUXERS =
  'mp3,flac,ogg,mov,mp4,m4a,3gp,3g2,mj2,wav,w64,aiff,aac,asf,wv,ape,tta,tak,ac3,eac3,dts,caf,au,mpc,mpc8,dsf,amr,matroska,webm'
const DECODERS =
  'mp3,mp3float,mp2,mp2float,mp1,mp1float,flac,vorbis,opus,libopus,libvorbis,aac,aac_fixed,aac_latm,alac,wmav1,wmav2,' +
  'wmapro,wmalossless,wmavoice,wavpack,ape,tta,tak,ac3,eac3,dca,mpc7,mpc8,dsd_lsbf,dsd_msbf,dsd_lsbf_planar,' +
  'dsd_msbf_planar,amrnb,amrwb,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,gsm_ms,pcm_alaw,pcm_mulaw,pcm_s8,pcm_u8,' +
  'pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_u16le,pcm_u24le'

/** The input is always inherited as descriptor 3, so that no file name ever reaches a command line. */
export const INPUT_FD = 3
const INPUT_URL = `file:/dev/fd/${INPUT_FD}`

type Cut = {
  startSec?: number | undefined
  durationSec?: number | undefined
  /** Options of the input that say where to begin, instead of `startSec`. */
  entry?: readonly string[] | undefined
}

/** Fixed arguments, as one writes them. */
export const words = (text: string): string[] => text.split(' ')

/** Up to and with the choice of the first track of sound. */
export function inputArgs(
  settings: MediaSettings,
  { startSec = 0, durationSec = AUDIO_MAX_SEC, entry = [] }: Cut,
): string[] {
  // The WebAssembly build has no process limits to set; its clock is watched from outside.
  const cpuLimit = settings.driver === 'native' ? ['-timelimit', String(RUN_CPU_MAX_SEC)] : []
  const start = startSec > 0 ? ['-ss', startSec.toFixed(3)] : []
  const length = Math.min(Math.max(durationSec, 0.001), AUDIO_MAX_SEC).toFixed(3)
  return [
    ...words(`-hide_banner -loglevel error -nostdin -max_alloc ${FFMPEG_ALLOC_MAX_BYTES}`),
    ...cpuLimit,
    ...words(`-protocol_whitelist file,pipe -format_whitelist ${DEMUXERS} -codec_whitelist ${DECODERS} -threads 1`),
    ...start,
    ...entry,
    ...words(`-t ${length} -i ${INPUT_URL} -vn -sn -dn -map 0:a:0 -map_metadata -1 -map_chapters -1 -threads 1`),
  ]
}

/** A file of which more frames than this share are damaged is no music any more. */
const ERROR_RATE_MAX = 0.1
/** Decodes everything to nothing; how far it is stands on stdout as `out_time_us=…` lines. */
export const verifyArgs = (settings: MediaSettings): string[] => [
  ...words(`-progress pipe:1 -nostats -max_error_rate ${ERROR_RATE_MAX}`),
  ...inputArgs(settings, {}),
  ...words('-c:a pcm_s16le -f null pipe:2'),
]
/** Interleaved 32-bit little-endian floats on stdout. */
export const decodeArgs = (settings: MediaSettings, o: DecodeOptions): string[] => [
  ...inputArgs(settings, o),
  ...words(`-ac ${o.channels} -ar ${o.sampleRate} -c:a pcm_f32le -f f32le -flush_packets 0 pipe:1`),
]

// -flush_packets 1: the first byte leaves at once instead of waiting for a full buffer.
const OUTPUT = '-flush_packets 1 pipe:1'
const MUXER: Record<Codec, string> = {
  mp3: '-c:a libmp3lame -f mp3 -write_xing 0 -id3v2_version 0',
  aac: '-c:a aac -f adts',
  opus: '-c:a libopus -f ogg -page_duration 200000',
  flac: '-c:a flac -f flac',
  wav: '-c:a pcm_s16le -f wav',
}
export const CONTENT_TYPE: Record<Codec, string> = {
  mp3: 'audio/mpeg',
  aac: 'audio/aac',
  opus: 'audio/ogg; codecs=opus',
  flac: 'audio/flac',
  wav: 'audio/wav',
}
export const ENCODER_NAME: Record<Codec, string> = {
  mp3: 'libmp3lame',
  aac: 'aac',
  opus: 'libopus',
  flac: 'flac',
  wav: 'pcm_s16le',
}

/** Sample rates an encoder accepts without a fault; others are resampled to 44.1 or 48 kHz. */
const rateOf = (o: TranscodeOptions): number | undefined => o.sampleRate ?? (o.codec === 'opus' ? 48_000 : undefined)

/**
 * Mono stays mono and more than two channels become two, as every player can play. (`-ac 2` would also make mono
 * stereo, and 3 dB quieter.)
 */
const AT_MOST_STEREO = '-af aformat=channel_layouts=stereo|mono'

/** libopus refuses more for one channel, and whether there are two is not known here; two gain nothing above it. */
const OPUS_MONO_KBPS_MAX = 256

/** The encoded file on stdout. */
export function transcodeArgs(settings: MediaSettings, o: TranscodeOptions): string[] {
  const rate = rateOf(o)
  const isLossy = o.codec === 'mp3' || o.codec === 'aac' || o.codec === 'opus'
  const mostKbps = o.codec === 'opus' ? OPUS_MONO_KBPS_MAX : Number.POSITIVE_INFINITY
  const bitrate = isLossy ? ['-b:a', `${Math.min(o.bitrateKbps ?? 128, mostKbps)}k`] : []
  const resample = rate ? ['-ar', String(rate)] : []
  return [
    ...inputArgs(settings, o),
    ...words(`${AT_MOST_STEREO} ${MUXER[o.codec]}`),
    ...resample,
    ...bitrate,
    ...words(OUTPUT),
  ]
}
