/** What stands for a picture until it is there, and how loud songs are said to be played. */
import assert from 'node:assert/strict'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import sharp from 'sharp'
import { until } from './page.ts'
import { type FewSongs, fewSongs, skip } from './product.ts'
import { startVisit, type Visit } from './visit.ts'

/** What this test asks of the browser's canvas. */
type Canvas = {
  width: number
  height: number
  getContext(kind: '2d'): { getImageData(x: number, y: number, width: number, height: number): { data: number[] } }
}

/** A sunset: orange above, dark blue below, and a sun. */
const SUNSET = `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="800">
  <defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="#ff9a3c"/><stop offset="1" stop-color="#142850"/></linearGradient></defs>
  <rect width="800" height="800" fill="url(#g)"/><circle cx="560" cy="300" r="120" fill="#fff0c0"/></svg>`

void describe('web app: until a picture is there', { skip, timeout: 300_000 }, () => {
  let visit: Visit
  let music: FewSongs
  before(async () => {
    music = await fewSongs()
    // One of the albums has a picture of its folder.
    await mkdir(join(music.folder, 'With a picture'))
    await rename(join(music.folder, 'sad.ogg'), join(music.folder, 'With a picture', 'sad.ogg'))
    const cover = await sharp(Buffer.from(SUNSET)).jpeg().toBuffer()
    await writeFile(join(music.folder, 'With a picture', 'cover.jpg'), cover)
    visit = await startVisit(music.folder)
    await visit.firstAccount()
  })
  after(async () => {
    await visit?.stop()
    await music?.remove()
  })

  /** Colours of the blur at the top and the bottom of the first one on the page. */
  const blurOf = () =>
    visit.page
      .locator('.art canvas')
      .first()
      .evaluate((canvas) => {
        const { width, height, getContext } = canvas as unknown as Canvas
        const context = getContext.call(canvas, '2d')
        return [1, height - 2].map((y) => [...context.getImageData(width / 2, y, 1, 1).data])
      })

  void it('a blur of it stands there, and nothing moves when it comes', async () => {
    const { page } = visit
    const { promise: held, resolve: letThrough } = Promise.withResolvers<void>()
    await page.route(/\/cover\?/, async (route) => {
      await held
      await route.continue()
    })
    await visit.goTo('/songs', 'Songs')
    const canvases = page.locator('.art canvas')
    await until(
      'the blur',
      () => canvases.count(),
      (n) => n > 0,
      60_000,
    )
    const [top, bottom] = (await blurOf()) as [number[], number[]]
    assert.ok((top[0] as number) > 180 && (top[2] as number) < 140, `orange above: ${top.join()}`)
    assert.ok((bottom[2] as number) > (bottom[0] as number), `blue below: ${bottom.join()}`)
    await page.screenshot({ path: 'test-output/screens/placeholder-before.png' })
    const places = () =>
      page.locator('.art').evaluateAll((all) => all.map((e) => JSON.stringify(e.getBoundingClientRect())))
    const before = await places()
    letThrough()
    await page.locator('.art img.loaded').first().waitFor()
    assert.deepEqual(await places(), before)
    await visit.shot('placeholder-after')
    await page.unroute(/\/cover\?/)
  })

  void it('its address changes with the picture, so it is asked for once', async () => {
    const { page } = visit
    const src = await page.locator('.art img').first().getAttribute('src')
    assert.match(src ?? '', /[?&]v=[0-9a-f]{8}/)
    const answer = await page.request.get(new URL(src ?? '', visit.base).href)
    assert.match(answer.headers()['cache-control'] ?? '', /immutable/)
  })

  void it('songs are matched by album, by track or not at all, with a preamp', async () => {
    const { page } = visit
    await visit.goTo('/settings', 'Settings')
    const loudness = page.getByRole('group', { name: 'Match loudness' })
    assert.ok(await loudness.getByRole('radio', { name: /By album/ }).isChecked())
    const preamp = page.getByRole('slider', { name: 'Preamp' })
    await preamp.fill('-3')
    await until(
      'what is kept',
      () => page.evaluate(() => JSON.stringify(localStorage)),
      (kept) => kept.includes('preampDb\\":-3'),
    )
    await visit.shot('settings-loudness')
    await loudness.getByText('Off').click()
    await preamp.waitFor({ state: 'detached' })
    await page.reload()
    assert.ok(await page.getByRole('group', { name: 'Match loudness' }).getByRole('radio', { name: /Off/ }).isChecked())
    assert.deepEqual(visit.complaints, [])
  })
})
