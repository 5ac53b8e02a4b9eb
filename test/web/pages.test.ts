/** Every page of the web app, on a desk and on a phone, light and dark, and signing out and in again. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { TOO_WIDE_PX, until } from './page.ts'
import { type FewSongs, fewSongs, skip } from './product.ts'
import { DESK, PASSWORD, startVisit, type Visit } from './visit.ts'

const PHONE = { width: 390, height: 844 }
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

void describe('web app: pages', { skip, timeout: 300_000 }, () => {
  let visit: Visit
  let music: FewSongs
  before(async () => {
    music = await fewSongs()
    visit = await startVisit(music.folder)
    await visit.firstAccount()
    await playOne()
  })
  after(async () => {
    await visit?.stop()
    await music?.remove()
  })

  /** Waits for the songs, and puts one into the player. */
  async function playOne(): Promise<void> {
    const { page, goTo } = visit
    await goTo('/songs', 'Songs')
    const songs = page.getByRole('button', { name: /^Play .* by / })
    await until(
      'songs',
      () => songs.count(),
      (n) => n >= 10,
      60_000,
    )
    await songs.first().click()
    await page.keyboard.press('Space')
    await page.getByRole('slider', { name: 'Position' }).waitFor()
  }

  void it('has no serious fault of accessibility on any page, light or dark', async () => {
    for (const [path, heading] of Object.entries(PAGES)) {
      await visit.goTo(path, heading)
      await looksRight(path.slice(1) || 'home')
    }
    await visit.goTo('/albums', 'Albums')
    await visit.page.getByRole('list', { name: 'Albums' }).getByRole('link').first().click()
    await visit.page.getByRole('button', { name: 'Shuffle' }).first().waitFor()
    await looksRight('album')
  })

  /** In light the page is the same but for its colours. */
  async function looksRight(name: string): Promise<void> {
    const { page, shot, seriousFaults } = visit
    await shot(`11-dark-${name}`)
    assert.deepEqual(await seriousFaults(`${name} dark`), [])
    await page.emulateMedia({ colorScheme: 'light' })
    await shot(`11-light-${name}`)
    assert.deepEqual(await seriousFaults(`${name} light`, ['color-contrast']), [])
    await page.emulateMedia({ colorScheme: 'dark' })
  }

  void it('fits a phone', async () => {
    const { page, shot, seriousFaults, goTo } = visit
    await page.setViewportSize(PHONE)
    for (const [path, heading] of Object.entries({ '/search': 'Search', ...PAGES })) {
      await goTo(path, heading)
      await shot(`12-phone-${path.slice(1) || 'home'}`)
      const overflow = await page.evaluate<number>(TOO_WIDE_PX)
      assert.ok(overflow <= 0, `${path} is ${overflow} px too wide`)
      assert.deepEqual(await seriousFaults(`${path} on a phone`), [])
    }
    await page.getByRole('button', { name: /^What is playing/ }).click()
    await shot('12-phone-now-playing')
    assert.deepEqual(await seriousFaults('now playing on a phone'), [])
    await page.getByRole('button', { name: 'Close' }).first().click()
    await page.setViewportSize(DESK)
  })

  void it('signs out and in again', async () => {
    const { page, shot, seriousFaults } = visit
    await page.goto(visit.base)
    await page
      .getByRole('button', { name: /^Account/ })
      .first()
      .click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await shot('13-sign-in')
    assert.deepEqual(await seriousFaults('sign in'), [])
    await page.getByLabel('User name or e-mail').fill('ada')
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { level: 1, name: /, ada$/ }).waitFor()
  })

  void it('never made the browser complain', () => assert.deepEqual(visit.complaints, []))
})
