/** A person's first hour with the web app, in a real browser on the real product that starts from nothing. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import sharp from 'sharp'
import { gapMs, type Hooked, heardSecOf, until } from './page.ts'
import { type FewSongs, fewSongs, SCREENS, skip } from './product.ts'
import { DESK, PASSWORD, startVisit, type Visit } from './visit.ts'

/** Longest silence between two songs. No mark of quality, as tests share the cores: more would mean fetched only then. */
const GAP_MS_MAX = 2000
const SCENES = ['Corona', 'Murmuration', 'Tide', 'Strata']
/** Small, so that a processor without graphics draws it quickly. */
const SMALL = { width: 720, height: 450 }

void describe('web app: listening', { skip, timeout: 300_000 }, () => {
  let visit: Visit
  let music: FewSongs
  before(async () => {
    music = await fewSongs()
    visit = await startVisit('', {}, 'webgl')
  })
  after(async () => {
    await visit?.stop()
    await music?.remove()
  })
  const heardSec = () => heardSecOf(visit.page)

  void it('makes the first account by clicking', async () => {
    const { page, shot, seriousFaults } = visit
    await page.goto(visit.base)
    await page.getByRole('heading', { name: 'Welcome to Tutti' }).waitFor()
    await shot('01-first-account')
    assert.deepEqual(await seriousFaults('first account'), [])
    await page.getByLabel('User name').fill('ada')
    await page.getByLabel('E-mail').fill('ada@example.org')
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByRole('heading', { name: 'Where is your music?' }).waitFor()
  })

  void it('adds a music folder and shows how its songs come in', async () => {
    const { page, shot, seriousFaults, goTo } = visit
    await page.getByRole('list', { name: /^Folders in/ }).waitFor()
    await shot('02-choose-folder')
    assert.deepEqual(await seriousFaults('folder'), [])
    await page.getByLabel('Folder on the server').fill(music.folder)
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
    const { page } = visit
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
    const { page, shot } = visit
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

  void it('goes on with the next song, which is ready before it is needed', async (t) => {
    const { page } = visit
    const length = Number(await page.getByRole('slider', { name: 'Position' }).getAttribute('aria-valuemax'))
    await page.evaluate((sec) => {
      const playing = (globalThis as unknown as Hooked).audios.find((a) => !a.paused)
      if (playing) playing.currentTime = sec
    }, length - 8)
    const ready = () =>
      page.evaluate(() => (globalThis as unknown as Hooked).audios.some((a) => a.paused && a.readyState >= 3))
    await until('the next song to be ready before this one ends', ready, (is) => is, 7000)
    const title = () => page.getByRole('contentinfo', { name: 'Player' }).locator('.title').innerText()
    await until('the next song', title, (text) => text !== 'Battle Epic', 15_000)
    await until('it sounds', heardSec, (sec) => sec > 0.5)
    const gap = await gapMs(page)
    t.diagnostic(`between the songs: ${gap.toFixed(0)} ms`)
    assert.ok(gap < GAP_MS_MAX, `silent for ${gap} ms`)
  })

  void it('finds music in spite of a typo, and plays it from the keyboard', async () => {
    const { page, shot, seriousFaults } = visit
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
    const { page, shot, seriousFaults, goTo } = visit
    await goTo('/songs', 'Songs')
    await page
      .getByRole('button', { name: /^Play / })
      .nth(2)
      .click()
    await page.keyboard.press('n')
    await page.getByRole('region', { name: 'What is playing' }).waitFor()
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
    const { page } = visit
    await page.keyboard.press('v')
    await page.getByRole('region', { name: 'Visuals' }).waitFor()
    await page.setViewportSize(SMALL)
    for (const [i, scene] of SCENES.entries()) {
      await page.keyboard.press(String(i + 1))
      const path = join(SCREENS, `10-visual-${scene.toLowerCase()}.png`)
      const spread = async () =>
        Math.max(...(await sharp(await page.screenshot({ path })).stats()).channels.map((c) => c.stdev))
      await until(`${scene} is more than one flat colour`, spread, (stdev) => stdev > 8)
      const pixels = () => page.screenshot().then((png) => sharp(png).raw().toBuffer())
      const one = await pixels()
      await until(
        `${scene} moves`,
        async () => one.equals(await pixels()),
        (isSame) => !isSame,
      )
    }
    await page.setViewportSize(DESK)
    await page.keyboard.press('Escape')
    await page.getByRole('region', { name: 'Visuals' }).waitFor({ state: 'detached' })
  })

  void it('goes on where one was after a reload', async () => {
    const { page } = visit
    const at = async () => Number(await page.getByRole('slider', { name: 'Position' }).getAttribute('aria-valuenow'))
    // The next song may just have begun.
    await until('a place in the song', at, (s) => s > 2)
    await page.keyboard.press('Space')
    const title = await page.getByRole('contentinfo', { name: 'Player' }).locator('.title').innerText()
    await page.reload()
    const bar = page.getByRole('contentinfo', { name: 'Player' })
    await bar.waitFor()
    assert.equal(await bar.locator('.title').innerText(), title)
    await until('the place in the song', at, (s) => s > 1)
  })

  void it('never made the browser complain', () => assert.deepEqual(visit.complaints, []))
})
