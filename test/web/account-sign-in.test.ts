/** Coming in: accounts, wrong and forgotten passwords, in a real browser on the real product. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { until } from './page.ts'
import {
  call,
  emailOf,
  fillSignIn,
  looksRight,
  MANY_SIGN_INS,
  makeAccount,
  signIn,
  signInElsewhere,
  toast,
  unexpected,
} from './people.ts'
import { skip } from './product.ts'
import { PASSWORD, startVisit, type Visit } from './visit.ts'

const BEN = { username: 'ben', password: 'slow rivers under stars' }
const NEW_PASSWORD = 'seven lanterns by the sea'
/** Name, else text, of what has the focus. */
const FOCUSED = `document.activeElement.getAttribute('name') ?? document.activeElement.textContent`
/** Wrong passwords for one name in a minute; one more is refused. */
const GUESSES_MAX = 20

void describe('web app: coming in', { skip, timeout: 900_000 }, () => {
  let visit: Visit
  before(async () => {
    // The link to a new password is read from the log, where it stands for want of a mail server.
    visit = await startVisit('', { ...MANY_SIGN_INS, LOG_LEVEL: 'info' })
    await makeAccount(visit.base, { username: 'ada', password: PASSWORD })
  })
  after(() => visit?.stop())

  void it('says beside the field what is wrong with a new account, and takes nothing away', async () => {
    const { page, base } = visit
    await page.goto(base)
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByRole('heading', { name: 'Create an account' }).waitFor()
    await page.getByLabel('User name').fill('x')
    await page.getByLabel('Password', { exact: true }).fill('password123')
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByText('At least 3 characters.').waitFor()
    await until(
      'the focus',
      () => page.evaluate<string>(FOCUSED),
      (name) => name === 'username',
    )
    await looksRight(visit, '20-register')
    await page.getByLabel('User name').fill('ada')
    await page.getByLabel('E-mail').fill(emailOf(BEN))
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByText('one of the most used ones').waitFor()
    assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), 'password123')
    await page.getByLabel('Password', { exact: true }).fill(BEN.password)
    await page.getByText('Strong.').waitFor()
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByText('has an account already').waitFor()
  })

  void it('asks for the password that the server asks for', async () => {
    const { page, base } = visit
    const document = (await (await fetch(`${base}/openapi.json`)).json()) as {
      paths: Record<string, { post: { requestBody: { content: Record<string, { schema: unknown }> } } }>
    }
    const path = Object.keys(document.paths).find((p) => p.endsWith('/auth/register')) ?? ''
    const schema = document.paths[path]?.post.requestBody.content['application/json']?.schema as {
      properties: { password: { minLength: number; maxLength: number } }
    }
    const field = page.getByLabel('Password', { exact: true })
    assert.equal(await field.getAttribute('minlength'), String(schema.properties.password.minLength))
    assert.equal(await field.getAttribute('maxlength'), String(schema.properties.password.maxLength))
    assert.equal(await field.getAttribute('autocomplete'), 'new-password')
  })

  void it('makes a second account, which is no admin', async () => {
    const { page } = visit
    await page.getByLabel('User name').fill(BEN.username)
    await page.getByRole('button', { name: 'Show password' }).click()
    assert.equal(await page.getByLabel('Password', { exact: true }).getAttribute('type'), 'text')
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByRole('heading', { level: 1, name: /, ben$/ }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'People' }).count(), 0)
    await page.goto(`${visit.base}/admin/users`)
    await page.getByRole('heading', { name: 'For admins only' }).waitFor()
  })

  void it('signs out, also in another tab, and tells a wrong password without telling who exists', async () => {
    const { page, base } = visit
    const other = await page.context().newPage()
    await other.goto(`${base}/songs`)
    await other.getByRole('heading', { level: 1, name: 'Songs' }).waitFor()
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await other.getByRole('heading', { name: 'Sign in' }).waitFor()
    await other.close()
    const said: string[] = []
    for (const username of ['ben', 'nobody-here']) {
      await fillSignIn(page, { username, password: 'not this one' })
      await page.getByText('password is wrong').waitFor()
      said.push(await page.locator('form').innerText())
      await until(
        'the focus',
        () => page.evaluate<string>(FOCUSED),
        (name) => name === 'password',
      )
    }
    assert.equal(said[0], said[1])
    await looksRight(visit, '21-sign-in')
  })

  void it('signs in by keyboard alone, and leads to where one wanted to go', async () => {
    const { page, base } = visit
    await page.goto(`${base}/account/sessions`)
    await page.getByLabel('User name or e-mail').waitFor()
    // The first field has the focus; from there on only keys.
    await page.keyboard.type(emailOf(BEN))
    const named = () => page.evaluate<string>(FOCUSED)
    const passed: string[] = []
    for (let i = 0; i < 5 && (await named()) !== 'password'; i++) {
      await page.keyboard.press('Tab')
      passed.push(await named())
    }
    assert.deepEqual(passed, ['password'])
    await page.keyboard.type(BEN.password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 2, name: 'Sessions' }).waitFor()
    assert.equal(new URL(page.url()).pathname, '/account/sessions')
  })

  void it('chooses a new password by the link, which ends every session at once', async () => {
    const { page, base, said, newPage } = visit
    const elsewhere = await signInElsewhere(base, BEN)
    const lost = await newPage()
    await lost.goto(`${base}/sign-in`)
    await lost.getByRole('link', { name: 'Forgot password?' }).click()
    await looksRight(visit, '22-forgot', lost)
    await lost.getByLabel('E-mail of the account').fill(emailOf(BEN))
    await lost.getByRole('button', { name: 'Send the link' }).click()
    await lost.getByRole('heading', { name: 'Ask the admin' }).waitFor()
    const linkIn = () => said.join('\n').match(/(\/reset#token=[\w-]+)/)?.[1]
    const link = await until(
      'the link in the log',
      async () => linkIn(),
      (found) => found !== undefined,
    )
    await lost.goto(base + link)
    await lost.getByRole('heading', { name: 'Choose a new password' }).waitFor()
    assert.equal(await lost.evaluate<string>('location.href'), `${base}/reset`)
    await looksRight(visit, '23-reset', lost)
    await lost.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD)
    await lost.getByRole('button', { name: 'Set password' }).click()
    await lost.getByRole('heading', { name: 'That is your new password' }).waitFor()
    // The page that was open all the while is told.
    await page.getByText('You were signed out').waitFor()
    assert.equal((await call(base, { path: '/auth/me', token: elsewhere })).status, 401)
    await lost.getByRole('link', { name: 'Sign in' }).click()
    await fillSignIn(lost, { ...BEN, password: NEW_PASSWORD })
    await lost.getByRole('heading', { level: 1, name: /, ben$/ }).waitFor()
    await lost.goto(base + link)
    await lost.getByLabel('New password', { exact: true }).fill('another one of mine')
    await lost.getByRole('button', { name: 'Set password' }).click()
    await lost.getByRole('link', { name: 'Ask for a new link' }).waitFor()
    await lost.context().close()
  })

  void it('says that a link is not whole, or not good any more', async () => {
    const { page, base } = visit
    await page.goto(`${base}/reset`)
    await page.getByRole('heading', { name: 'This link is not whole' }).waitFor()
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(`${base}/verify#token=never-was-one`)
    const yes = page.getByRole('button', { name: 'Yes, it is mine' })
    await yes.waitFor()
    assert.ok(!asked.some((url) => url.includes('verify-email')), 'a page that is opened proves nothing by itself')
    await yes.click()
    await page.getByRole('heading', { name: 'That did not work' }).waitFor()
    await until(
      'a clean address',
      () => page.evaluate<string>('location.hash'),
      (part) => part === '',
    )
    await looksRight(visit, '24-verify')
    await page.goto(`${base}/signed-in?error=sign_in_cancelled&returnTo=//evil.example`)
    await page.getByText('You have not agreed at the provider').waitFor()
    assert.equal(await page.getByRole('link', { name: 'Back' }).getAttribute('href'), '/sign-in')
    await page.goto(`${base}/signed-in?code=made-up`)
    await page.getByRole('heading', { name: 'That did not work' }).waitFor()
    await until(
      'a clean address',
      () => page.evaluate<string>('location.search'),
      (part) => part === '',
    )
    await looksRight(visit, '25-signed-in')
  })

  void it('counts down how long one has to wait after too many tries', async () => {
    const { base, newPage } = visit
    const ghost = { username: 'ghost', password: 'never right' }
    await Promise.all(Array.from({ length: GUESSES_MAX }, () => call(base, { path: '/auth/login', body: ghost })))
    const page = await newPage()
    await page.clock.install()
    await page.goto(`${base}/sign-in`)
    await fillSignIn(page, ghost)
    const wait = page.getByRole('button', { name: /^Try again in \d+ s$/ })
    await wait.waitFor()
    const secondsLeft = async () => Number(/\d+/.exec(await wait.innerText())?.[0])
    const first = await secondsLeft()
    await page.clock.runFor(2000)
    await until('the countdown', secondsLeft, (sec) => sec <= first - 2)
    await visit.shot('26-wait', page)
    await page.clock.runFor(first * 1000)
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await page.context().close()
  })

  void it('stays signed in over a reload', async () => {
    const { page, base } = visit
    await signIn(page, base, { ...BEN, password: NEW_PASSWORD })
    await page.reload()
    await page.getByRole('heading', { level: 1, name: /, ben$/ }).waitFor()
    await page.goto(`${base}/register`)
    await page.getByRole('heading', { level: 1, name: /, ben$/ }).waitFor()
    assert.equal(await toast(page, /./).count(), 0)
  })

  void it('never made the browser complain', () => assert.deepEqual(unexpected(visit.complaints), []))
})
