/** Signing in with others and linking them, in a real browser, with a real OpenID Connect provider and a Spotify of ours. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { type Providers, startProviders } from '#test/servers/providers.ts'
import { until } from './page.ts'
import { looksRight, makeAccount, MANY_SIGN_INS, signIn, toast, unexpected } from './people.ts'
import { skip } from './product.ts'
import { PASSWORD, startVisit, type Visit } from './visit.ts'

const ADA = { username: 'ada', password: PASSWORD }

/** What a person does on the page of a provider. */
async function agree(page: Page, login: string): Promise<void> {
  await page.locator('input[name=login]').fill(login)
  await page.getByRole('button', { name: 'Agree' }).click()
}

void describe('web app: signing in with others', { skip, timeout: 900_000 }, () => {
  let visit: Visit
  let providers: Providers
  before(async () => {
    providers = await startProviders()
    const { oidc, spotify } = providers
    oidc.people.set('grace', { sub: 'g-1', email: 'grace@example.org', email_verified: true, name: 'Grace Hopper' })
    spotify.people.set('ada', {
      id: 'ada-spot',
      email: 'ada@example.org',
      display_name: 'Ada on Spotify',
      country: 'DE',
    })
    visit = await startVisit('', {
      ...MANY_SIGN_INS,
      OIDC_KEYCLOAK_ISSUER: oidc.issuer,
      OIDC_KEYCLOAK_CLIENT_ID: oidc.clientId,
      OIDC_KEYCLOAK_CLIENT_SECRET: oidc.clientSecret,
      OIDC_KEYCLOAK_LABEL: 'Keycloak',
      SPOTIFY_CLIENT_ID: spotify.clientId,
      SPOTIFY_CLIENT_SECRET: spotify.clientSecret,
      SPOTIFY_ACCOUNTS_URL: spotify.url,
      SPOTIFY_API_URL: spotify.url,
    })
    providers.allow(visit.base)
    await makeAccount(visit.base, ADA)
  })
  after(async () => {
    await visit?.stop()
    await providers?.stop()
  })

  void it('says so when one does not agree there', async () => {
    const { page, base } = visit
    await page.goto(`${base}/sign-in`)
    await page.getByRole('link', { name: 'Continue with Keycloak' }).waitFor()
    await looksRight(visit, '50-sign-in-with-others')
    await page.getByRole('link', { name: 'Continue with Keycloak' }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('You have not agreed at the provider').waitFor()
    await until(
      'a clean address',
      () => page.evaluate<string>('location.search'),
      (part) => part === '',
    )
    await page.getByRole('link', { name: 'Back' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })

  void it('comes back to where one wanted to go, with no code left in the address', async () => {
    const { page, base } = visit
    await page.goto(`${base}/songs`)
    await page.getByRole('link', { name: 'Continue with Keycloak' }).click()
    await agree(page, 'grace')
    await page.getByRole('heading', { level: 1, name: 'Songs' }).waitFor()
    assert.equal(page.url(), `${base}/songs`)
    await page.getByRole('button', { name: 'Account: Grace Hopper' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Songs' }).waitFor()
  })

  void it('keeps the last way in, until there is a password', async () => {
    const { page, base } = visit
    await page.goto(`${base}/account/links`)
    await page.getByRole('button', { name: 'Unlink Keycloak' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
    await page
      .getByRole('dialog')
      .getByRole('alert')
      .getByText(/password|way/)
      .waitFor()
    await page.keyboard.press('Escape')
    await page.goto(`${base}/account/security`)
    assert.equal(await page.getByLabel('Current password').count(), 0)
    await page.getByLabel('New password', { exact: true }).fill('seven lanterns by the sea')
    await page.getByRole('button', { name: 'Set password' }).click()
    await toast(page, 'Your password is changed.').waitFor()
    await page.goto(`${base}/account/links`)
    await page.getByRole('button', { name: 'Unlink Keycloak' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
    await toast(page, 'Keycloak is not linked any more.').waitFor()
    await page.getByRole('button', { name: 'Link Keycloak' }).waitFor()
  })

  void it('links Spotify, and signs in with it afterwards', async () => {
    const { base, newPage } = visit
    const page = await newPage()
    await signIn(page, base, ADA)
    await page.goto(`${base}/account/links`)
    await page.getByRole('button', { name: 'Link Spotify' }).click()
    await agree(page, 'ada')
    await toast(page, 'Spotify is linked.').waitFor()
    await page.getByText('Ada on Spotify').waitFor()
    assert.equal(page.url(), `${base}/account/links`)
    await looksRight(visit, '51-linked', page)
    await page
      .getByRole('button', { name: /^Account/ })
      .first()
      .click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('link', { name: 'Continue with Spotify' }).click()
    await agree(page, 'ada')
    await page.getByRole('heading', { level: 2, name: 'Linked accounts' }).waitFor()
    await page.goto(`${base}/account/sessions`)
    await until(
      'how one signed in',
      () => page.getByRole('list', { name: 'Sessions' }).innerText(),
      (text) => text.includes('by Spotify'),
    )
    await page.context().close()
  })

  void it('never made the browser complain', () => {
    const ours = visit.complaints.filter((c) => c.includes(visit.base) || !c.includes('/favicon.ico'))
    assert.deepEqual(unexpected(ours), [])
  })
})
