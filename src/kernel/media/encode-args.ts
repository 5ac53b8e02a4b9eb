import { type Plan, planOf } from './encode-plan.ts'
import { inputArgs, words } from './ffmpeg-args.ts'
import type { EncodeOptions, MediaSettings } from './types.ts'

/** −1 dB: what is between the samples may be a little higher than they are. */
const LIMIT = 0.891_251
const MARK = 'tutti_decoded'
/** FFmpeg says this on stderr as soon as anything has been decoded. */
export const DECODED_MARK = `${MARK}=1`
/** Of what was decoded only the first frame carries the mark, and only what carries it is told. */
const TELL_DECODED = [
  `ametadata=mode=add:key=${MARK}:value=1:enable=eq(n\\,0)`,
  `ametadata=mode=print:key=${MARK}:file=pipe\\\\:2:direct=1`,
]

/**
 * Time stamps of Vorbis by counting: FFmpeg's are wrong for one frame wherever blocks become shorter (at each sharp
 * sound), and for a page after a jump. What two frames agree on (1 and 2: stamp less samples so far) is counted on from (0).
 */
const TRUE_CLOCK = "asetpts='st(2,PTS-N);st(0,if(eq(N,0)+eq(ld(2),ld(1)),ld(2),ld(0)));st(1,ld(2));N+ld(0)'"

/** The music from the exact sample on, at the rate, with the channels and as loud as wanted, as long as promised. */
function filtersOf(o: EncodeOptions, plan: Plan): string {
  const gainDb = o.gainDb ?? 0
  const isResampled = o.timeline.sampleRateHz !== o.sampleRateHz
  const layout = o.channels === 1 ? 'mono' : 'stereo'
  const chain = [
    ...TELL_DECODED,
    ...(plan.by === 'clock' ? [TRUE_CLOCK] : []),
    plan.by === 'clock'
      ? `atrim=start_pts=${plan.dropSamples}:end_pts=${plan.endSample}`
      : `atrim=start_sample=${plan.dropSamples}:end_sample=${plan.endSample}`,
    `aresample=${o.sampleRateHz}`,
    // In floats: what is resampled or made louder in 16 bits is rounded twice.
    `aformat=${isResampled || gainDb !== 0 ? 'sample_fmts=fltp:' : ''}channel_layouts=${layout}`,
    ...(gainDb === 0 ? [] : [`volume=${gainDb.toFixed(2)}dB:precision=float`]),
    ...(gainDb > 0 ? [`alimiter=limit=${LIMIT}:level=false:latency=true`] : []),
    ...(plan.runUpSamples > 0 ? [`atrim=start_sample=${plan.runUpSamples}`] : []),
    'asetpts=N/SR/TB',
    ...(o.startSample < 0 ? [`adelay=delays=${-o.startSample}S:all=1`] : []),
    'apad',
    `atrim=end_sample=${o.samples}`,
  ]
  return chain.join(',')
}

// Fragments of at most 0.24 s, each written at once: the packets are taken out again.
const FRAGMENTS = '-f mp4 -movflags empty_moov+default_base_moof+skip_trailer -frag_duration 240000'

function encoderArgs(o: EncodeOptions): string[] {
  const kbps = o.bitrateKbps ?? 128
  if (o.codec === 'mp3')
    return words(`-c:a libmp3lame -b:a ${kbps}k -reservoir 0 -write_xing 0 -id3v2_version 0 -f mp3`)
  if (o.codec === 'wav') return words(o.bits === 24 ? '-c:a pcm_s24le -f s24le' : '-c:a pcm_s16le -f s16le')
  if (o.codec === 'opus') return words(`-c:a libopus -b:a ${kbps}k -vbr off -frame_duration 20 ${FRAGMENTS}`)
  // The coder named `fast` takes half the time, but single segments go a good tenth above the rate that playlists promise.
  // Bit-exact leaves the encoder's name out of the sound.
  if (o.codec === 'aac') return words(`-c:a aac -flags:a +bitexact -b:a ${kbps}k ${FRAGMENTS}`)
  const depth = o.bits === 24 ? '-sample_fmt s32 -bits_per_raw_sample 24' : '-sample_fmt s16'
  return words(`-c:a flac ${depth} -frame_size ${o.packetSamples} -strict -2 ${FRAGMENTS}`)
}

function entryArgs({ enter, by }: Plan): string[] {
  const clock = by === 'clock' ? ['-copyts'] : []
  if (enter.way === 'byte') return ['-f', enter.format, '-skip_initial_bytes', String(enter.offset)]
  if (enter.way === 'time') return [...clock, '-ss', enter.sec.toFixed(6)]
  return enter.format ? ['-f', enter.format] : clock
}

/** Arguments of an FFmpeg that writes exactly what `o` asks for on stdout. */
export function encodeArgs(settings: MediaSettings, o: EncodeOptions): string[] {
  const plan = planOf(o)
  return [
    ...inputArgs(settings, { entry: entryArgs(plan) }),
    '-af',
    filtersOf(o, plan),
    ...encoderArgs(o),
    ...words('-flush_packets 1 pipe:1'),
  ]
}
