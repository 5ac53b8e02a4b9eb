/** The image process: decodes untrusted pictures. Started by the pool; nothing imports this file. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import sharp, { type ResizeOptions } from 'sharp'
import { unprocessable } from '#kernel/errors.ts'
import { IMAGE_MAX_BYTES, IMAGE_PIXELS_MAX } from '#kernel/media/bounds.ts'
import { unopened } from '#kernel/media/input.ts'
import { blurhashOf } from '#kernel/media/picture/blurhash.ts'
import { paletteOf } from '#kernel/media/picture/palette.ts'
import type { ImageLook, ImageOptions, ImageResult } from '#kernel/media/types.ts'
import { serve } from './serve.ts'

type Input = { bytes: Uint8Array } | { file: string | Uint8Array }
export type ImageTask = { kind: 'convert'; input: Input; options: ImageOptions } | { kind: 'look'; input: Input }

// One picture at a time, nothing kept between them: memory stays flat.
sharp.concurrency(1)
sharp.cache(false)

/** Pictures of cameras and scanners; no format that can fetch or run anything (SVG, PDF). */
const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'heif', 'tiff'])
const QUALITY = { avif: 55, webp: 80, jpeg: 82 }
/** Colours and what a picture is like from afar need no more than this. */
const SAMPLE_PX = 48
/** Square like most covers: 36 characters. */
const BLURHASH_COSINES = { across: 4, down: 4 }

const tooLarge = (): Error =>
  unprocessable('image_too_large', `The picture file is larger than ${IMAGE_MAX_BYTES / 1024 ** 2} MiB.`)

function openPicture(path: string | Buffer): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (thrown) {
    throw unopened(thrown)
  }
}

function readBytes(input: Input): Uint8Array {
  if ('bytes' in input) {
    if (input.bytes.length > IMAGE_MAX_BYTES) throw tooLarge()
    return input.bytes
  }
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
async function checkHeader(
  bytes: Uint8Array,
  o: Pick<ImageOptions, 'animation'> = {},
): Promise<{ width: number; height: number }> {
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

const decoder = (bytes: Uint8Array) =>
  sharp(bytes, { limitInputPixels: IMAGE_PIXELS_MAX, failOn: 'error', sequentialRead: true })

/** Scaled, turned upright, in sRGB, without metadata. */
async function convert(input: Input, options: ImageOptions): Promise<ImageResult> {
  const bytes = readBytes(input)
  const { width, height } = await checkHeader(bytes, options)
  const { data: pixels, info: size } = await decoder(bytes)
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
  const sample = await flat.clone().resize(SAMPLE_PX, SAMPLE_PX, { fit: 'fill' }).png().toBuffer()
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

/** Decodes the whole picture, so one that is damaged is refused here. */
async function look(input: Input): Promise<ImageLook> {
  const bytes = readBytes(input)
  const { width, height } = await checkHeader(bytes)
  const rgb = await decoder(bytes)
    .autoOrient()
    .resize(SAMPLE_PX, SAMPLE_PX, { fit: 'fill' })
    .toColorspace('srgb')
    .flatten({ background: '#ffffff' })
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer()
    .catch(() => {
      throw unreadable()
    })
  const blurhash = blurhashOf({ rgb, width: SAMPLE_PX, height: SAMPLE_PX }, BLURHASH_COSINES)
  return { widthPx: width, heightPx: height, blurhash, palette: paletteOf(rgb) }
}

serve((message) => {
  const task = message as ImageTask
  return task.kind === 'convert' ? convert(task.input, task.options) : look(task.input)
})
