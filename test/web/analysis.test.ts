/** The page of a song: what the analysis heard, drawn, in a real browser on a song that was really analysed. */
import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { heardSecOf, until } from './page.ts'
import { call, looksRight, makeAccount, MANY_SIGN_INS, signIn, unexpected } from './people.ts'
import { musicPath, skip } from './product.ts'
import { PASSWORD, startVisit, type Visit } from './visit.ts'

const ADA = { username: 'ada', password: PASSWORD }
const FILE = 'love_theme.ogg'

void describe('web app: the page of a song', { skip, timeout: 300_000 }, () => {
  let visit: Visit
  let folder = ''
  let song: { id: string; title: string; durationMs: number }
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tutti-track-'))
    await copyFile(join(musicPath() ?? '', FILE), join(folder, FILE))
    visit = await startVisit(folder, MANY_SIGN_INS)
    const token = await makeAccount(visit.base, ADA)
    const read = async (path: string) => (await call(visit.base, { path, token })).body
    const done = await until(
      'the analysis',
      async () => ((await read('/songs'))['items'] as { analysisStatus: string }[])[0],
      (found) => found?.analysisStatus === 'completed',
      120_000,
    )
    song = done as unknown as typeof song
    await signIn(visit.page, visit.base, ADA)
  })
  after(async () => {
    await visit?.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const slider = () => visit.page.getByRole('slider', { name: /^Position in the song/ })
  const lanes = (selector: string) => visit.page.locator(`.lanes ${selector}`)

  void it('shows tempo, key, loudness and how sure they are; dark, light and on a phone', async () => {
    const { page, base } = visit
    await page.goto(`${base}/songs`)
    await page
      .getByRole('button', { name: `More for ${song.title}` })
      .first()
      .click()
    await page.getByRole('menuitem', { name: 'Look inside' }).click()
    await page.getByRole('heading', { level: 1, name: song.title }).waitFor()
    for (const name of ['Through the song', 'Tempo', 'Key', 'Loudness', 'Sound', 'Character'])
      await page.getByRole('heading', { level: 2, name, exact: true }).waitFor()
    await page.getByText('not validated against people').waitFor()
    await lanes('path.wave').waitFor({ state: 'attached' })
    await looksRight(visit, '70-song')
    await page.locator('.timeline').scrollIntoViewIfNeeded()
    await visit.shot('71-song-timeline')
    await page.setViewportSize({ width: 1366, height: 2200 })
    await visit.shot('72-song-whole')
    await page.setViewportSize({ width: 1366, height: 860 })
  })

  void it('what is drawn is what was heard, and no more than there are pixels', async () => {
    const token = (await call(visit.base, { path: '/auth/login', body: ADA })).body['accessToken'] as string
    const { body } = await call(visit.base, { path: `/songs/${song.id}/analysis`, token })
    const widthPx = Number(await lanes('svg').first().getAttribute('width'))
    const wave = (await lanes('path.wave').getAttribute('d')) ?? ''
    assert.ok(wave.split('L').length <= widthPx + 4 && !wave.includes('NaN'), `${wave.length}`)
    const bars = ((await lanes('path.bar').getAttribute('d')) ?? '').split('M').length - 1
    assert.ok(bars <= (body['downbeats'] as unknown[]).length && (bars > 0 || body['tempo'] === null))
    const sections = await lanes('.section').count()
    assert.ok(sections > 0 && sections <= (body['sections'] as unknown[]).length)
    assert.equal(await lanes('.loudness path').count(), 2)
  })

  void it('a click plays from there; keys seek and zoom; the view can be moved', async () => {
    const { page } = visit
    const box = await slider().boundingBox()
    assert.ok(box)
    await page.mouse.click(box.x + box.width / 2, box.y + 80)
    const half = song.durationMs / 2000
    await until(
      'the middle of the song',
      () => heardSecOf(page),
      (sec) => sec >= half - 1 && sec < half + 6,
    )
    await slider().focus()
    await page.keyboard.press('Home')
    await until(
      'the beginning',
      () => heardSecOf(page),
      (sec) => sec >= 0 && sec < half - 1,
    )
    await page.keyboard.press('+')
    await page.keyboard.press('+')
    const part = page.getByRole('slider', { name: 'Part of the song that is shown' })
    await part.waitFor()
    const before = await part.getAttribute('aria-valuetext')
    await page.getByRole('button', { name: 'Pause', exact: true }).first().click()
    await part.focus()
    await page.keyboard.press('End')
    await until(
      'another part',
      () => part.getAttribute('aria-valuetext'),
      (text) => text !== before,
    )
    await visit.shot('73-song-near')
    await page.getByRole('button', { name: 'Whole song' }).click()
    await part.waitFor({ state: 'detached' })
  })

  void it('an admin lets the library wait and go on', async () => {
    const { page, base } = visit
    const token = (await call(base, { path: '/auth/login', body: ADA })).body['accessToken'] as string
    await call(base, { method: 'PATCH', path: '/analysis/queue', token, body: { isPaused: true } })
    await page.goto(`${base}/library`)
    await page.getByText('The analysis is paused').waitFor()
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('Everything is analysed').waitFor()
    assert.deepEqual(unexpected(visit.complaints), [])
  })
})
