import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { TOO_WIDE_PX } from './page.ts'
import { DESK, type Visit } from './visit.ts'

export const PHONE = { width: 390, height: 844 }
/** Many sign-ins from one address are no attack here. */
export const MANY_SIGN_INS = { RATE_LIMIT_AUTH_PER_MIN: '1000' }
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1'

export type Person = { username: string; password: string }
export const emailOf = (p: Pick<Person, 'username'>): string => `${p.username}@example.org`

/** A call as another device would make it; `token` is a session's or an API key. */
export async function call(
  base: string,
  o: { method?: string; path: string; token?: string; body?: object },
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${base}/api/v1${o.path}`, {
    method: o.method ?? (o.body ? 'POST' : 'GET'),
    headers: {
      'user-agent': IPHONE,
      ...(o.token ? { authorization: `Bearer ${o.token}` } : {}),
      ...(o.body ? { 'content-type': 'application/json' } : {}),
    },
    ...(o.body ? { body: JSON.stringify(o.body) } : {}),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}

/** Makes an account as another device would; answers its access token. */
export async function makeAccount(base: string, person: Person): Promise<string> {
  const body = { ...person, email: emailOf(person) }
  const answer = await call(base, { path: '/auth/register', body })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return String(answer.body['accessToken'])
}

/** Signs in on another device; answers its access token. */
export async function signInElsewhere(base: string, person: Person): Promise<string> {
  const answer = await call(base, { path: '/auth/login', body: person })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return String(answer.body['accessToken'])
}

/** Signs in by the page that stands there or at `/sign-in`. */
export async function signIn(page: Page, base: string, person: Person): Promise<void> {
  await page.goto(`${base}/sign-in`)
  await fillSignIn(page, person)
  await page.getByLabel('User name or e-mail').waitFor({ state: 'detached' })
}
export async function fillSignIn(page: Page, person: Person): Promise<void> {
  await page.getByLabel('User name or e-mail').fill(person.username)
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

export const toast = (page: Page, text: string | RegExp) => page.locator('.toasts').getByText(text).first()

/** The page as it is, dark, light and on a phone: pictures of all three, no serious fault, nothing too wide. */
export async function looksRight(visit: Visit, name: string, page = visit.page): Promise<void> {
  await visit.shot(`${name}-dark`, page)
  assert.deepEqual(await visit.seriousFaults(`${name} dark`, undefined, page), [])
  await page.emulateMedia({ colorScheme: 'light' })
  await visit.shot(`${name}-light`, page)
  assert.deepEqual(await visit.seriousFaults(`${name} light`, ['color-contrast'], page), [])
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize(PHONE)
  await visit.shot(`${name}-phone`, page)
  const overflow = await page.evaluate<number>(TOO_WIDE_PX)
  assert.ok(overflow <= 0, `${name} is ${overflow} px too wide for a phone`)
  assert.deepEqual(await visit.seriousFaults(`${name} on a phone`, undefined, page), [])
  await page.setViewportSize(DESK)
}

/** What a browser says of answers that refuse: the very things these tests provoke. Anything else is a complaint. */
const REFUSAL = /^Failed to load resource: the server responded with a status of 4\d\d .*\/api\/v1\//
export const unexpected = (complaints: readonly string[]): string[] => complaints.filter((c) => !REFUSAL.test(c))
