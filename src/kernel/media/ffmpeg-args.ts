import { AUDIO_MAX_SEC, FFMPEG_ALLOC_MAX_BYTES, RUN_CPU_MAX_SEC } from './bounds.ts'
import type { Codec, DecodeOptions, MediaSettings } from './types.ts'

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
/** The first moment as a WAV on stdout, at whatever rate it has. */
export const momentArgs = (settings: MediaSettings): string[] => [
  ...inputArgs(settings, { durationSec: 0.2 }),
  ...words('-c:a pcm_s16le -f wav pipe:1'),
]
/** Interleaved 32-bit little-endian floats on stdout. */
export const decodeArgs = (settings: MediaSettings, o: DecodeOptions): string[] => [
  ...inputArgs(settings, o),
  ...words(`-ac ${o.channels} -ar ${o.sampleRate} -c:a pcm_f32le -f f32le -flush_packets 0 pipe:1`),
]

export const ENCODER_NAME: Record<Codec, string> = {
  mp3: 'libmp3lame',
  aac: 'aac',
  opus: 'libopus',
  flac: 'flac',
  wav: 'pcm_s16le',
}
