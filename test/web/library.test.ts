/** The library as it lies on the disk, filters, what admins hide, and folders that are not for everybody, in a real browser. */
import assert from 'node:assert/strict'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { until } from './page.ts'
import { call, looksRight, makeAccount, MANY_SIGN_INS, signIn, toast, unexpected } from './people.ts'
import { type FewSongs, longSongs, skip } from './product.ts'
import { PASSWORD, startVisit, type Visit } from './visit.ts'

const ADA = { username: 'ada', password: PASSWORD }
const BEN = { username: 'ben', password: 'slow rivers under stars' }
const ALL = 12
const BELOW = ['sad.ogg', 'victory.ogg']

void describe('web app: the library in every view', { skip, timeout: 900_000 }, () => {
  let visit: Visit
  let music: FewSongs
  let ben = ''
  before(async () => {
    music = await longSongs()
    await mkdir(join(music.folder, 'Minor keys'))
    for (const name of BELOW) await rename(join(music.folder, name), join(music.folder, 'Minor keys', name))
    visit = await startVisit(music.folder, { ...MANY_SIGN_INS, ENABLE_ANALYSIS: 'false' })
    await makeAccount(visit.base, ADA)
    ben = await makeAccount(visit.base, BEN)
    await signIn(visit.page, visit.base, ADA)
    await bensCount(ALL)
  })
  after(async () => {
    await visit?.stop()
    await music?.remove()
  })

  const bensCount = (n: number) =>
    until(
      'songs of ben',
      async () => (await call(visit.base, { path: '/songs?count=true&limit=1', token: ben })).body['total'],
      (total) => total === n,
    )
  const inList = (name: string) => visit.page.getByRole('list', { name, exact: true }).getByRole('listitem')
  const count = (name: string, n: number) =>
    until(
      name,
      () => inList(name).count(),
      (seen) => seen === n,
    )

  void it('shows folders as they lie on the disk, and plays what is in one', async () => {
    const { page } = visit
    await page.getByRole('link', { name: 'Folders' }).first().click()
    await inList('Folders and songs').filter({ hasText: '12 songs' }).getByRole('link').click()
    await inList('Folders and songs').filter({ hasText: 'Minor keys' }).filter({ hasText: '2 songs' }).waitFor()
    await count('Folders and songs', ALL - BELOW.length + 1)
    await looksRight(visit, '50-folders')
    await page.getByRole('link', { name: 'Minor keys' }).click()
    await page.getByRole('heading', { level: 1, name: 'Minor keys' }).waitFor()
    await count('Folders and songs', BELOW.length)
    await page.getByRole('button', { name: 'Play', exact: true }).first().click()
    await page.getByRole('button', { name: 'Pause', exact: true }).first().waitFor()
    await page.getByRole('navigation', { name: 'Where you are' }).getByRole('link', { name: 'Folders' }).click()
    await page.getByRole('heading', { level: 1, name: 'Folders' }).waitFor()
  })

  void it('filters songs; the filters stand in the address and go one by one', async () => {
    const { page, base } = visit
    await page.goto(`${base}/songs`)
    await page.getByText(`${ALL} songs`).waitFor()
    await page.getByRole('button', { name: 'Filters', exact: true }).click()
    await looksRight(visit, '51-filters')
    await page.getByLabel('Mood').selectOption('calm')
    await page.getByRole('heading', { name: 'No song fits these filters' }).waitFor()
    await page.getByLabel('Key').selectOption('8A')
    await page.reload()
    await page.getByRole('button', { name: 'Take away the filter calm' }).click()
    await until(
      'the address',
      async () => new URL(page.url()).search,
      (search) => search === '?key=8A',
    )
    await page.getByRole('button', { name: 'Clear the filters' }).click()
    await page.getByText(`${ALL} songs`).waitFor()
    await page.getByLabel('Tempo from').focus()
    await page.keyboard.press('ArrowRight')
    await page.getByRole('button', { name: 'Take away the filter from 41 BPM' }).click()
    await page.getByText(`${ALL} songs`).waitFor()
  })

  void it('hides a song from everybody and shows it again', async () => {
    const { page, base } = visit
    await page.goto(`${base}/admin/users`)
    await page.getByRole('link', { name: 'Music', exact: true }).click()
    await count('Songs', ALL)
    await looksRight(visit, '52-moderation')
    const title = String(await page.locator('.entry .title').first().textContent())
    await page
      .getByRole('button', { name: `Hide ${title}`, exact: true })
      .first()
      .click()
    await page.getByRole('dialog').getByRole('button', { name: 'Hide it' }).click()
    await toast(page, `“${title}” is hidden from everybody.`).waitFor()
    await bensCount(ALL - 1)
    await page.getByLabel('Who may find it').selectOption('hidden')
    await count('Songs', 1)
    await page.getByRole('button', { name: `Show ${title}`, exact: true }).click()
    await toast(page, `“${title}” can be found again.`).waitFor()
    await bensCount(ALL)
    await page.goto(`${base}/admin/audit`)
    await page.getByRole('list', { name: 'What happened' }).getByText(title).first().waitFor()
  })

  void it('keeps a folder to some people, and leaves out what its rules name', async () => {
    const { page, base } = visit
    await page.goto(`${base}/library`)
    const more = page.getByRole('button', { name: /^More for / }).first()
    await more.click()
    await page.getByRole('menuitem', { name: 'Who may open it' }).click()
    await page.getByLabel('Keep this folder to some people').check({ force: true })
    await page.getByRole('dialog').getByText('admin: always').waitFor()
    await visit.shot('53-access')
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await toast(page, /is for admins and 0 people now/).waitFor()
    await bensCount(0)
    await more.click()
    await page.getByRole('menuitem', { name: 'Who may open it' }).click()
    await page.getByRole('dialog').getByLabel('ben').check()
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await toast(page, /is for admins and 1 person now/).waitFor()
    await bensCount(ALL)
    await more.click()
    await page.getByRole('menuitem', { name: 'Settings' }).click()
    await page.getByLabel('Leave out').fill('Minor keys/')
    await visit.shot('54-folder-settings')
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await bensCount(ALL - BELOW.length)
    await page.getByText('Files that are missing').click()
    await count('Songs whose file is missing', BELOW.length)
    await visit.shot('55-library')
    assert.deepEqual(await visit.seriousFaults('library'), [])
  })

  void it('complained about nothing', () => {
    assert.deepEqual(unexpected(visit.complaints), [])
  })
})
