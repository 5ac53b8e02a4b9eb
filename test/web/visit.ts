import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { KEEP_AUDIOS, seriousFaultsOf, settled } from './page.ts'
import { buildWeb, type Drawing, SCREENS, startBrowser, startProduct } from './product.ts'

export const DESK = { width: 1366, height: 860 }
export const PASSWORD = 'a quiet tutti of strings'

export type Visit = Awaited<ReturnType<typeof startVisit>>

/** A browser on a product of its own; `music` is its folder from the start, or ''. */
export async function startVisit(music: string, env: Readonly<Record<string, string>> = {}, drawing?: Drawing) {
  await buildWeb()
  const product = await startProduct({ music, env })
  const browser = await startBrowser(drawing)
  /** Everything the browser complained about. */
  const complaints: string[] = []
  /** A page of another person: nothing is shared with the first but the product. */
  async function newPage(): Promise<Page> {
    const reducedMotion = drawing === 'webgl' ? 'no-preference' : 'reduce'
    const context = await browser.newContext({ viewport: DESK, colorScheme: 'dark', reducedMotion })
    await context.addInitScript({ content: KEEP_AUDIOS })
    const made = await context.newPage()
    made.on('console', (m) => void (m.type() === 'error' && complaints.push(`${m.text()} ${m.location().url}`)))
    made.on('pageerror', (error) => void complaints.push(String(error.stack)))
    return made
  }
  const page = await newPage()
  return {
    base: product.base,
    said: product.said,
    page,
    newPage,
    complaints,
    async shot(name: string, of = page): Promise<void> {
      await settled(of)
      await of.screenshot({ path: join(SCREENS, `${name}.png`) })
    },
    seriousFaults: (where: string, rules?: string[], of = page) => seriousFaultsOf(of, where, rules),
    async goTo(path: string, heading: string): Promise<void> {
      await page.goto(product.base + path)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor({ state: 'attached' })
    },
    firstAccount: () => firstAccount(page, product.base),
    async stop(): Promise<void> {
      await browser.close()
      await product.stop()
    },
  }
}

async function firstAccount(page: Page, base: string): Promise<void> {
  await page.goto(base)
  await page.getByLabel('User name').fill('ada')
  await page.getByLabel('E-mail').fill('ada@example.org')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByLabel('Password', { exact: true }).waitFor({ state: 'detached' })
}
