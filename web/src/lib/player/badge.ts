/** What is known of the sound that plays. */
export type Sounding = { codec: string; kbps: number | null; rateHz: number | null; bits: number | null }

const LOSSLESS = /^(flac|alac|wav|pcm|aiff|ape|wavpack)/i
/** Names that people know. */
const nameOf = (codec: string): string => (/^pcm/i.test(codec) ? 'WAV' : codec.split(/[ /_-]/)[0]?.toUpperCase()) ?? ''

/** “FLAC 16/44.1”, “MP3 128”: of lossless sound its grain, of other sound its bit rate. */
export function badgeOf({ codec, kbps, rateHz, bits }: Sounding): string {
  const name = nameOf(codec)
  if (!LOSSLESS.test(codec)) return kbps ? `${name} ${Math.round(kbps)}` : name
  const rate = rateHz ? String(Math.round(rateHz / 100) / 10) : ''
  return [name, bits && rate ? `${bits}/${rate}` : rate].filter(Boolean).join(' ')
}
