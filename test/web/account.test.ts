/** The account area: everything a person can change of themselves, in a real browser on the real product. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import sharp from 'sharp'
import { until } from './page.ts'
import {
  call,
  emailOf,
  looksRight,
  makeAccount,
  MANY_SIGN_INS,
  signIn,
  signInElsewhere,
  toast,
  unexpected,
} from './people.ts'
import { skip } from './product.ts'
import { PASSWORD, startVisit, type Visit } from './visit.ts'

const ADA = { username: 'ada', password: PASSWORD }
const BEN = { username: 'ben', password: 'slow rivers under stars' }
const NEW_PASSWORD = 'seven lanterns by the sea'
const FOCUSED = `document.activeElement.innerText || document.activeElement.getAttribute('aria-label') || ''`

void describe('web app: account', { skip, timeout: 900_000 }, () => {
  let visit: Visit
  let elsewhere = ''
  before(async () => {
    visit = await startVisit('', MANY_SIGN_INS)
    await makeAccount(visit.base, ADA)
    elsewhere = await makeAccount(visit.base, BEN)
    await signIn(visit.page, visit.base, BEN)
  })
  after(() => visit?.stop())

  const open = async (section: string, heading: string) => {
    await visit.page.goto(`${visit.base}/account${section}`)
    await visit.page.getByRole('heading', { level: 2, name: heading }).waitFor()
  }
  const me = async () => (await call(visit.base, { path: '/auth/me', token: elsewhere })).body
  const chosen = async () => (await me())['preferences'] as { theme: string; bassBoost: number }

  void it('changes the name, and says what is taken', async () => {
    const { page } = visit
    await open('', 'Name')
    await page.getByLabel('Display name').fill('Ben Okri')
    await page.getByLabel('User name').fill('ada')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.locator('small.fault').getByText('another').waitFor()
    await page.getByLabel('User name').fill('benokri')
    await page.getByRole('button', { name: 'Save' }).click()
    await toast(page, 'Saved.').waitFor()
    const { username, displayName } = await me()
    assert.deepEqual([username, displayName], ['benokri', 'Ben Okri'])
    await page.getByRole('button', { name: 'Account: Ben Okri' }).waitFor()
    BEN.username = 'benokri'
  })

  void it('overwrites nothing that another device has changed meanwhile', async () => {
    const { page, base } = visit
    await call(base, { method: 'PATCH', path: '/users/me', token: elsewhere, body: { displayName: 'Ben O.' } })
    await page.getByLabel('Display name').fill('Benjamin')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('has been changed meanwhile').waitFor()
    assert.equal((await me())['displayName'], 'Ben O.')
    await page.getByRole('button', { name: 'Save' }).click()
    await until('the name', me, ({ displayName }) => displayName === 'Benjamin')
  })

  void it('takes a picture, shows it at once, and gives it back', async () => {
    const { page, base } = visit
    const picture = await sharp({ create: { width: 900, height: 600, channels: 3, background: '#2f8f6b' } })
      .png()
      .toBuffer()
    const file = page.locator('input[type=file]')
    await file.setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') })
    await page.getByText('This is no picture').waitFor()
    await file.setInputFiles({ name: 'broken.png', mimeType: 'image/png', buffer: Buffer.from('no picture') })
    await page.locator('small.fault[role=status]').waitFor()
    await file.setInputFiles({ name: 'me.png', mimeType: 'image/png', buffer: picture })
    await toast(page, 'That is your picture now.').waitFor()
    const { avatarUrl } = await me()
    const shown = await fetch(base + String(avatarUrl))
    assert.equal(shown.status, 200)
    const { width, height } = await sharp(Buffer.from(await shown.arrayBuffer())).metadata()
    assert.equal(width, height)
    const sources = () => page.locator('.face img').evaluateAll((all) => all.map((i) => i.getAttribute('src')))
    await until(
      'the picture in the card and in the rail',
      sources,
      (all) => all.length >= 2 && all.every((s) => s === avatarUrl),
    )
    await looksRight(visit, '30-account-profile')
    await page.getByRole('button', { name: 'Remove' }).click()
    await toast(page, 'Your picture is gone.').waitFor()
    assert.equal((await me())['avatarUrl'], null)
  })

  void it('takes a picture that is dropped on it', async () => {
    const { page } = visit
    await page.evaluate<unknown>(`(async () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 64 })
      canvas.getContext('2d').fillRect(0, 0, 64, 64)
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'))
      const data = new DataTransfer()
      data.items.add(new File([blob], 'dropped.png', { type: 'image/png' }))
      const zone = document.querySelector('[aria-label="Your picture"]')
      zone.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
    })()`)
    // The words of the picture before may still stand there.
    await until('the dropped picture', me, (now) => now['avatarUrl'] !== null)
  })

  void it('keeps choices with the account, on every device', async () => {
    const { page, base, newPage } = visit
    await page.goto(`${base}/settings`)
    await page.getByRole('radio', { name: 'Light' }).check({ force: true })
    await until('the theme', chosen, ({ theme }) => theme === 'light')
    const bass = page.getByLabel('Bass')
    await bass.press('End')
    await until('the bass', chosen, ({ bassBoost }) => bassBoost === 2)
    const other = await newPage()
    await signIn(other, base, BEN)
    const theme = () => other.evaluate<string>('document.documentElement.dataset.theme')
    await until('the theme on another device', theme, (name) => name === 'light')
    await other.context().close()
    await page.getByRole('radio', { name: 'As the system' }).check({ force: true })
    await until('the theme again', chosen, ({ theme }) => theme === 'system')
  })

  void it('makes a key that works, shows it once, and ends it', async () => {
    const { page, base } = visit
    await open('/keys', 'API keys')
    await page.getByRole('heading', { name: 'No key yet' }).waitFor()
    await page.getByRole('button', { name: 'New key' }).click()
    await page.getByLabel('Name').fill('Car radio')
    assert.equal(await page.getByLabel(/^Admin/).count(), 0)
    await page.getByLabel(/^Read/).uncheck()
    await page.getByRole('button', { name: 'Create key' }).click()
    await page.getByText('Choose at least one.').waitFor()
    await page.getByLabel(/^Read/).check()
    await looksRight(visit, '31-new-key')
    await page.getByRole('button', { name: 'Create key' }).click()
    const key = await page.getByLabel('Key Car radio').inputValue()
    await visit.shot('32-key-made')
    assert.deepEqual(await visit.seriousFaults('key made'), [])
    assert.equal((await call(base, { path: '/auth/me', token: key })).status, 200)
    const change = { method: 'PATCH', path: '/users/me', token: key, body: { displayName: 'No' } }
    assert.equal((await call(base, change)).status, 403)
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    assert.ok(!(await page.content()).includes(key), 'the key is gone from the page')
    await page.reload()
    await page.getByText(/used just now/).waitFor()
    await looksRight(visit, '33-account-keys')
    await page.getByRole('button', { name: 'Revoke Car radio' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await toast(page, /is revoked/).waitFor()
    assert.equal((await call(base, { path: '/auth/me', token: key })).status, 401)
  })

  void it('opens, walks and closes a dialog by keyboard, and gives the focus back', async () => {
    const { page } = visit
    await page.getByRole('button', { name: 'New key' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    const named = () => page.evaluate<string | null>(`document.activeElement.getAttribute('name')`)
    await until('the first field', named, (name) => name === 'name')
    await page.keyboard.type('By keys')
    for (let i = 0; i < 8 && !(await page.evaluate<string>(FOCUSED)).startsWith('Create key'); i++) {
      await page.keyboard.press('Tab')
      assert.ok(
        await page.evaluate<boolean>(`document.activeElement.closest('dialog') !== null`),
        'stays in the dialog',
      )
    }
    await page.keyboard.press('Enter')
    await page.getByText('Copy it now').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await until(
      'the focus',
      () => page.evaluate<string>(FOCUSED),
      (name) => name.includes('New key'),
    )
  })

  void it('shows other sessions and signs them out at once', async () => {
    const { page, base } = visit
    await open('/sessions', 'Sessions')
    const rows = page.getByRole('list', { name: 'Sessions' }).getByRole('listitem')
    await rows.filter({ hasText: 'Safari on iPhone' }).first().waitFor()
    await rows.first().filter({ hasText: 'this device' }).waitFor()
    assert.ok((await rows.count()) >= 2)
    await looksRight(visit, '34-account-sessions')
    const third = await signInElsewhere(base, BEN)
    await page.getByRole('button', { name: 'End Safari on iPhone' }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'End' }).click()
    await toast(page, 'The session is ended.').waitFor()
    await page.getByRole('button', { name: 'End all others' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End' }).click()
    await toast(page, 'All other sessions are ended.').waitFor()
    for (const token of [elsewhere, third]) assert.equal((await call(base, { path: '/auth/me', token })).status, 401)
    await until(
      'one',
      () => rows.count(),
      (n) => n === 1,
    )
    elsewhere = await signInElsewhere(base, BEN)
  })

  void it('changes the password, which ends the others and not this one', async () => {
    const { page, base, newPage } = visit
    const other = await newPage()
    await signIn(other, base, BEN)
    await open('/security', 'Password')
    await page.getByLabel('Current password', { exact: true }).fill('not this one')
    await page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD)
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.locator('small.fault').first().waitFor()
    await looksRight(visit, '35-account-security')
    await page.getByLabel('Current password', { exact: true }).fill(BEN.password)
    await page.getByRole('button', { name: 'Change password' }).click()
    await toast(page, 'Your password is changed.').waitFor()
    await other.getByText('You were signed out').waitFor()
    await other.context().close()
    await page.reload()
    await page.getByRole('heading', { level: 2, name: 'Password' }).waitFor()
    BEN.password = NEW_PASSWORD
    elsewhere = await signInElsewhere(base, BEN)
  })

  void it('changes the e-mail', async () => {
    const { page } = visit
    await page.getByLabel('New e-mail').fill('ben.okri@example.org')
    await page.getByLabel('Your password', { exact: true }).fill(BEN.password)
    await page.getByRole('button', { name: 'Change e-mail' }).click()
    await toast(page, /e-mail/).waitFor()
    await page.getByText('ben.okri@example.org').first().waitFor()
    await until('the e-mail', me, (now) => now['email'] === 'ben.okri@example.org')
  })

  void it('has nothing to link where no provider is set up', async () => {
    await open('/links', 'Linked accounts')
    await visit.page.getByRole('heading', { name: 'Nothing to link' }).waitFor()
    await looksRight(visit, '36-account-links')
  })

  void it('takes blocks back, and gives all that is kept', async () => {
    const { page, base } = visit
    const ada = await signInElsewhere(base, ADA)
    const { id } = (await call(base, { path: '/auth/me', token: ada })).body
    assert.equal((await call(base, { method: 'PUT', path: `/blocks/${String(id)}`, token: elsewhere })).status, 200)
    await open('/privacy', 'Blocked people')
    await page.getByRole('button', { name: 'Unblock ada' }).waitFor()
    await page.getByRole('radio', { name: /^Nobody/ }).check({ force: true })
    await until(
      'the level',
      me,
      ({ preferences }) => (preferences as { privacyLevel: string }).privacyLevel === 'private',
    )
    await looksRight(visit, '37-account-privacy')
    await page.getByRole('button', { name: 'Unblock ada' }).click()
    await toast(page, /not blocked any more/).waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download my data' }).click(),
    ])
    assert.match(download.suggestedFilename(), /^tutti-export-\d{4}-\d\d-\d\d\.json$/)
    const text = await readFile(await download.path(), 'utf8')
    assert.ok(typeof JSON.parse(text) === 'object' && text.includes('ben.okri@example.org'))
  })

  void it('deletes the account with the password, and nothing without', async () => {
    const { page, base } = visit
    await page.getByRole('button', { name: 'Delete my account' }).click()
    await page.getByRole('dialog').waitFor()
    await looksRight(visit, '38-delete-account')
    await page.getByLabel('Your password', { exact: true }).fill('not this one')
    await page.getByRole('button', { name: 'Delete for good' }).click()
    await page.getByRole('dialog').locator('small.fault').waitFor()
    assert.equal((await call(base, { path: '/auth/me', token: elsewhere })).status, 200)
    await page.getByLabel('Your password', { exact: true }).fill(BEN.password)
    await page.getByRole('button', { name: 'Delete for good' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    assert.equal((await call(base, { path: '/auth/me', token: elsewhere })).status, 401)
    assert.equal(
      (await call(base, { path: '/auth/login', body: { email: emailOf(BEN), password: BEN.password } })).status,
      401,
    )
  })

  void it('never made the browser complain', () => assert.deepEqual(unexpected(visit.complaints), []))
})
