/** A person's first hour with the web app, in a real browser on the real product that starts from nothing. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { gapMs, type Hooked, heardSecOf, KEEP_AUDIOS, seriousFaultsOf, TOO_WIDE_PX, until } from './page.ts'
import { buildWeb, chromiumPath, musicPath, type Product, SCREENS, startBrowser, startProduct } from './product.ts'

const lacks = !chromiumPath() ? 'Chromium' : !musicPath() ? 'music (wesnoth-1.16-music)' : undefined
const mustRun = process.env['TUTTI_TEST_FULL'] === '1'
const skip = lacks && !mustRun ? `this machine has no ${lacks}` : false

const PHONE = { width: 390, height: 844 }
const DESK = { width: 1366, height: 860 }
const PASSWORD = 'a quiet tutti of strings'
/** Longest silence between two songs; a busy machine's timers are in it. */
const GAP_MS_MAX = 200
/** Address and heading of the main pages. */
const PAGES = {
  '/': ', ada',
  '/albums': 'Albums',
  '/artists': 'Artists',
  '/songs': 'Songs',
  '/genres': 'Genres',
  '/library': 'Library',
  '/settings': 'Settings',
}
const SCENES = ['Corona', 'Murmuration', 'Tide', 'Strata']

let product: Product
let browser: Browser
let page: Page
/** Everything the browser complained about. */
const complaints: string[] = []

const shot = (name: string) => page.screenshot({ path: join(SCREENS, `${name}.png`) })
const heardSec = () => heardSecOf(page)
const seriousFaults = (where: string) => seriousFaultsOf(page, where)
const goTo = async (path: string, heading: string) => {
  await page.goto(product.base + path)
  await page.getByRole('heading', { level: 1, name: heading }).waitFor({ state: 'attached' })
}

void describe('web app', { skip, timeout: 420_000 }, () => {
  before(async () => {
    if (lacks) throw new Error(`TUTTI_TEST_FULL=1 needs ${lacks}`)
    await buildWeb()
    product = await startProduct()
    browser = await startBrowser()
    const context = await browser.newContext({ viewport: DESK, colorScheme: 'dark', reducedMotion: 'no-preference' })
    await context.addInitScript({ content: KEEP_AUDIOS })
    page = await context.newPage()
    page.on('console', (m) => void (m.type() === 'error' && complaints.push(`${m.text()} ${m.location().url}`)))
    page.on('pageerror', (error) => void complaints.push(String(error.stack)))
  })
  after(async () => {
    await browser?.close()
    await product?.stop()
  })

  void it('makes the first account by clicking', async () => {
    await page.goto(product.base)
    await page.getByRole('heading', { name: 'Welcome to Tutti' }).waitFor()
    await shot('01-first-account')
    assert.deepEqual(await seriousFaults('first account'), [])
    await page.getByLabel('User name').fill('ada')
    await page.getByLabel('E-mail').fill('ada@example.org')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByRole('heading', { name: 'Where is your music?' }).waitFor()
  })

  void it('adds a music folder and shows how its songs come in', async () => {
    await page.getByRole('list', { name: /^Folders in/ }).waitFor()
    await shot('02-choose-folder')
    assert.deepEqual(await seriousFaults('folder'), [])
    await page.getByLabel('Folder on the server').fill(musicPath() ?? '')
    await page.getByRole('button', { name: 'Use this folder' }).click()
    await page.getByRole('heading', { name: 'Here it comes' }).waitFor()
    await shot('03-scan')
    await page.getByRole('button', { name: 'Start listening' }).click()
    await page.getByRole('heading', { level: 1, name: /, ada$/ }).waitFor()
    await goTo('/songs', 'Songs')
    const rows = page.getByRole('list', { name: 'Songs' }).getByRole('listitem')
    await until(
      'songs',
      () => rows.count(),
      (n) => n >= 10,
      60_000,
    )
    await shot('04-songs')
  })

  void it('plays a song that really sounds', async () => {
    await page.getByRole('button', { name: /^Play Battle Epic by/ }).click()
    const first = await until('the song begins', heardSec, (sec) => sec > 0.3)
    await until('the song goes on', heardSec, (sec) => sec > first + 1)
    const shown = page.getByRole('contentinfo', { name: 'Player' })
    assert.match(await shown.innerText(), /Battle Epic/)
    await page.keyboard.press('Space')
    await until('space stops it', heardSec, (sec) => sec === -1)
    await page.getByRole('heading', { level: 1 }).click()
    await page.keyboard.press('Space')
    await until('space starts it again', heardSec, (sec) => sec > 0)
  })

  void it('seeks on the waveform', async () => {
    const slider = page.getByRole('slider', { name: 'Position' })
    const length = Number(await slider.getAttribute('aria-valuemax'))
    const box = await slider.boundingBox()
    assert.ok(box && length > 20)
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
    await until('the middle', heardSec, (sec) => Math.abs(sec - length / 2) < 4)
    await slider.press('Home')
    await until('the start', heardSec, (sec) => sec >= 0 && sec < 4)
    await shot('05-playing')
  })

  void it('goes on with the next song without a gap', async () => {
    const length = Number(await page.getByRole('slider', { name: 'Position' }).getAttribute('aria-valuemax'))
    await page.evaluate((sec) => {
      const playing = (globalThis as unknown as Hooked).audios.find((a) => !a.paused)
      if (playing) playing.currentTime = sec
    }, length - 3)
    const title = () => page.getByRole('contentinfo', { name: 'Player' }).locator('.title').innerText()
    await until('the next song', title, (text) => text !== 'Battle Epic', 15_000)
    await until('it sounds', heardSec, (sec) => sec > 0.5)
    const gap = await gapMs(page)
    assert.ok(gap < GAP_MS_MAX, `silent for ${gap} ms`)
  })

  void it('finds music in spite of a typo, and plays it from the keyboard', async () => {
    await page.keyboard.press('/')
    await page.getByLabel('Search songs, albums and artists').fill('batle epik')
    await page.getByRole('button', { name: /^Play Battle Epic by/ }).waitFor()
    await shot('06-search')
    assert.deepEqual(await seriousFaults('search'), [])
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await until('what was found plays', heardSec, (sec) => sec > 0 && sec < 5)
  })

  void it('shows what is playing, the queue and the lyrics', async () => {
    await goTo('/songs', 'Songs')
    await page
      .getByRole('button', { name: /^Play / })
      .nth(2)
      .click()
    await page.keyboard.press('n')
    await page.getByRole('region', { name: 'What is playing' }).waitFor()
    await page.waitForTimeout(500)
    await shot('07-now-playing')
    assert.deepEqual(await seriousFaults('now playing'), [])
    await page.keyboard.press('q')
    const rows = page.getByRole('region', { name: 'Queue' }).getByRole('listitem')
    await until(
      'the queue',
      () => rows.count(),
      (n) => n > 5,
    )
    const second = await rows.nth(1).innerText()
    await page
      .getByRole('button', { name: /^Move / })
      .nth(1)
      .press('ArrowDown')
    await until(
      'the queue was put in order',
      () => rows.nth(2).innerText(),
      (text) => text === second,
    )
    await shot('08-queue')
    await page.keyboard.press('l')
    await shot('09-lyrics')
    await page.keyboard.press('Escape')
  })

  void it('draws every scene of the visuals, moving', async () => {
    await page.keyboard.press('v')
    await page.getByRole('region', { name: 'Visuals' }).waitFor()
    for (const [i, scene] of SCENES.entries()) {
      await page.keyboard.press(String(i + 1))
      await page.waitForTimeout(2500)
      const one = await page.screenshot({ path: join(SCREENS, `10-visual-${scene.toLowerCase()}.png`) })
      await page.waitForTimeout(600)
      const two = await page.screenshot()
      const { channels } = await sharp(one).stats()
      assert.ok(
        channels.some((c) => c.stdev > 8),
        `${scene} is one flat colour`,
      )
      assert.notDeepEqual(await sharp(one).raw().toBuffer(), await sharp(two).raw().toBuffer(), `${scene} stands still`)
    }
    await page.keyboard.press('Escape')
    await page.getByRole('region', { name: 'Visuals' }).waitFor({ state: 'detached' })
  })

  void it('goes on where one was after a reload', async () => {
    await page.keyboard.press('Space')
    const title = await page.getByRole('contentinfo', { name: 'Player' }).locator('.title').innerText()
    await page.waitForTimeout(4500)
    await page.reload()
    const bar = page.getByRole('contentinfo', { name: 'Player' })
    await bar.waitFor()
    assert.equal(await bar.locator('.title').innerText(), title)
    await until(
      'the place in the song',
      async () => Number(await page.getByRole('slider', { name: 'Position' }).getAttribute('aria-valuenow')),
      (s) => s > 1,
    )
  })

  void it('has no serious fault of accessibility on any page, light or dark', async () => {
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const [path, heading] of Object.entries(PAGES)) {
        await goTo(path, heading)
        await page.waitForTimeout(700)
        await shot(`11-${colorScheme}-${path.slice(1) || 'home'}`)
        assert.deepEqual(await seriousFaults(`${path} ${colorScheme}`), [])
      }
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Albums' }).click()
      await page.getByRole('list', { name: 'Albums' }).getByRole('link').first().click()
      await page.getByRole('button', { name: 'Shuffle' }).first().waitFor()
      await page.waitForTimeout(500)
      await shot(`11-${colorScheme}-album`)
      assert.deepEqual(await seriousFaults(`album ${colorScheme}`), [])
    }
    await page.emulateMedia({ colorScheme: 'dark' })
  })

  void it('fits a phone', async () => {
    await page.setViewportSize(PHONE)
    for (const [path, heading] of Object.entries({ '/search': 'Search', ...PAGES })) {
      await goTo(path, heading)
      await page.waitForTimeout(500)
      await shot(`12-phone-${path.slice(1) || 'home'}`)
      const overflow = await page.evaluate<number>(TOO_WIDE_PX)
      assert.ok(overflow <= 0, `${path} is ${overflow} px too wide`)
      assert.deepEqual(await seriousFaults(`${path} on a phone`), [])
    }
    await page.getByRole('button', { name: /^What is playing/ }).click()
    await page.waitForTimeout(600)
    await shot('12-phone-now-playing')
    assert.deepEqual(await seriousFaults('now playing on a phone'), [])
    await page.getByRole('button', { name: 'Close' }).first().click()
    await page.setViewportSize(DESK)
  })

  void it('signs out and in again', async () => {
    await page.goto(product.base)
    await page
      .getByRole('button', { name: /^Account/ })
      .first()
      .click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await shot('13-sign-in')
    assert.deepEqual(await seriousFaults('sign in'), [])
    await page.getByLabel('User name or e-mail').fill('ada')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { level: 1, name: /, ada$/ }).waitFor()
  })

  void it('never made the browser complain', () => assert.deepEqual(complaints, []))
})
