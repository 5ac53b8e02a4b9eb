/** What admins see and do: people and the log, in a real browser on the real product. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { until } from './page.ts'
import { call, fillSignIn, looksRight, makeAccount, MANY_SIGN_INS, signIn, toast, unexpected } from './people.ts'
import { skip } from './product.ts'
import { PASSWORD, startVisit, type Visit } from './visit.ts'

const ADA = { username: 'ada', password: PASSWORD }
const BEN = { username: 'ben', password: 'slow rivers under stars' }
const CREW = ['carla', 'dmitri', 'esperanza', 'fela', 'glenn']

void describe('web app: administration', { skip, timeout: 900_000 }, () => {
  let visit: Visit
  let ada = ''
  before(async () => {
    visit = await startVisit('', MANY_SIGN_INS)
    ada = await makeAccount(visit.base, ADA)
    await makeAccount(visit.base, BEN)
    for (const username of CREW) await makeAccount(visit.base, { username, password: `${username} sings in the rain` })
    await signIn(visit.page, visit.base, ADA)
  })
  after(() => visit?.stop())

  const rows = () => visit.page.getByRole('list', { name: 'People' }).getByRole('listitem')
  const people = async () => {
    await visit.page.goto(`${visit.base}/admin/users`)
    await visit.page.getByRole('heading', { level: 1, name: 'People' }).waitFor()
  }
  const openPerson = async (name: string) => {
    await visit.page.goto(`${visit.base}/admin/users?q=${name}`)
    await visit.page.getByRole('link', { name }).first().click()
    await visit.page.getByRole('heading', { level: 1, name }).waitFor()
  }

  void it('lists people, finds them while one types, and filters them', async () => {
    const { page } = visit
    await page.goto(visit.base)
    await page.getByRole('link', { name: 'People' }).click()
    await until(
      'all',
      () => rows().count(),
      (n) => n === CREW.length + 2,
    )
    await looksRight(visit, '40-people')
    await page.getByLabel('Search people').fill('esp')
    await until(
      'one',
      () => rows().count(),
      (n) => n === 1,
    )
    await rows().first().filter({ hasText: 'esperanza' }).waitFor()
    await page.reload()
    await until(
      'one after a reload',
      () => rows().count(),
      (n) => n === 1,
    )
    await page.getByLabel('Search people').fill('nobody at all')
    await page.getByRole('heading', { name: 'Nobody like that' }).waitFor()
    await page.getByLabel('Search people').fill('')
    await page.getByLabel('Role').selectOption('admin')
    await until(
      'the admin',
      () => rows().count(),
      (n) => n === 1,
    )
    await rows().first().filter({ hasText: 'you' }).waitFor()
  })

  void it('goes on with the next page when one comes near the end', async () => {
    const { page, base } = visit
    const many = Array.from({ length: 55 }, (_, i) => ({ username: `chorus${i}`, password: `voice ${i} of the choir` }))
    for (const person of many) await makeAccount(base, person)
    await people()
    await page.mouse.move(800, 500)
    await until(
      'all of both pages',
      async () => {
        await page.mouse.wheel(0, 2000)
        return rows().count()
      },
      (n) => n === many.length + CREW.length + 2,
    )
  })

  void it('blocks somebody whose open page is told and signed out at once', async () => {
    const { page, base, newPage } = visit
    const bens = await newPage()
    await signIn(bens, base, BEN)
    await bens.getByRole('heading', { level: 1, name: /, ben$/ }).waitFor()
    await openPerson('ben')
    await looksRight(visit, '41-person')
    await page.getByRole('button', { name: 'Block', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Block' }).click()
    await toast(page, 'ben is blocked.').waitFor()
    await bens.getByText('You were signed out').waitFor()
    await fillSignIn(bens, BEN)
    await bens.getByText('This account is blocked').waitFor()
    await visit.shot('42-blocked', bens)
    assert.deepEqual(await visit.seriousFaults('blocked', undefined, bens), [])
    await page.getByRole('button', { name: 'Let in again' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Let in' }).click()
    await toast(page, 'ben may sign in again.').waitFor()
    await fillSignIn(bens, BEN)
    await bens.getByRole('heading', { level: 1, name: /, ben$/ }).waitFor()
    await bens.context().close()
  })

  void it('makes an admin, whose open page is one at once, and back', async () => {
    const { page, base, newPage } = visit
    const bens = await newPage()
    await signIn(bens, base, BEN)
    await bens.getByRole('heading', { level: 1, name: /, ben$/ }).waitFor()
    await openPerson('ben')
    const role = async (name: RegExp) => {
      await page.getByRole('radio', { name }).check({ force: true })
      await page.getByRole('dialog').getByRole('button', { name: 'Change role' }).click()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    await role(/^Admin/)
    await bens.getByRole('link', { name: 'People' }).waitFor()
    await bens.goto(`${base}/admin/users?q=ada`)
    await bens.getByRole('link', { name: 'ada' }).first().waitFor()
    await role(/^Listener/)
    await bens.getByRole('heading', { name: 'For admins only' }).waitFor()
    await bens.context().close()
  })

  void it('asks before a role changes, and shows what is so when one thinks again', async () => {
    const { page } = visit
    await openPerson('ben')
    await page.getByRole('radio', { name: /^Artist/ }).check({ force: true })
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    const chosen = () =>
      page.locator('input[type=radio]:checked').evaluateAll((all) => all.map((i) => i.getAttribute('value')))
    await until('the role as it is', chosen, (values) => values.join() === 'user')
  })

  void it('lets nobody act on themselves, and says why', async () => {
    await openPerson('ada')
    await visit.page.getByText('another admin can change your role').waitFor()
    assert.equal(await visit.page.getByRole('button', { name: 'Block', exact: true }).count(), 0)
  })

  void it('the last admin cannot leave, and is told what to do first', async () => {
    const { page, base } = visit
    await page.goto(`${base}/account/privacy`)
    await page.getByRole('button', { name: 'Delete my account' }).click()
    await page.getByLabel('Your password', { exact: true }).fill(ADA.password)
    await page.getByRole('button', { name: 'Delete for good' }).click()
    await page.getByRole('dialog').getByRole('alert').getByText('admin').waitFor()
    assert.equal((await call(base, { path: '/auth/me', token: ada })).status, 200)
    await page.keyboard.press('Escape')
  })

  void it('deletes somebody whose name was typed, by the menu of the list and by keyboard', async () => {
    const { page } = visit
    await people()
    await page.getByLabel('Search people').fill('glenn')
    await until(
      'glenn',
      () => rows().count(),
      (n) => n === 1,
    )
    await page.getByRole('button', { name: 'More for glenn' }).press('Enter')
    await page.keyboard.press('End')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await looksRight(visit, '43-delete-person')
    await page.getByLabel('Type glenn to confirm').fill('glen')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByText('Type glenn.', { exact: true }).waitFor()
    await page.getByLabel('Type glenn to confirm').fill('glenn')
    await page.keyboard.press('Enter')
    await toast(page, 'glenn is deleted.').waitFor()
    await page.getByRole('heading', { name: 'Nobody like that' }).waitFor()
  })

  void it('tells in sentences what happened, and filters it', async () => {
    const { page } = visit
    await page.getByRole('navigation', { name: 'Administration' }).getByRole('link', { name: 'Audit log' }).click()
    await page.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor()
    await page.getByText('ada blocked ben').waitFor()
    await page.getByText('ada let ben in again').waitFor()
    const text = await page.getByRole('list', { name: 'What happened' }).innerText()
    assert.doesNotMatch(text, /\b(?:account|sign-in|session|api-key|identity)\.[a-z-]+/, 'codes are said in words')
    await looksRight(visit, '44-audit')
    await page.getByLabel('What happened').first().selectOption('account.blocked')
    const entries = page.getByRole('list', { name: 'What happened' }).getByRole('listitem')
    await until(
      'the one',
      () => entries.count(),
      (n) => n === 1,
    )
    await page.getByLabel('What happened').first().selectOption('identity.linked')
    await page.getByRole('heading', { name: 'Nothing of the kind happened' }).waitFor()
  })

  void it('never made the browser complain', () => assert.deepEqual(unexpected(visit.complaints), []))
})
