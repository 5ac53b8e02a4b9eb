import { AppError } from '#kernel/errors.ts'

/** How each kind of picture begins, `.` being any byte; what calls itself a picture is not asked. */
const BEGINNINGS = [
  '\xff\xd8\xff', // JPEG
  '\x89PNG\r\n\x1a\n',
  'GIF87a',
  'GIF89a',
  'RIFF....WEBP',
  'II*\0', // TIFF
  'MM\0*',
  ...['avif', 'avis', 'mif1', 'msf1', 'heic', 'heix'].map((brand) => `....ftyp${brand}`),
]
/** So many bytes tell. */
export const PICTURE_HEAD_BYTES = 16
const ANY = '.'.charCodeAt(0)
const begins = (bytes: Uint8Array, beginning: string): boolean =>
  Buffer.from(beginning, 'latin1').every((byte, i) => byte === ANY || bytes[i] === byte)

/** Throws 415 for what is no picture that this can read: nothing else reaches a decoder. */
export function assertPicture(bytes: Uint8Array): void {
  if (BEGINNINGS.some((beginning) => begins(bytes, beginning))) return
  throw new AppError(
    415,
    'image_unsupported',
    'This is not a picture that can be used: send JPEG, PNG, WebP, AVIF or GIF.',
  )
}
