/**
 * Makes `docs/images/tutti.png`, the picture of the README, out of the running product: `node tools/readme-picture.ts`.
 * Wants Chromium and the music that test/web/product.ts names.
 */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { id3Picture, taggedMp3 } from '#test/fixtures/audio.ts'
import { heardSecOf, settled, until } from '#test/web/page.ts'
import { musicPath } from '#test/web/product.ts'
import { startVisit } from '#test/web/visit.ts'
import { ALBUMS, CASTLE, type MadeAlbum } from './readme-covers.ts'

const OUT = new URL('../docs/images/tutti.png', import.meta.url)
const SONGS_PER_ALBUM = 6
/** Real music, long and dense enough for the waveform and the visual; the first one plays. */
const REAL = ['knalgan_theme', 'battle-epic', 'northern_mountains', 'loyalists', 'love_theme', 'elvish-theme']
const PLAYED = 'Knalgan Theme'
/** Where the visual is taken, as a share of the song. */
const SEEK_SHARE = 0.42
const WINDOW = { width: 1280, height: 800 }
const WIDTH = 1600
const BYTES_MAX = 600_000

async function putAlbum(folder: string, album: MadeAlbum, index: number): Promise<void> {
  const picture = await sharp(Buffer.from(album.cover)).jpeg({ quality: 88 }).toBuffer()
  for (let track = 1; track <= SONGS_PER_ALBUM; track++) {
    const tags = {
      TIT2: `${album.title}, part ${track}`,
      TPE1: album.artist,
      TALB: album.title,
      TRCK: String(track),
      TDRC: String(album.year),
      TCON: album.genre,
      APIC: id3Picture('image/jpeg', picture),
    }
    await writeFile(join(folder, `${index}-${track}.mp3`), taggedMp3(tags, { sec: 2, seed: index * 100 + track }))
  }
}

/** Invented albums, and real music in a folder with a picture. */
async function makeLibrary(): Promise<string> {
  const from = musicPath()
  if (!from) throw new Error('The music of the package wesnoth-1.16-music is not on this machine.')
  const folder = await mkdtemp(join(tmpdir(), 'tutti-picture-'))
  await Promise.all(ALBUMS.map((album, i) => putAlbum(folder, album, i)))
  const real = join(folder, 'real')
  await mkdir(real)
  await writeFile(join(real, 'cover.png'), await sharp(Buffer.from(CASTLE)).png().toBuffer())
  await Promise.all(REAL.map((name) => copyFile(join(from, `${name}.ogg`), join(real, `${name}.ogg`))))
  return folder
}

/** Plays the song from where much goes on. */
async function play(page: Page, base: string): Promise<void> {
  await page.goto(`${base}/songs?q=${encodeURIComponent(PLAYED)}`)
  const row = page.getByRole('button', { name: new RegExp(`^Play ${PLAYED} by`) })
  await row.waitFor({ timeout: 60_000 })
  await page.getByText(/BPM/).first().waitFor({ timeout: 120_000 })
  await row.click()
  const slider = page.getByRole('slider', { name: 'Position' })
  await until(
    'it sounds',
    () => heardSecOf(page),
    (sec) => sec > 0.2,
  )
  const box = await slider.boundingBox()
  if (box) await page.mouse.click(box.x + box.width * SEEK_SHARE, box.y + box.height / 2)
}

/** Every cover on the screen is there; the window is filled with them. */
const ALL_COVERS = `(() => {
  const shown = [...document.querySelectorAll('main img')].filter((i) => i.getBoundingClientRect().top < innerHeight)
  return shown.length >= 10 && shown.every((i) => i.complete && i.naturalWidth > 0)
})()`

async function takeLibrary(page: Page): Promise<Buffer> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Albums' }).click()
  await page.getByRole('list', { name: 'Albums' }).getByRole('link').nth(ALBUMS.length).waitFor()
  await page.mouse.move(WINDOW.width - 4, 60)
  // Covers are made small when they are first asked for.
  await until('the covers', () => page.evaluate<boolean>(ALL_COVERS), Boolean, 60_000)
  await page.waitForTimeout(1500)
  await settled(page)
  return page.screenshot()
}

async function takeVisual(page: Page): Promise<Buffer> {
  await page.keyboard.press('v')
  await page.getByRole('region', { name: 'Visuals' }).waitFor()
  await page.keyboard.press('1')
  // The scene fades in, and its controls fade away once nobody moves the pointer.
  await page.waitForTimeout(9000)
  return page.screenshot()
}

const roundedMask = (width: number, height: number, radius: number): Buffer =>
  Buffer.from(
    `<svg width="${width}" height="${height}"><rect width="${width}" height="${height}" rx="${radius}"/></svg>`,
  )

type Placed = { input: Buffer; left: number; top: number }
/** A picture as a window: rounded, with a thin edge and a shadow. */
async function asWindow(png: Buffer, at: { left: number; top: number; width: number }): Promise<Placed[]> {
  const height = Math.round((at.width * WINDOW.height) / WINDOW.width)
  const radius = 16
  const input = await sharp(png)
    .resize(at.width, height)
    .composite([{ input: roundedMask(at.width, height, radius), blend: 'dest-in' }])
    .png()
    .toBuffer()
  const edge = `<svg width="${at.width}" height="${height}"><rect x=".5" y=".5" width="${at.width - 1}" height="${height - 1}" rx="${radius}" fill="none" stroke="#fff" stroke-opacity=".16"/></svg>`
  const pad = 70
  const shade = `<svg width="${at.width + 2 * pad}" height="${height + 2 * pad}"><rect x="${pad}" y="${pad + 14}" width="${at.width}" height="${height}" rx="${radius}" fill="#000" fill-opacity=".62"/></svg>`
  const shadow = await sharp(Buffer.from(shade)).blur(24).png().toBuffer()
  return [
    { input: shadow, left: at.left - pad, top: at.top - pad },
    { input, left: at.left, top: at.top },
    { input: Buffer.from(edge), left: at.left, top: at.top },
  ]
}

async function compose(library: Buffer, visual: Buffer): Promise<Buffer> {
  const height = 920
  const ground = `<svg width="${WIDTH}" height="${height}"><defs><linearGradient id="a" x2="1" y2="1"><stop stop-color="#ffb870"/><stop offset=".45" stop-color="#d5566f"/><stop offset="1" stop-color="#3b2568"/></linearGradient></defs><rect width="${WIDTH}" height="${height}" fill="url(#a)"/></svg>`
  const windows = [
    ...(await asWindow(library, { left: 56, top: 56, width: 1200 })),
    ...(await asWindow(visual, { left: 876, top: 448, width: 672 })),
  ]
  return sharp(Buffer.from(ground))
    .composite(windows)
    .png({ palette: true, colours: 256, dither: 0.5, effort: 10, compressionLevel: 9 })
    .toBuffer()
}

const folder = await makeLibrary()
const visit = await startVisit(folder, {}, 'webgl')
try {
  await visit.firstAccount()
  await visit.page.setViewportSize(WINDOW)
  await play(visit.page, visit.base)
  const library = await takeLibrary(visit.page)
  const visual = await takeVisual(visit.page)
  const picture = await compose(library, visual)
  if (picture.length > BYTES_MAX) throw new Error(`The picture is ${picture.length} bytes, more than ${BYTES_MAX}.`)
  await mkdir(new URL('.', OUT), { recursive: true })
  await writeFile(OUT, picture)
  console.log(`docs/images/tutti.png: ${Math.round(picture.length / 1024)} kB`)
} finally {
  await visit.stop()
  await rm(folder, { recursive: true, force: true })
}
