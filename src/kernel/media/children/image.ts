/** The image process: decodes untrusted pictures. Started by the pool; nothing imports this file. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import sharp, { type ResizeOptions } from 'sharp'
import { unprocessable } from '#kernel/errors.ts'
import { IMAGE_MAX_BYTES, IMAGE_PIXELS_MAX } from '#kernel/media/bounds.ts'
import { unopened } from '#kernel/media/input.ts'
import type { ImageOptions, ImageResult } from '#kernel/media/types.ts'
import { serve } from './serve.ts'

export type ImageTask = { input: { bytes: Uint8Array } | { file: string | Uint8Array }; options: ImageOptions }

// One picture at a time, nothing kept between them: memory stays flat.
sharp.concurrency(1)
sharp.cache(false)

/** Pictures of cameras and scanners; no format that can fetch or run anything (SVG, PDF). */
const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'heif', 'tiff'])
const QUALITY = { avif: 55, webp: 80, jpeg: 82 }
/** The dominant colour needs no more than this. */
const COLOR_SAMPLE_PX = 48

const tooLarge = (): Error =>
  unprocessable('image_too_large', `The picture file is larger than ${IMAGE_MAX_BYTES / 1024 ** 2} MiB.`)

function openPicture(path: string | Buffer): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (thrown) {
    throw unopened(thrown)
  }
}

function readBytes(input: ImageTask['input']): Uint8Array {
  if ('bytes' in input) return input.bytes
  const path = typeof input.file === 'string' ? input.file : Buffer.from(input.file)
  const fd = openPicture(path)
  try {
    if (!fstatSync(fd).isFile()) throw unprocessable('image_unreadable', 'The path is not a regular file.')
    if (fstatSync(fd).size > IMAGE_MAX_BYTES) throw tooLarge()
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

const unreadable = () =>
  unprocessable(
    'image_unreadable',
    'The picture is damaged or of an unsupported kind: use JPEG, PNG, WebP, AVIF or GIF.',
  )

/** Refuses a picture by its header alone, before anything is decoded. */
async function checkHeader(bytes: Uint8Array, o: ImageOptions): Promise<{ width: number; height: number }> {
  const header = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => undefined)
  if (!header || !FORMATS.has(header.format)) throw unreadable()
  const { width, height } = header.autoOrient
  if (width * height > IMAGE_PIXELS_MAX)
    throw unprocessable(
      'image_too_large',
      `The picture has ${width} × ${height} pixels; at most ${IMAGE_PIXELS_MAX / 1e6} million are read.`,
    )
  if (o.animation === 'refuse' && (header.pages ?? 1) > 1)
    throw unprocessable('image_animated', 'The picture moves: choose one that stands still.')
  return { width, height }
}

/** Never larger than the picture is. */
function sizeOf(o: ImageOptions, { width, height }: { width: number; height: number }): ResizeOptions {
  if (o.crop !== 'square')
    return {
      width: o.widthPx,
      withoutEnlargement: true,
      ...(o.heightMaxPx ? { height: o.heightMaxPx, fit: 'inside' as const } : {}),
    }
  const sidePx = Math.min(o.widthPx, width, height)
  return { width: sidePx, height: sidePx, fit: 'cover' }
}

const hex = ({ r, g, b }: { r: number; g: number; b: number }): string =>
  `#${[r, g, b].map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`

/** Scaled, turned upright, in sRGB, without metadata. */
async function convert({ input, options }: ImageTask): Promise<ImageResult> {
  const bytes = readBytes(input)
  if (bytes.length > IMAGE_MAX_BYTES) throw tooLarge()
  const { width, height } = await checkHeader(bytes, options)
  const source = sharp(bytes, { limitInputPixels: IMAGE_PIXELS_MAX, failOn: 'error', sequentialRead: true })
  const { data: pixels, info: size } = await source
    .autoOrient()
    .resize(sizeOf(options, { width, height }))
    .toColorspace('srgb')
    .png({ compressionLevel: 0 })
    .toBuffer({ resolveWithObject: true })
    .catch(() => {
      throw unreadable()
    })
  const flat = sharp(pixels).flatten({ background: '#ffffff' })
  const quality = options.quality ?? QUALITY[options.format]
  const encoded = await (options.format === 'jpeg' ? flat.clone() : sharp(pixels))
    .toFormat(options.format, options.format === 'avif' ? { quality, effort: 3 } : { quality })
    .toBuffer()
  const sample = await flat.clone().resize(COLOR_SAMPLE_PX, COLOR_SAMPLE_PX, { fit: 'fill' }).png().toBuffer()
  const { dominant } = await sharp(sample).stats()
  return {
    bytes: Uint8Array.from(encoded),
    contentType: `image/${options.format}`,
    widthPx: size.width,
    heightPx: size.height,
    originalWidthPx: width,
    originalHeightPx: height,
    dominantColor: hex(dominant),
  }
}

serve((task) => convert(task as ImageTask))
