import assert from 'node:assert/strict'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import type { AppError } from '#kernel/errors.ts'
import { png, pngBomb, tempFolder } from '#test/fixtures/audio.ts'
import { createMedia, type Media } from './index.ts'

let folder: Awaited<ReturnType<typeof tempFolder>>
let media: Media
before(async () => {
  folder = await tempFolder()
  media = await createMedia({ driver: 'none' })
})
after(async () => {
  await media.close()
  await folder.remove()
})
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'fine',
    (thrown: unknown) => (thrown as AppError).code,
  )

test('every format: size, colour, no metadata', async () => {
  const bytes = png(400, 200, [200, 30, 30])
  for (const format of ['avif', 'webp', 'jpeg'] as const) {
    const image = await media.image({ bytes }, { widthPx: 100, format })
    assert.deepEqual(
      [image.widthPx, image.heightPx, image.originalWidthPx, image.originalHeightPx],
      [100, 50, 400, 200],
    )
    assert.equal(image.contentType, `image/${format}`)
    const made = await sharp(image.bytes).metadata()
    assert.deepEqual([made.width, made.height, made.exif], [100, 50, undefined])
    assert.match(image.dominantColor, /^#(c|b|d)[0-9a-f]{5}$/)
  }
})

test('a small picture is not enlarged; a turned one stands upright; its position is not told', async () => {
  const small = await media.image({ bytes: png(10, 10) }, { widthPx: 300, format: 'webp' })
  assert.equal(small.widthPx, 10)
  const turned = await sharp(png(40, 20))
    .jpeg()
    .withExif({ IFD0: { Copyright: 'Somebody' }, IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
    .withMetadata({ orientation: 6 })
    .toBuffer()
  const upright = await media.image({ bytes: turned }, { widthPx: 20, format: 'jpeg' })
  assert.deepEqual([upright.widthPx, upright.heightPx], [20, 40])
  assert.equal((await sharp(upright.bytes).metadata()).exif, undefined)
})

test('a bomb, a cut file, a text, an SVG and a missing file are refused with a reason', async () => {
  const options = { widthPx: 100, format: 'webp' } as const
  const started = performance.now()
  const bomb = join(folder.path, 'bomb.png')
  await writeFile(bomb, pngBomb())
  const startedImage = performance.now()
  await assert.rejects(media.image({ file: bomb }, options), /50000 × 50000 pixels/)
  assert.ok(performance.now() - startedImage < 2000, `${performance.now() - started}`)
  assert.equal(await codeOf(media.image({ bytes: png(300, 300).subarray(0, 300) }, options)), 'image_unreadable')
  assert.equal(await codeOf(media.image({ bytes: Buffer.from('no picture') }, options)), 'image_unreadable')
  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="/etc/passwd"/></svg>',
  )
  assert.equal(await codeOf(media.image({ bytes: svg }, options)), 'image_unreadable')
  assert.equal(await codeOf(media.image({ file: join(folder.path, 'none.png') }, options)), 'media_not_found')
  const sparse = join(folder.path, 'sparse.png')
  await writeFile(sparse, '')
  await truncate(sparse, 10 * 1024 ** 3)
  assert.equal(await codeOf(media.image({ file: sparse }, options)), 'image_too_large')
  assert.equal(await codeOf(media.image({ bytes: png(9, 9) }, { widthPx: 0, format: 'webp' })), 'image_options')
  assert.equal(await codeOf(media.image({ bytes: png(9, 9) }, options)), 'fine')
})

test('a square is cut from the middle and never enlarged; what moves can be refused', async () => {
  const wide = await sharp(png(300, 100, [0, 0, 200]))
    .composite([{ input: png(100, 100, [200, 0, 0]), left: 100, top: 0 }])
    .png()
    .toBuffer()
  const square = await media.image({ bytes: wide }, { widthPx: 512, format: 'webp', crop: 'square' })
  assert.deepEqual([square.widthPx, square.heightPx], [100, 100])
  assert.match(square.dominantColor, /^#[cd][0-9a-f]0[0-9a-f]0[0-9a-f]$/)
  const frames = Buffer.alloc(20 * 40 * 3, 1).fill(200, 0, 20 * 20 * 3)
  const moving = await sharp(frames, { raw: { width: 20, height: 40, channels: 3, pageHeight: 20 } })
    .gif()
    .toBuffer()
  const options = { widthPx: 20, format: 'webp' } as const
  assert.equal(await codeOf(media.image({ bytes: moving }, { ...options, animation: 'refuse' })), 'image_animated')
  assert.deepEqual((await media.image({ bytes: moving }, options)).heightPx, 20, 'else its first frame')
})

test('a look: size, blur and colours, of every kind of picture that cameras and artists save', async () => {
  const raw = png(64, 48, [200, 30, 30])
  const kinds: [string, Buffer][] = [
    ['PNG', raw],
    ['progressive JPEG', await sharp(raw).jpeg({ progressive: true, optimiseScans: true }).toBuffer()],
    ['CMYK JPEG', await sharp(raw).toColorspace('cmyk').jpeg().toBuffer()],
    ['16 bits', await sharp(raw).toColorspace('rgb16').png().toBuffer()],
    ['grey with transparency', await sharp(raw).greyscale().ensureAlpha(0.5).png().toBuffer()],
    ['palette', await sharp(raw).png({ palette: true }).toBuffer()],
    ['WebP', await sharp(raw).webp().toBuffer()],
    ['AVIF', await sharp(raw).avif().toBuffer()],
    ['TIFF', await sharp(raw).tiff().toBuffer()],
    ['GIF', await sharp(raw).gif().toBuffer()],
  ]
  for (const [name, bytes] of kinds) {
    const look = await media.look({ bytes })
    assert.deepEqual([look.widthPx, look.heightPx, look.blurhash.length], [64, 48, 36], name)
    for (const color of Object.values(look.palette)) assert.match(color, /^#[0-9a-f]{6}$/, name)
    if (name !== 'grey with transparency') assert.match(look.palette.dominant, /^#(b|c|d)[0-9a-f][0-4]/, name)
  }
  const turned = await sharp(raw).jpeg().withMetadata({ orientation: 6 }).toBuffer()
  assert.deepEqual(await media.look({ bytes: turned }).then((l) => [l.widthPx, l.heightPx]), [48, 64])
})

test('a look refuses what a picture refuses', async () => {
  const bomb = join(folder.path, 'bomb2.png')
  await writeFile(bomb, pngBomb())
  assert.equal(await codeOf(media.look({ file: bomb })), 'image_too_large')
  assert.equal(await codeOf(media.look({ bytes: Buffer.from('<svg/>') })), 'image_unreadable')
  const jpeg = await sharp(png(900, 900, [9, 99, 200]))
    .jpeg()
    .toBuffer()
  assert.equal(await codeOf(media.look({ bytes: jpeg.subarray(0, jpeg.length / 3) })), 'image_unreadable')
  const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic\0\0\0\0mif1heic'), Buffer.alloc(500)])
  assert.equal(await codeOf(media.look({ bytes: heic })), 'image_unreadable')
  assert.equal(await codeOf(media.look({ bytes: Buffer.alloc(33 * 1024 ** 2) })), 'image_too_large')
})

test('a JPEG of thousands of scans, which takes minutes to decode, is refused', async () => {
  const one = await sharp(png(2000, 2000, [80, 90, 200]))
    .jpeg({ progressive: true })
    .toBuffer()
  // The last scan again and again: every one is gone through for all blocks of the picture.
  const scan = one.lastIndexOf(Buffer.from([0xff, 0xda]))
  const [head, last] = [one.subarray(0, scan), one.subarray(scan, one.length - 2)]
  const bytes = Buffer.concat([head, ...Array.from({ length: 5000 }, () => last), Buffer.from([0xff, 0xd9])])
  const code = await codeOf(media.look({ bytes }))
  assert.ok(['image_unreadable', 'media_timeout', 'image_too_large'].includes(String(code)), String(code))
})

test('a picture that is a line becomes no endless column', async () => {
  const line = await sharp({ create: { width: 2, height: 40_000, channels: 3, background: '#336699' } })
    .png()
    .toBuffer()
  const made = await media.image({ bytes: line }, { widthPx: 64, heightMaxPx: 128, format: 'webp' })
  assert.deepEqual([made.widthPx, made.heightPx], [1, 128])
})
