import type { Layout } from '../layout.ts'

/** Index of a bit rate in the header of MPEG-1 layer III. */
const KBPS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
const RATE_48_KHZ = 1
const JOINT_STEREO = 1
const MONO = 3
export const MP3_HEADER_BYTES = 4
/** The private bit says nothing about the sound. */
const PRIVATE_BIT = 1

/** The header that all frames of this layout share but for the use of joint stereo: MPEG-1 layer III, no CRC, original. */
export function mp3Header(layout: Layout): Buffer {
  const kbpsIndex = KBPS.indexOf(layout.profile.kbps ?? -1)
  if (kbpsIndex < 1 || layout.sampleRateHz !== 48_000) throw new RangeError('MP3 has no such bit rate at 48 kHz')
  const mode = layout.channels === 1 ? MONO : JOINT_STEREO
  return Buffer.from([0xff, 0xfb, (kbpsIndex << 4) | (RATE_48_KHZ << 2), (mode << 6) | 0x04])
}

/**
 * Throws unless this is a frame of this layout that needs nothing of the frames before it: only such frames can be
 * joined with those of another encoder.
 */
export function checkMp3(layout: Layout): (frame: Buffer) => void {
  const [sync, version, rates = 0] = mp3Header(layout)
  const isMono = layout.channels === 1
  return (frame) => {
    const [a, b, c = 0, d = 0, e, f = 0] = frame
    if (a !== sync || b !== version || (c & ~PRIVATE_BIT) !== rates || (d >> 6 === MONO) !== isMono)
      throw new Error('the encoder wrote something that is no MP3 frame of this layout')
    // main_data_begin, nine bits after the header
    if (e !== 0 || f >> 7 !== 0) throw new Error('the encoder wrote an MP3 frame that leans on earlier ones')
  }
}
